"""Whether a Celery worker still hears its broker: one that does not, while work waits, ends itself.

A worker can lose its consumer at a broker's reset and stay alive. Its children deliver, it only receives; so
what counts is whether it received anything, and whether anybody in the fleet delivers.
"""

import os
import signal

from django.conf import settings

from exchange.outbox.key_clock import KeyClock
from exchange.outbox.reconciling import next_look_ms
from exchange.outbox.vitals import anybody_delivers
from exchange.outbox.watchdog import Progress, Watchdog, end_stalled, work_is_due

# Tasks that this worker's consumer received.
received = Progress()


def watch_consumer(hostname: str) -> None:
    """Begin to watch, in a thread of this process. `hostname`: Celery's name of the worker, for the log."""
    clock = KeyClock()

    def stalled(seconds: float) -> None:
        _end_children()
        end_stalled(f"worker={hostname} hears_nothing seconds={seconds:.0f}")

    Watchdog(
        received,
        is_due=lambda: is_anything_due(clock) and not anybody_delivers(),
        patience=lambda: settings.WORKER_STALL_SECONDS,
        stalled=stalled,
    ).start()


def is_anything_due(clock: KeyClock) -> bool:
    """Whether a lane or a look at the exchange waits for a worker; without a beat nobody rings for looks."""
    return work_is_due(clock) or (next_look_ms() == 0 and clock.state().paused_for == 0)


def _end_children() -> None:
    """Beat and the pool would outlive us. None of them delivers: no heart beats."""
    from billiard.process import active_children

    for child in active_children():
        try:
            os.kill(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
