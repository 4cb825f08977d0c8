"""What is hashed: an entry in one spelling, the same on both databases, and the link that it makes.

The spelling is a JSON list of what the columns hold: id, time in UTC, and the rest in the order of the table.
It is read by hand-written statements: the ORM would take longer than the hashing, and would forgive what a
tampered column holds.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.audit_rows import CanonicalJSON

NO_HASH = bytes(32)

_encode, _quoted = CanonicalJSON().encode, json.encoder.encode_basestring_ascii
_TEXTS = "roles, action, outcome, channel, request_id, merchant_uid, subject_type"
# SQLite holds all of it as text in the one spelling that we wrote; PostgreSQL has times, UUIDs and jsonb.
_SELECT = {
    "sqlite": (
        f"SELECT id, CAST(at AS TEXT), actor_id, {_TEXTS}, subject_id, customer_id, reason, details, changes "  # noqa: S608
        "FROM accounts_audit WHERE id IN (SELECT value FROM json_each(%s))"
    ),
    "postgresql": (
        "SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), "  # noqa: S608
        f"replace(actor_id::text, '-', ''), {_TEXTS}, replace(subject_id::text, '-', ''), "
        "replace(customer_id::text, '-', ''), reason, details::text, changes::text "
        "FROM accounts_audit WHERE id = ANY(%s)"
    ),
}
_DETAILS, _CHANGES = 13, 14


@dataclass(frozen=True, slots=True)
class Spelled:
    """An entry as it is hashed. `at`: its time in UTC as text that sorts by time."""

    at: str
    content: bytes


def spelled_entries(ids: Sequence[int]) -> dict[int, Spelled]:
    """The entries with these ids, by id; those that do not exist are left out. One query."""
    is_postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute(_SELECT[connection.vendor], [list(ids) if is_postgres else json.dumps(list(ids))])
        rows: Iterable[tuple[Any, ...]] = cursor.fetchall()
    if is_postgres:
        rows = map(_as_written, rows)
    return {row[0]: Spelled(row[1], _spelled(row)) for row in rows}


def _as_written(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row of PostgreSQL in the spelling that SQLite holds."""
    values = list(row)
    values[1] = values[1].removesuffix(".000000")
    for place in (_DETAILS, _CHANGES):
        if values[place] != "{}":
            values[place] = _encode(json.loads(values[place]))
    return tuple(values)


def _spelled(row: tuple[Any, ...]) -> bytes:
    """What the encoder would write, which takes longer to set up for each row than to write it."""
    texts = ["null" if value is None else _quoted(value) for value in row[1:]]
    return f"[{row[0]},{','.join(texts)}]".encode()


def link_hash(before: bytes, position: int, content: bytes) -> bytes:
    """The hash of the chain up to and with `position`."""
    return hashlib.sha256(before + struct.pack(">q", position) + content).digest()
