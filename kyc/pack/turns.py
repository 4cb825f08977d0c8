"""Work in two steps, of which the second is done in order: by this process, or by two that take turns.

What needs nothing of what came before (reading rows, judging and sealing them) is most of an import's work.
Each of two processes does it for every other part of a pack, on a core of its own, while the other one has
its turn: comparing with the database, and writing to it. So nothing is compared with what is not written yet,
and results alone go from one to the other. Threads would share one core.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar

from django.db import connection, connections

log = logging.getLogger(__name__)

Ready = TypeVar("Ready")
Result = TypeVar("Result")


def take_in_turns(
    parts: int,
    prepare: Callable[[int], Ready],
    take: Callable[[Ready], Result],
    each: Callable[[Result], None],
    *,
    beside: bool,
) -> None:
    """`each(take(prepare(part)))` for every part, counted from 0: takes and results are in order.

    `beside`: a second process does every other part, where one may be started. So `prepare` must not hang on
    what was taken before, and what `take` gives must pickle. A second process that fails, or is killed, costs
    nothing but the part that it had in hand, which is done again and may be found done.
    """
    if not (beside and parts > 1 and _may_fork()):
        for part in range(parts):
            each(take(prepare(part)))
        return
    # A copy would share their sockets; they open again by themselves.
    connections.close_all()
    processes = multiprocessing.get_context("fork")
    ours, theirs = processes.Pipe()
    second = processes.Process(
        target=_take_odd, args=(theirs, ours, parts, prepare, take), name="second", daemon=True
    )
    try:
        second.start()
    except OSError as error:
        log.warning("second_not_started error=%s", type(error).__name__)
    theirs.close()
    try:
        _take_even(ours, parts, prepare, take, each)
    finally:
        ours.close()
        if second.pid:
            second.join()


def _take_even(
    ours: Connection,
    parts: int,
    prepare: Callable[[int], Ready],
    take: Callable[[Ready], Result],
    each: Callable[[Result], None],
) -> None:
    """The even parts; of the odd ones the results, or those parts, too, once the second process is gone."""
    is_alone = False

    def let_it_take() -> None:
        nonlocal is_alone
        try:
            ours.send(None)
        except OSError:
            is_alone = True
            log.warning("second_gone")

    def others(part: int) -> Result:
        nonlocal is_alone
        if not is_alone:
            try:
                return ours.recv()
            except (EOFError, OSError):
                is_alone = True
                log.warning("second_gone part=%d", part)
        return take(prepare(part))

    for part in range(0, parts, 2):
        ready = prepare(part)
        if part:
            each(others(part - 1))
        result = take(ready)
        if part + 1 < parts:
            let_it_take()
        each(result)
    if parts % 2 == 0:
        each(others(parts - 1))


def _take_odd(
    theirs: Connection,
    ours: Connection,
    parts: int,
    prepare: Callable[[int], Ready],
    take: Callable[[Ready], Result],
) -> None:
    """The second process: ends when all is done, when it fails, or when nobody waits for it any more."""
    ours.close()
    # What was there before is shared until it is written to, and looking for cycles writes to all of it.
    gc.freeze()
    # Ctrl-C reaches both, and the first one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for part in range(1, parts, 2):
            ready = prepare(part)
            if not _is_told(theirs):
                return
            result = take(ready)
            try:
                theirs.send(result)
            except OSError:  # the first one ended, or was ended
                return
    except Exception as error:
        # The first one does that part again, and raises what it meets itself.
        log.warning("second_failed error=%s", type(error).__name__)
    finally:
        connections.close_all()


def _is_told(theirs: Connection) -> bool:
    """Wait until it is this process's turn; False where the other one has ended."""
    try:
        theirs.recv()
    except (EOFError, OSError):
        return False
    return True


def _may_fork() -> bool:
    """Whether a copy of this process is safe: nothing of it runs elsewhere, no transaction is open."""
    return (
        (os.cpu_count() or 1) > 1
        and threading.active_count() == 1
        and not connection.in_atomic_block
        and "fork" in multiprocessing.get_all_start_methods()
    )
