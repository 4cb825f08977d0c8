"""What differs between SQLite and PostgreSQL in the outbox's own statements: the clock, and who may write.

Everything else is the same text on both.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

_NOW_MS = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)",
    # clock_timestamp, not now(): the latter stands still within a transaction.
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
}
_sqlite_turn = threading.RLock()
_thread = threading.local()


@cache
def now_sql() -> str:
    """The database's clock as an SQL expression, epoch milliseconds."""
    return _NOW_MS[connection.vendor]


@cache
def once_now_sql() -> str:
    """The same clock, read once by the statement: what is compared with it is looked up by index.

    PostgreSQL uses no index for a comparison with a clock that moves while the statement runs.
    """
    return f"(SELECT {now_sql()})"


def now_ms() -> int:
    """The database's clock, epoch milliseconds. One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {now_sql()}")
        return int(cursor.fetchone()[0])


@cache
def least_greatest() -> tuple[str, str]:
    """The names of the functions that pick the smaller and the larger of two values."""
    return ("MIN", "MAX") if connection.vendor == "sqlite" else ("LEAST", "GREATEST")


def uuid_param(value: UUID) -> object:
    """A UUID as a parameter of a hand-written statement."""
    return value if has_native_uuid() else value.hex


def time_param(value: datetime) -> object:
    """An aware time as a parameter of a hand-written statement."""
    return connection.ops.adapt_datetimefield_value(value)


@cache
def has_native_uuid() -> bool:
    return connection.features.has_native_uuid_field


def true_sql() -> str:
    """A true value that both databases take for a boolean column: SQLite knows TRUE as well."""
    return "TRUE"


@cache
def is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def uuid_value(value: object) -> UUID:
    """A UUID as a hand-written statement returned it."""
    return value if isinstance(value, UUID) else UUID(str(value))


def run(sql: str, params: Sequence[object] | Mapping[str, object] = ()) -> list[tuple]:
    """Run one statement; all rows that it returned, [] for one that returns none.

    `params`: by place (`%s`) or by name (`%(name)s`). Straight on the driver's cursor, within whatever
    transaction Django has open: forty of these are run a customer, and Django's wrappers cost more than the
    statements do. Raises Django's database errors.
    """
    wrapper = this_connection()
    if wrapper.connection is None:
        wrapper.ensure_connection()
    if wrapper.needs_rollback and wrapper.in_atomic_block:
        wrapper.validate_no_broken_transaction()
    try:
        if is_sqlite():
            text = _for_sqlite(sql, tuple(params) if isinstance(params, Mapping) else None)
            cursor = wrapper.connection.execute(text, params)
        else:
            cursor = _prepared_cursor()(wrapper.connection)
            cursor.execute(sql, params or None, prepare=True)
        # Fetching all rows is what ends an UPDATE … RETURNING on SQLite.
        rows = cursor.fetchall() if cursor.description else []
        cursor.close()
    except wrapper.Database.Error:
        with wrapper.wrap_database_errors:
            raise
    return rows


def this_connection() -> Any:
    """Django's connection of this thread, past its registry: the detour costs more than a query."""
    wrapper = getattr(_thread, "wrapper", None)
    if wrapper is None:
        wrapper = _thread.wrapper = connections[DEFAULT_DB_ALIAS]
    return wrapper


@cache
def _prepared_cursor() -> Any:
    """The driver's own cursor: binds on the server, where each of these statements is planned once."""
    from psycopg import Cursor

    return Cursor


@lru_cache(maxsize=256)
def _for_sqlite(sql: str, names: tuple[str, ...] | None) -> str:
    """The statement with the placeholders of SQLite's driver."""
    if names is None:
        return sql.replace("%s", "?")
    return sql % {name: f":{name}" for name in names}


def in_transaction() -> bool:
    """Whether a transaction of ours is open. The one that a test case wraps round a test does not count."""
    wrapper = this_connection()
    return wrapper.in_atomic_block and not all(
        getattr(block, "_from_testcase", False) for block in wrapper.atomic_blocks
    )


def in_atomic_block() -> bool:
    """Whether any transaction is open, a test case's included."""
    return bool(this_connection().in_atomic_block)


@contextmanager
def not_waiting_for_disk() -> Iterator[None]:
    """On SQLite: a commit within survives any crash of ours, but not a power cut; the others go to disk."""
    if not is_sqlite() or this_connection().in_atomic_block:
        yield
        return
    run("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        run("PRAGMA synchronous=FULL")


@contextmanager
def write_turn() -> Iterator[None]:
    """SQLite has one writer: threads of a process queue here, not in its busy handler, which sleeps.

    Whoever is in a transaction already has the turn: queueing now could lock two threads out for good.
    """
    if not is_sqlite() or this_connection().in_atomic_block:
        yield
        return
    with _sqlite_turn:
        yield


@contextmanager
def short_transaction() -> Iterator[None]:
    """A transaction that takes its turn first. Nothing slow and no HTTP inside."""
    with write_turn(), transaction.atomic():
        yield
