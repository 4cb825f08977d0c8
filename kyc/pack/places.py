"""Where everything in a pack is: found out in one pass that also proves that the pack can be read.

The finds lie in a temporary database on disk, so that memory does not grow with the pack. It holds digests
under a key of this process, line numbers and byte offsets: no personal data. A lone table of customers is
entered there only where two of its rows are the same, which eight bytes of each row tell beforehand.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
import time
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from customers.known import Holder
from kyc.pack.columns import CUSTOMERS, DOCUMENTS, UBOS
from kyc.pack.limits import ROWS_PER_CUSTOMER_MAX
from kyc.pack.opening import Pack
from kyc.pack.rows import Row

_CACHE_KIB = 8_192
_DIGEST_BYTES = 16
_PREFIX = "pack-places-"
# Nothing is imported for so long: what is older was left by one that was killed.
_LEFT_SECONDS = 24 * 3600
# Customers between two places of which a part of the pack may begin.
STEP = 50
_BATCH = 40 * STEP
_PART = 20_000  # hashes

_TABLES = """
CREATE TABLE customer (digest BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID;
CREATE TABLE email (digest BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID;
CREATE TABLE child (digest BLOB, kind TEXT, place INTEGER, line INTEGER);
CREATE TABLE seen (kind TEXT, key TEXT, merchant TEXT, is_ubo INTEGER);
CREATE INDEX seen_key ON seen (kind, key);
"""


class Places:
    """Built by `survey`; answers for whole chunks of customers. A context manager."""

    def __init__(self, default_merchant_uid: str = "") -> None:
        self._default_merchant_uid = default_merchant_uid
        self._key = os.urandom(32)
        _sweep()
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX)
        self._opened: sqlite3.Connection | None = None
        self._database.executescript(_TABLES)
        self.counts = {CUSTOMERS: 0, UBOS: 0, DOCUMENTS: 0}
        # Where every `step`th customer begins: place and line.
        self.step = STEP
        self.starts: list[tuple[int, int]] = []
        # "" where a row names none.
        self.merchant_uids: set[str] = set()
        self._has_doubles = False

    def __enter__(self) -> Places:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.let_go()
        self._folder.cleanup()

    @property
    def _database(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = sqlite3.connect(Path(self._folder.name) / "places.sqlite3", isolation_level=None)
            # What a crash leaves is of no use to anybody.
            self._opened.executescript(
                f"PRAGMA cache_size = -{_CACHE_KIB}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            )
        return self._opened

    def let_go(self) -> None:
        """Close what a copy of this process can't share; whichever asks next opens its own."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def survey(self, pack: Pack, tick: Callable[[int], None] = lambda rows: None) -> None:
        """Read every row of every table once. PackUnreadable where that is not possible."""
        self._database.execute("BEGIN")
        is_asked = len(pack.tables) > 1
        references, emails = array("q"), array("q")
        for rows in _batches(pack.customers.rows(), _BATCH):
            self.counts[CUSTOMERS] += len(rows)
            self.starts.extend([(row.place, row.line) for row in rows[:: self.step]])
            references.extend([hash(text_of(row, "reference")) for row in rows])
            uids = [text_of(row, "merchant_uid") for row in rows]
            self.merchant_uids.update(uids)
            addresses = [text_of(row, "email") for row in rows]
            emails.extend(
                [hash(self._within(uid, email)) for uid, email in zip(uids, addresses, strict=True) if email]
            )
            if is_asked:
                self._enter(rows)
            tick(len(rows))
        self._has_doubles = _any_twice(references) or _any_twice(emails)
        if self._has_doubles and not is_asked:
            for rows in _batches(pack.customers.rows(), _BATCH):
                self._enter(rows)
        for table in (UBOS, DOCUMENTS):
            if table not in pack.tables:
                continue
            for rows in _batches(pack.tables[table].rows(), _BATCH):
                self.counts[table] += len(rows)
                self._database.executemany(
                    "INSERT INTO child VALUES (?, ?, ?, ?)",
                    ((self._digest(text_of(row, "reference")), table, row.place, row.line) for row in rows),
                )
                tick(len(rows))
        self._database.execute("CREATE INDEX child_digest ON child (digest)")
        self._database.execute("COMMIT")

    def _enter(self, rows: Sequence[Row]) -> None:
        # The first row with a value has it; those after it are its doubles.
        references = ((self._digest(text_of(row, "reference")), row.line) for row in rows)
        emails = ((self._email_digest(row), row.line) for row in rows if text_of(row, "email"))
        self._database.executemany("INSERT OR IGNORE INTO customer VALUES (?, ?)", references)
        self._database.executemany("INSERT OR IGNORE INTO email VALUES (?, ?)", emails)

    def first_lines(self, rows: Sequence[Row]) -> list[tuple[int, int]]:
        """For each customers row: the lines of the first rows with its reference and with its e-mail."""
        if not self._has_doubles:
            return [(row.line, row.line) for row in rows]
        reference_digests = [self._digest(text_of(row, "reference")) for row in rows]
        # A row without an e-mail was not entered, so that none is found for it.
        email_digests = [self._email_digest(row) for row in rows]
        references = self._lines("customer", reference_digests)
        emails = self._lines("email", email_digests)
        return [
            (references.get(reference, row.line), emails.get(email, row.line))
            for row, reference, email in zip(rows, reference_digests, email_digests, strict=True)
        ]

    def _lines(self, table: str, digests: list[bytes]) -> dict[bytes, int]:
        places = ",".join("?" * len(digests))
        return dict(
            self._database.execute(f"SELECT digest, line FROM {table} WHERE digest IN ({places})", digests)  # noqa: S608
        )

    def children(self, references: Sequence[str]) -> dict[str, list[tuple[str, int, int]]]:
        """By reference: table, place and line of its rows in `ubos` and `documents`, in file order.

        One row more than a customer may have is the most that is given.
        """
        if not self.counts[UBOS] and not self.counts[DOCUMENTS]:
            return {}
        by_digest = {self._digest(reference): reference for reference in references}
        places = ",".join("?" * len(by_digest))
        found: dict[str, list[tuple[str, int, int]]] = {}
        rows = self._database.execute(
            f"SELECT digest, kind, place, line FROM child WHERE digest IN ({places}) ORDER BY rowid",  # noqa: S608
            list(by_digest),
        )
        for digest, kind, place, line in rows:
            mine = found.setdefault(by_digest[digest], [])
            if len(mine) <= ROWS_PER_CUSTOMER_MAX:
                mine.append((kind, place, line))
        return found

    def strays(self) -> Iterator[list[tuple[str, int, int]]]:
        """Batches of places of rows whose reference `customers` does not have: one row per reference."""
        cursor = self._database.execute(
            "SELECT kind, place, line, min(rowid) FROM child"
            " WHERE digest NOT IN (SELECT digest FROM customer) GROUP BY digest ORDER BY 4"
        )
        while rows := cursor.fetchmany(500):
            yield [(kind, place, line) for kind, place, line, _first in rows]

    # What a dry run takes for registered: `customers.known.Seen`.

    def find(self, kind: str, keys: Iterable[str]) -> dict[str, list[Holder]]:
        wanted = list(keys)
        places = ",".join("?" * len(wanted))
        found: dict[str, list[Holder]] = {}
        for key, merchant, is_ubo in self._database.execute(
            f"SELECT key, merchant, is_ubo FROM seen WHERE kind = ? AND key IN ({places})",  # noqa: S608
            [kind, *map(self._seen_key, wanted)],
        ):
            found.setdefault(key, []).append(Holder(None, UUID(merchant) if merchant else None, bool(is_ubo)))
        return {key: found[self._seen_key(key)] for key in wanted if self._seen_key(key) in found}

    def add(self, kind: str, key: str, holder: Holder) -> None:
        merchant = str(holder.merchant_id) if holder.merchant_id else ""
        self._database.execute(
            "INSERT INTO seen VALUES (?, ?, ?, ?)", (kind, self._seen_key(key), merchant, holder.is_ubo)
        )

    def _seen_key(self, key: str) -> str:
        return self._digest(key).hex()

    def _digest(self, value: str) -> bytes:
        return hashlib.blake2b(
            value.encode(errors="replace"), key=self._key, digest_size=_DIGEST_BYTES
        ).digest()

    def _email_digest(self, row: Row) -> bytes:
        return self._digest(self._email_within(row))

    def _email_within(self, row: Row) -> str:
        return self._within(text_of(row, "merchant_uid"), text_of(row, "email"))

    def _within(self, merchant_uid: str, email: str) -> str:
        """The e-mail with its merchant, among whose customers it may stand once."""
        return f"{merchant_uid or self._default_merchant_uid}|{email.casefold()}"


def _sweep() -> None:
    """Remove what imports that were killed left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            if status.st_uid == os.getuid() and status.st_mtime < time.time() - _LEFT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def text_of(row: Row, column: str) -> str:
    """A cell as plain text, as far as it can be one: what rows are matched by."""
    value = row.cells.get(column, "")
    if type(value) is not str:
        if isinstance(value, float) and value == int(value):
            value = int(value)
        value = "" if value is None else str(value)
    value = value.strip()
    if "\0" in value:
        # No database holds a NUL: what has one matches nothing, and the rules say so.
        value = value.replace("\0", "�")
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def _any_twice(hashes: array[int]) -> bool:
    """Whether any value is there twice. Looked at part by part: a set of all of them would be large."""
    parts = len(hashes) // _PART + 1
    for part in range(parts):
        mine = [value for value in hashes if value % parts == part]
        if len(set(mine)) < len(mine):
            return True
    return False


def _batches(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
