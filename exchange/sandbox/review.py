"""The actor: who becomes verified, and when.

An individual (and a UBO as a person) is verified `review_seconds` after the last document that was needed;
the moment is stored, so a restart changes nothing. A business with its nine documents and all its UBOs'
sets is complete and stays pending until a person decides in the console (002:2630-2634).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Set

from exchange.sandbox.dialects import BUSINESS_TYPES, FRONTS
from exchange.sandbox.store import Store


def person_is_complete(doc_types: Set[str]) -> bool:
    """Identity front, back where the type has one, selfie, proof of address (002:2316-2341)."""
    if not {"Selfie", "Proof of Address"} <= doc_types:
        return False
    return any(
        front in doc_types and (not backs or not doc_types.isdisjoint(backs))
        for front, backs in FRONTS.items()
    )


def verdict_of(row: sqlite3.Row | Mapping, now: float | None = None) -> str:
    """`pending`, `verified` or `rejected`, as of now."""
    if row["verdict"] == "pending" and row["due_at"] is not None and row["due_at"] <= (now or time.time()):
        return "verified"
    return row["verdict"]


def _types(connection: sqlite3.Connection, uid: str) -> set[str]:
    rows = connection.execute("SELECT DISTINCT doc_type FROM documents WHERE owner_uid = ?", (uid,))
    return {row["doc_type"] for row in rows}


def _business_is_complete(connection: sqlite3.Connection, uid: str) -> bool:
    if not set(BUSINESS_TYPES) <= _types(connection, uid):
        return False
    ubos = connection.execute("SELECT complete FROM ubos WHERE owner_uid = ?", (uid,)).fetchall()
    return all(ubo["complete"] for ubo in ubos)


def look_at(connection: sqlite3.Connection, subject: sqlite3.Row, *, is_ubo: bool, quirks: dict) -> None:
    """A document has come for `subject`: see whether its set is complete now. Runs in the upload's
    transaction.

    A rejected subject that sends a new document is pending again; a verified one only with
    `upload_resets_verdict`.
    """
    now = time.time()
    uid, table = subject["uid"], "ubos" if is_ubo else "accounts"
    verdict = verdict_of(subject, now)
    reopened = verdict == "rejected" or (verdict == "verified" and quirks["upload_resets_verdict"])
    if verdict == "verified" and not reopened:
        return
    is_person = is_ubo or subject["entity_type"] == "individual"
    if is_person:
        complete = person_is_complete(_types(connection, uid))
    else:
        complete = _business_is_complete(connection, uid)
    if complete == bool(subject["complete"]) and not reopened:
        return
    due_at = now + quirks["review_seconds"] if complete and is_person else None
    connection.execute(
        f"UPDATE {table} SET verdict = 'pending', complete = ?, due_at = ? WHERE uid = ?",  # noqa: S608
        (int(complete), due_at, uid),
    )
    if is_ubo and complete:
        owner = connection.execute(
            "SELECT complete FROM accounts WHERE uid = ?", (subject["owner_uid"],)
        ).fetchone()
        if not owner["complete"] and _business_is_complete(connection, subject["owner_uid"]):
            connection.execute("UPDATE accounts SET complete = 1 WHERE uid = ?", (subject["owner_uid"],))


def decide(store: Store, uid: str, verdict: str) -> bool:
    """A person's verdict on a customer, a merchant or a UBO. False where there is no such uid."""
    with store.writing() as connection:
        now = time.time()
        for sql in (
            "UPDATE accounts SET verdict = ?, due_at = NULL, updated_at = ? WHERE uid = ?",
            "UPDATE ubos SET verdict = ?, due_at = NULL WHERE ? > 0 AND uid = ?",
        ):
            if connection.execute(sql, (verdict, now, uid)).rowcount:
                return True
    return False
