"""Who judges the units: this process, or one beside it where a pack is large.

Half of an import's work is judging rows, which needs no database. A second process does it on a second core
while the first one writes; threads would take turns on one.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection

from django.db import connection, connections

from customers.models import Merchant
from kyc.pack.units import Unit

log = logging.getLogger(__name__)

Judge = Callable[[Sequence[Unit]], Sequence[Unit]]

# Customers from which on a second process is worth its start.
WORTH_A_PROCESS = 5_000
# So many at once: what is on its way is in memory four times.
AT_ONCE = 100


@contextmanager
def judges(judge: Judge, merchants: Sequence[Merchant], *, customers: int) -> Iterator[Judge]:
    """What sets each unit's candidate and faults as `judge` does, for a pack of so many `customers`.

    `merchants`: all that a candidate may be of. A second process that is gone costs nothing: this one judges
    in its stead.
    """
    if customers < WORTH_A_PROCESS or not _may_fork():
        yield judge
        return
    # The copy would share their sockets; they open again by themselves.
    connections.close_all()
    processes = multiprocessing.get_context("fork")
    ours, theirs = processes.Pipe()
    beside = processes.Process(target=_serve, args=(theirs, ours, judge), name="judge", daemon=True)
    try:
        beside.start()
    except OSError as error:
        log.warning("judge_not_started error=%s", type(error).__name__)
        ours.close()
        theirs.close()
        yield judge
        return
    theirs.close()
    known = {merchant.pk: merchant for merchant in merchants}

    def judged(units: Sequence[Unit]) -> Sequence[Unit]:
        for start in range(0, len(units), AT_ONCE):
            some = units[start : start + AT_ONCE]
            try:
                ours.send(some)
                answer = ours.recv()
            except (EOFError, OSError) as error:
                log.warning("judge_gone error=%s", type(error).__name__)
                judge(some)
                continue
            if isinstance(answer, Exception):
                raise answer
            for unit, (candidate, faults) in zip(some, answer, strict=True):
                unit.candidate, unit.faults = candidate, faults
                if candidate is not None and candidate.merchant is not None:
                    candidate.merchant = known[candidate.merchant.pk]
        return units

    try:
        yield judged
    finally:
        ours.close()
        beside.join()


def _may_fork() -> bool:
    """Whether a copy of this process is safe: nothing of it runs elsewhere, no transaction is open."""
    return (
        (os.cpu_count() or 1) > 1
        and threading.active_count() == 1
        and not connection.in_atomic_block
        and "fork" in multiprocessing.get_all_start_methods()
    )


def _serve(theirs: Connection, ours: Connection, judge: Judge) -> None:
    """Judge what comes until the pipe ends, as it also does when the other process is killed."""
    ours.close()
    # What was there before is shared until it is written to, and looking for cycles writes to all of it.
    gc.freeze()
    # Ctrl-C reaches both, and the other one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            units = theirs.recv()
        except EOFError:
            return
        answer: object
        try:
            answer = [(unit.candidate, unit.faults) for unit in judge(units)]
        except Exception as error:
            answer = error
        theirs.send(answer)
