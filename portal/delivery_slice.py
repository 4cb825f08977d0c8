"""A while of delivering, for a worker process that has other tasks too."""

import time

from exchange.outbox.claiming import next_due_ms
from exchange.outbox.crew import Crew
from exchange.outbox.reconciling import next_look_ms
from exchange.outbox.recovery import is_recovering
from exchange.outbox.watchdog import watched


def deliver_slice(seconds: float) -> bool:
    """Deliver what is due now, for about `seconds` at the most; whether more was left."""
    if next_due_ms() != 0 and next_look_ms() != 0 and not is_recovering():
        return False
    end = time.monotonic() + seconds
    with Crew() as crew, watched(crew):

        def stop_in_time() -> None:
            if time.monotonic() > end:
                crew.stop()

        crew.run(until="nothing_due", notice=stop_in_time)
        return crew.is_stopping
