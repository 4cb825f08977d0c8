"""A worker that gets nothing done while work is due ends itself, and its supervisor starts another.

Processes can be alive and do nothing: a thread that hangs, a lock that nobody gives back, a broker's reset
that was not noticed. Nothing is lost by ending: what was being sent is unknown, as after any kill.
"""

import faulthandler
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import Error, connection

from exchange.outbox.claiming import next_due_ms
from exchange.outbox.key_clock import KeyClock
from exchange.outbox.recovery import is_recovering

if TYPE_CHECKING:
    from exchange.outbox.crew import Crew

log = logging.getLogger(__name__)

# EX_TEMPFAIL: nothing is wrong with the command, start it again.
STALLED_EXIT = 75
# Saying why must not keep a stalled process alive: a logger's lock may be what hangs.
LAST_WORDS_SECONDS = 2.0


class Progress:
    """How much one process got done: claims, settled attempts. Whoever watches compares two looks at it."""

    def __init__(self) -> None:
        self.count = 0

    def note(self) -> None:
        # A lost increment of two threads at once still is a change.
        self.count += 1


class Watchdog:
    """Looks every so often; calls `stalled(seconds)` once nothing was done for too long while work was due.

    `is_due`: whether something could be done now; where the database can't tell, nothing could. `patience`:
    seconds that may pass just now. Only time in which the process ran counts: one that was frozen gets its
    chance when it thaws.
    """

    def __init__(
        self,
        progress: Progress,
        *,
        is_due: Callable[[], bool],
        patience: Callable[[], float],
        stalled: Callable[[float], None],
    ) -> None:
        self._progress, self._is_due, self._patience, self._stalled = progress, is_due, patience, stalled
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        interval = min(1.0, settings.WORKER_STALL_SECONDS / 10)
        seen, idle = self._progress.count, 0.0
        looked_at = time.monotonic()
        try:
            while not self._stop.wait(interval):
                now = time.monotonic()
                passed, looked_at = min(now - looked_at, 2 * interval), now
                is_due = self._asks()
                if is_due and self._progress.count == seen:
                    idle += passed
                    if idle >= self._patience():
                        self._stalled(idle)
                        return
                else:
                    seen, idle = self._progress.count, 0.0
        finally:
            connection.close()

    def _asks(self) -> bool:
        try:
            return self._is_due()
        except Error as error:
            log.warning("watchdog_cannot_look error=%s", type(error).__name__)
            connection.close()
            return False


def work_is_due(clock: KeyClock) -> bool:
    """Whether a lane that nobody holds is due, and may be worked on: no pause of the key, no recovery."""
    return next_due_ms() == 0 and not is_recovering() and clock.state().paused_for == 0


@contextmanager
def watched(crew: "Crew") -> Iterator[None]:
    """While within, a crew that claims and settles nothing although lanes are due ends the process (exit 75).

    Calls in flight are waited for as long as their leases say, where they keep every lane busy.
    """

    def is_due() -> bool:
        return not crew.is_stopping and crew.delivery.paused_for == 0 and work_is_due(crew.delivery.clock)

    def patience() -> float:
        if crew.has_free_lanes:
            return settings.WORKER_STALL_SECONDS
        return max(settings.WORKER_STALL_SECONDS, settings.OUTBOX_UPLOAD_LEASE_SECONDS)

    def stalled(seconds: float) -> None:
        end_stalled(f"worker={crew.heartbeat.id} free_lanes={crew.has_free_lanes} seconds={seconds:.0f}")

    watchdog = Watchdog(crew.delivery.progress, is_due=is_due, patience=patience, stalled=stalled)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.stop()


def end_stalled(what: str) -> None:
    """End this process at once with exit 75. `what`: ids and numbers, for the log."""

    def say() -> None:
        log.critical("worker_stalled %s", what)
        # Names of functions and lines, no values.
        faulthandler.dump_traceback(file=2, all_threads=True)

    last_words = threading.Thread(target=say, daemon=True)
    last_words.start()
    last_words.join(LAST_WORDS_SECONDS)
    os._exit(STALLED_EXIT)
