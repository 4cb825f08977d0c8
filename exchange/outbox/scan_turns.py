"""What scans and polls may take of the rate, so that what must be sent does not wait for what is only read.

Scans: a tenth of what is in force, for all processes that share the API key. In the key's own row, beside its
nonce and rate: however many workers scan, together they take their share.

Polls go last: as fast as they can while nobody else's call queues for the key, and else a tenth of the rate,
so that verdicts come in however much there is to send. One poll runs at a time, so it counts by itself.
"""

import time
from collections.abc import Callable

from exchange.outbox.database import least_greatest, now_sql, run, write_turn
from exchange.outbox.key_clock import KeyClock
from exchange.outbox.models import ApiKeyClock

SHARE = 0.1
# How often a poll asks whether the queue is gone.
GLANCE_SECONDS = 0.05
Wait = Callable[[float], object]


def wait_for_scan_turn(clock: KeyClock | None = None, wait: Wait = time.sleep) -> None:
    """Wait until one page of a list may be asked for. `wait` gets seconds, and may raise to end it."""
    seconds = take_scan_turn(clock or KeyClock())
    if seconds > 0:
        wait(seconds)


def take_scan_turn(clock: KeyClock) -> float:
    """Reserve the next page's turn; seconds until it comes. Turns are taken in the order of asking.

    Two short statements. A turn that is not used is lost, nothing else.
    """
    _, greatest = least_greatest()
    now_us = f"{now_sql()} * 1000"
    step_us = int(1_000_000 / (clock.state().rate * SHARE))
    with write_turn():
        ApiKeyClock.objects.bulk_create([ApiKeyClock(fingerprint=clock.fingerprint)], ignore_conflicts=True)
        ahead_us = run(
            f"""UPDATE exchange_apikeyclock
                SET scan_tat_us = {greatest}({now_us}, scan_tat_us) + %(step)s WHERE fingerprint = %(key)s
                RETURNING scan_tat_us - %(step)s - {now_us}""",
            {"key": clock.fingerprint, "step": step_us},
        )[0][0]
    return max(0, int(ahead_us)) / 1_000_000


def wait_behind_others(clock: KeyClock, wait: Wait = time.sleep) -> None:
    """Wait until no other call queues for the key, at the most as long as a tenth of the rate takes."""
    rate = clock.state().rate
    until = time.monotonic() + 1 / (rate * SHARE)
    # What the last call took is made up for within one step of the rate: more than that, and others queue.
    while queued_seconds(clock) > 1 / rate and (left := until - time.monotonic()) > 0:
        wait(min(left, GLANCE_SECONDS))


def queued_seconds(clock: KeyClock) -> float:
    """How long the rate needs to make up for all calls that were let go. Only reads."""
    rows = run(
        f"SELECT tat_us - {now_sql()} * 1000 FROM exchange_apikeyclock WHERE fingerprint = %s",
        (clock.fingerprint,),
    )
    return max(0, int(rows[0][0])) / 1_000_000 if rows else 0.0
