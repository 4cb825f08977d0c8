"""A child of a Celery worker that is frozen is killed by its parent, whose pool starts another.

It can't end itself, its slot is lost, and within a transaction it locks an embedded database for everybody.
Its parent sees in the system's process table that it is stopped (Linux; elsewhere the task's time limit ends
it).
"""

import logging
import os
import signal
import threading
import time
from pathlib import Path

from django.conf import settings

log = logging.getLogger(__name__)

# As with a frozen worker: others wait 20 s for a locked database before they fail.
PATIENCE_SHARE = 1 / 4
LOOKS = 4
# Those that do the work; beat is not started again by the pool.
POOL_NAME = "PoolWorker"
# Stopped by a signal, or by whoever traces it.
STOPPED = frozenset("Tt")


def watch_children() -> None:
    """Begin to watch, in a thread of this process."""
    threading.Thread(target=_watch, name="frozen-children", daemon=True).start()


def _watch() -> None:
    patience = settings.WORKER_STALL_SECONDS * PATIENCE_SHARE
    interval = patience / LOOKS
    stopped: dict[int, float] = {}
    looked_at = time.monotonic()
    while True:
        time.sleep(interval)
        # When a machine wakes up, nobody was frozen for the time that it slept.
        passed, looked_at = min(time.monotonic() - looked_at, 2 * interval), time.monotonic()
        stopped = {pid: stopped.get(pid, 0.0) + passed for pid in _children() if is_stopped(pid)}
        for pid, seconds in stopped.items():
            if seconds >= patience:
                log.critical("frozen_child_killed pid=%s seconds=%.0f", pid, seconds)
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue


def is_stopped(pid: int) -> bool:
    """Whether the process stands still by a signal; False where the system does not tell."""
    try:
        # The name in brackets may hold anything, brackets too.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in STOPPED
    except (OSError, IndexError):
        return False


def _children() -> list[int]:
    from billiard.process import active_children

    return [child.pid for child in active_children() if child.pid and POOL_NAME in child.name]
