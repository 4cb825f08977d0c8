"""The sandbox's own store: one SQLite file and the documents' bytes beside it.

WAL with `synchronous=NORMAL`: what was answered survives the death of the process at any instruction (only
a power cut could take the last rows, and this is test data). Writers queue on one lock of this process, so
no thread ever sees "database is locked"; readers, also from other processes, never wait.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,         -- customer, merchant
    entity_type TEXT NOT NULL,  -- individual, business
    merchant_uid TEXT,          -- null: the aggregator's own
    email TEXT NOT NULL, account_name TEXT, custom_id TEXT, external_verification_url TEXT,
    verdict TEXT NOT NULL,      -- pending, verified, rejected
    due_at REAL,                -- when a pending one becomes verified by itself
    complete INTEGER NOT NULL DEFAULT 0, created_at REAL NOT NULL, updated_at REAL NOT NULL,
    fields TEXT NOT NULL);      -- the whole body, as it was sent
CREATE INDEX IF NOT EXISTS accounts_of_a_merchant ON accounts (kind, merchant_uid, id);
CREATE TABLE IF NOT EXISTS ubos (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, owner_uid TEXT NOT NULL,
    email TEXT NOT NULL, verdict TEXT NOT NULL, due_at REAL, complete INTEGER NOT NULL DEFAULT 0,
    fields TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ubos_of_an_owner ON ubos (owner_uid, id);
CREATE TABLE IF NOT EXISTS emails (merchant_uid TEXT NOT NULL, email TEXT NOT NULL, holder_uid TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS emails_of_a_merchant ON emails (merchant_uid, email);
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, owner_uid TEXT NOT NULL, is_ubo INTEGER NOT NULL,
    doc_type TEXT NOT NULL, doc_number TEXT, doc_expire TEXT, filename TEXT NOT NULL,
    content_type TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL, created_at REAL NOT NULL,
    request INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS documents_of_an_owner ON documents (owner_uid, doc_type);
CREATE TABLE IF NOT EXISTS payment_references (
    id INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT NOT NULL UNIQUE, uid TEXT NOT NULL,
    currency TEXT NOT NULL, expected_amount TEXT, deposit_action TEXT, state TEXT NOT NULL,
    webhook_url TEXT, webhook_secret TEXT, webhook_protocol TEXT NOT NULL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL, request INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS payment_references_of_a_customer ON payment_references (uid, id);
CREATE TABLE IF NOT EXISTS effects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, request INTEGER NOT NULL, at REAL NOT NULL, method TEXT NOT NULL,
    route TEXT NOT NULL, uid TEXT NOT NULL, account_name TEXT, token TEXT, nonce TEXT NOT NULL,
    detail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TABLES = ("accounts", "ubos", "emails", "documents", "payment_references", "effects", "settings")
_TOKEN = re.compile(r"\[([^\[\]]+)\]\s*$")


class Store:
    """Everything the sandbox remembers, in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "sandbox.sqlite3"
        self.files = directory / "documents"
        self.files.mkdir(parents=True, exist_ok=True)
        self._local = threading.local()
        self._writing = threading.Lock()
        connection = self.connection
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(SCHEMA)
        last = connection.execute("SELECT COALESCE(MAX(request), 0) FROM effects").fetchone()[0]
        self._numbers = itertools.count(last + 1)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection; for reading."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous=NORMAL")
            self._local.connection = connection
        return connection

    def next_request_number(self) -> int:
        return next(self._numbers)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One write transaction, one at a time; an exception rolls it back."""
        connection = self.connection
        with self._writing:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self.connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        return self.connection.execute(sql, values).fetchone()

    def setting(self, name: str) -> Any:
        """A remembered setting, or None."""
        row = self.row("SELECT value FROM settings WHERE name = ?", name)
        return json.loads(row["value"]) if row else None

    def one(self, sql: str, *values: object) -> sqlite3.Row:
        """The row that must be there. Raises LookupError where it is not."""
        row = self.row(sql, *values)
        if row is None:
            raise LookupError("a row that must be there is not")
        return row

    def remember(self, name: str, value: object) -> None:
        with self.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))

    def clear(self) -> None:
        """Forget everything: rows, settings and files."""
        with self.writing() as connection:
            for table in TABLES:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 (our own table names)
        for path in self.files.glob("*/*"):
            path.unlink(missing_ok=True)

    def keep_file(self, content: bytes) -> str:
        """Keep a document's bytes under their SHA-256 (hex), which is returned. Equal bytes are kept once."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.file_path(digest)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            partial = path.with_name(f"{digest}.{secrets.token_hex(4)}.partial")
            partial.write_bytes(content)
            os.replace(partial, path)
        return digest

    def file_path(self, digest: str) -> Path:
        return self.files / digest[:2] / digest


def new_uid() -> str:
    """A uid of the exchange's form: ID and ten upper-case hex digits."""
    return "ID" + secrets.token_hex(5).upper()


def log_effect(connection: sqlite3.Connection, request, route: str, uid: str, **detail: object) -> None:
    """Write one effect to the durable log, in the transaction that makes it.

    The token is what stands in square brackets at the end of `account_name`, where there is such a thing.
    """
    account_name = detail.pop("account_name", None)
    match = _TOKEN.search(account_name) if isinstance(account_name, str) else None
    connection.execute(
        "INSERT INTO effects (request, at, method, route, uid, account_name, token, nonce, detail)"
        " VALUES (?,?,?,?,?,?,?,?,?)",
        (
            request.number,
            time.time(),
            request.method,
            route,
            uid,
            account_name,
            match.group(1) if match else None,
            request.nonce,
            json.dumps(detail),
        ),
    )
