"""What differs between SQLite and PostgreSQL in the outbox's own statements: the clock, and who may write.

Everything else is the same text on both.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction

_NOW_MS = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)",
    # clock_timestamp, not now(): the latter stands still within a transaction.
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
}
_sqlite_turn = threading.RLock()


def now_sql() -> str:
    """The database's clock as an SQL expression, epoch milliseconds."""
    return _NOW_MS[connection.vendor]


def now_ms() -> int:
    """The database's clock, epoch milliseconds. One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {now_sql()}")
        return int(cursor.fetchone()[0])


def least_greatest() -> tuple[str, str]:
    """The names of the functions that pick the smaller and the larger of two values."""
    return ("MIN", "MAX") if connection.vendor == "sqlite" else ("LEAST", "GREATEST")


def uuid_param(value: UUID) -> object:
    """A UUID as a parameter of a hand-written statement."""
    return value if connection.features.has_native_uuid_field else value.hex


def uuid_value(value: object) -> UUID:
    """A UUID as a hand-written statement returned it."""
    return value if isinstance(value, UUID) else UUID(str(value))


def run(sql: str, params: tuple | list | dict = ()) -> list[tuple]:
    """Run one statement; all rows that it returned, [] for one that returns none.

    Fetching all of them is what ends an UPDATE … RETURNING on SQLite.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def in_transaction() -> bool:
    """Whether a transaction of ours is open. The one that a test case wraps round a test does not count."""
    return connection.in_atomic_block and not all(
        getattr(block, "_from_testcase", False) for block in connection.atomic_blocks
    )


@contextmanager
def write_turn() -> Iterator[None]:
    """SQLite has one writer: threads of a process queue here, not in its busy handler, which sleeps.

    Whoever is in a transaction already has the turn: queueing now could lock two threads out for good.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with _sqlite_turn:
        yield


@contextmanager
def short_transaction() -> Iterator[None]:
    """A transaction that takes its turn first. Nothing slow and no HTTP inside."""
    with write_turn(), transaction.atomic():
        yield
