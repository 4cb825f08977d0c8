"""Several writes that need no answer as one commit: all of them, or none.

On PostgreSQL they are one statement: one round trip where a transaction of them takes ten, each of which
makes a lane wait for the interpreter as well. On SQLite, which has one writer and one disk to wait for,
whoever has the turn commits for all threads that wait. The text of each write is the same on both.
"""

import threading
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from django.db import DataError, OperationalError, transaction

from exchange.outbox.database import in_atomic_block, is_sqlite, run, write_turn


class Write(NamedTuple):
    """One INSERT, UPDATE or DELETE, worded for `run`, with parameters by place.

    `must`: it has to find a row; its text ends in RETURNING.
    """

    sql: str
    params: tuple[object, ...]
    must: bool = False


class Unmet(Exception):
    """A write that must find a row found none: nothing was written."""


def write_together(writes: Sequence[Write]) -> None:
    """Write all of it in one commit, in this order as far as locks go.

    No two may touch the same row, nor read what another writes: PostgreSQL runs them on one snapshot. Raises
    Unmet, and Django's database errors.
    """
    if in_atomic_block():
        with transaction.atomic():
            _in_turn(writes)
    elif is_sqlite():
        _commit_in_company(writes)
    else:
        _as_one_statement(writes)


def found_by(writes: Sequence[Write]) -> list[bool]:
    """Write within the caller's transaction; of those that return rows, whether each found one.

    One round trip on PostgreSQL. What holds for `write_together` holds here.
    """
    if is_sqlite():
        found = [(write.must, bool(run(write.sql, write.params))) for write in writes]
        return [is_found for must, is_found in found if must]
    sql = _one_statement(_texts(writes), "COUNT(*) > 0")
    return list(run(sql, _params(writes))[0])[: sum(write.must for write in writes)]


def _in_turn(writes: Sequence[Write]) -> None:
    for write in writes:
        if not run(write.sql, write.params) and write.must:
            raise Unmet


# --- PostgreSQL ----------------------------------------------------------------------------------


def _as_one_statement(writes: Sequence[Write]) -> None:
    # By how many rows were found: by none, the statement fails as a whole.
    sql = _one_statement(_texts(writes), "1 / COUNT(*)")
    try:
        run(sql, _params(writes))
    except DataError as error:
        if getattr(error.__cause__, "sqlstate", None) == "22012":  # division by zero
            raise Unmet from None
        raise


@lru_cache(maxsize=256)
def _one_statement(writes: tuple[tuple[str, bool], ...], found: str) -> str:
    """The first write that must find a row is the first to run: what it locks keeps the order of locks."""
    parts = ", ".join(f"w{number} AS ({sql})" for number, (sql, _must) in enumerate(writes))
    asked = [f"(SELECT {found} FROM w{number})" for number, (_sql, must) in enumerate(writes) if must]
    return f"WITH {parts} SELECT {', '.join(asked) or '1'}"


def _texts(writes: Sequence[Write]) -> tuple[tuple[str, bool], ...]:
    return tuple((write.sql, write.must) for write in writes)


def _params(writes: Sequence[Write]) -> list[object]:
    return [param for write in writes for param in write.params]


# --- SQLite --------------------------------------------------------------------------------------


class _Batch:
    """One thread's writes. `turn` is released when they are done, or when the thread is to lead."""

    __slots__ = ("error", "is_done", "is_written", "turn", "writes")

    def __init__(self, writes: Sequence[Write]) -> None:
        self.writes = writes
        self.error: Exception | None = None
        self.is_done = self.is_written = False
        self.turn = threading.Lock()
        self.turn.acquire()


_lock = threading.Lock()
_waiting: deque[_Batch] = deque()
_is_led = False


def _commit_in_company(writes: Sequence[Write]) -> None:
    global _is_led
    mine = _Batch(writes)
    with _lock:
        _waiting.append(mine)
        leads, _is_led = not _is_led, True
    if not leads:
        mine.turn.acquire()
    if not mine.is_done:
        _lead(mine)
    if mine.error is not None:
        raise mine.error
    if not mine.is_written:
        raise OperationalError("whoever wrote for this thread did not say what became of it")


def _lead(mine: _Batch) -> None:
    """Commit what waits by now, one's own with it, and name who leads next."""
    global _is_led
    batches: list[_Batch] = [mine]
    try:
        with write_turn():
            with _lock:
                batches = list(_waiting)
                _waiting.clear()
            _commit(batches)
    except Exception as error:
        for batch in batches:
            batch.error = batch.error or _copy_of(error)
    finally:
        with _lock:
            if mine in _waiting:
                _waiting.remove(mine)
            following = _waiting[0] if _waiting else None
            _is_led = following is not None
        for batch in batches:
            batch.is_done = True
            batch.turn.release()
        if following is not None:
            following.turn.release()


def _commit(batches: Sequence[_Batch]) -> None:
    # A database that lets nobody begin lets none of them: waiting for it once is enough.
    run("BEGIN IMMEDIATE")
    try:
        try:
            for batch in batches:
                _in_turn(batch.writes)
            run("COMMIT")
        except BaseException:
            run("ROLLBACK")
            raise
    except Exception:
        if len(batches) == 1:
            raise
        # What fails with one thread's writes is that thread's alone: each by itself.
        for batch in batches:
            try:
                _commit([batch])
            except Exception as error:
                batch.error = error
    else:
        for batch in batches:
            batch.is_written = True


def _copy_of(error: Exception) -> Exception:
    """For each thread its own: threads that raise one object write into one another's traceback."""
    try:
        copy = type(error)(*error.args)
    except Exception:
        copy = OperationalError(type(error).__name__)
    copy.__cause__ = error
    return copy
