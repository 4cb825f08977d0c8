"""Who judges the units: this process, or one beside it where a pack is large.

Half of an import's work needs no database: judging rows, and sealing those that are good. A second process
does it on a second core while the first one writes; threads would take turns on one.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection

from django.db import connection, connections

from customers.candidates import Candidate
from customers.choices import Origin
from customers.models import Merchant
from customers.records import SealedAhead, seal_ahead
from customers.register import prepare
from kyc.pack.units import Fault, Unit
from vault.lasting import lasting_key

log = logging.getLogger(__name__)

Judge = Callable[[Sequence[Unit]], Sequence[Unit]]
Answer = tuple[Candidate | None, list[Fault], SealedAhead | None]

# Customers from which on a second process is worth its start.
WORTH_A_PROCESS = 5_000
# Units in one message.
AT_ONCE = 250


@contextmanager
def judges(judge: Judge, merchants: Sequence[Merchant], *, customers: int, prepares: bool) -> Iterator[Judge]:
    """What sets each unit's candidate and faults as `judge` does, for a pack of so many `customers`.

    A second process `prepares` as well: units without faults have their `new` then, of which those who are
    there already make no use.

    `merchants`: all that a candidate may be of. A second process that is gone costs nothing: this one judges
    in its stead.
    """
    if customers < WORTH_A_PROCESS or not _may_fork():
        yield judge
        return
    # The one thing that sealing asks the database for; asked here, the other process knows it.
    lasting_key("token")
    # The copy would share their sockets; they open again by themselves.
    connections.close_all()
    processes = multiprocessing.get_context("fork")
    ours, theirs = processes.Pipe()
    beside = processes.Process(target=_serve, args=(theirs, ours, judge, prepares), name="judge", daemon=True)
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

    def answered(some: Sequence[Unit], is_sent: Future[None]) -> Sequence[Answer] | None:
        """What the other process makes of them; None where it is gone."""
        try:
            is_sent.result()
            answer = ours.recv()
        except (EOFError, OSError) as error:
            log.warning("judge_gone error=%s", type(error).__name__)
            return None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def judged(units: Sequence[Unit]) -> Sequence[Unit]:
        batches = [units[start : start + AT_ONCE] for start in range(0, len(units), AT_ONCE)]
        # One ahead, so that neither waits for the other; from a thread, since a pipe takes less than a batch.
        sent = [sender.submit(ours.send, some) for some in batches[:1]]
        for some, following in zip(batches, [*batches[1:], None], strict=True):
            is_sent = sent.pop()
            if following is not None:
                sent.append(sender.submit(ours.send, following))
            answers = answered(some, is_sent)
            if answers is None:
                judge(some)
                continue
            for unit, (candidate, faults, ahead) in zip(some, answers, strict=True):
                unit.candidate, unit.faults = candidate, faults
                if candidate is not None and candidate.merchant is not None:
                    candidate.merchant = known[candidate.merchant.pk]
                    if ahead is not None:
                        unit.new = prepare(candidate, origin=Origin.PACK, ahead=ahead)
        return units

    with ThreadPoolExecutor(1, "to-the-judge") as sender:
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


def _serve(theirs: Connection, ours: Connection, judge: Judge, prepares: bool) -> None:
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
            answer = [
                (unit.candidate, unit.faults, _sealed(unit) if prepares else None) for unit in judge(units)
            ]
        except Exception as error:
            answer = error
        try:
            theirs.send(answer)
        except OSError:  # nobody waits for it any more: the import ended, or was ended
            return


def _sealed(unit: Unit) -> SealedAhead | None:
    """Of a customer who can be registered, as far as the rows tell."""
    candidate = unit.candidate
    if candidate is None or candidate.merchant is None or candidate.has_errors or unit.has_errors:
        return None
    return seal_ahead(candidate, candidate.merchant)
