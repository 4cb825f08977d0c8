"""What scans and polls may take of the rate, so that what must be sent does not wait for what is only read.

Scans: a tenth of what is in force, for all processes that share the API key. In the key's own row, beside its
nonce and rate: however many workers scan, together they take their share.

Polls and comparisons go last: as fast as they can while nobody else's call queues for the key, and else a
tenth of the rate, all of them together, so that verdicts come in however much there is to send. They count in
the same row: a slow poll's next one, what staff asked for and commands may run beside each other.
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
    step_us = _step_us(clock.state().rate)
    return max(0, _reserve(clock, "scan_tat_us", step_us) - step_us) / 1_000_000


def wait_behind_others(clock: KeyClock, wait: Wait = time.sleep) -> None:
    """Wait until no other call queues for the key, at the most for a turn in the tenth of the rate that all
    who wait here share."""
    rate = clock.state().rate
    # What the last call took is made up for within one step of the rate: more than that, and others queue.
    if queued_seconds(clock) <= 1 / rate:
        return
    step_us = _step_us(rate)
    until = time.monotonic() + _reserve(clock, "read_tat_us", step_us) / 1_000_000
    while (left := until - time.monotonic()) > 0:
        wait(min(left, GLANCE_SECONDS))
        if queued_seconds(clock) <= 1 / rate:
            # The turn was not needed. Such turns would add up, and the next crowd be waited out for long.
            _move(clock, f"read_tat_us = read_tat_us - {step_us}", "read_tat_us")
            return


def _step_us(rate: float) -> int:
    return int(1_000_000 / (rate * SHARE))


def _reserve(clock: KeyClock, column: str, step_us: int) -> int:
    """Take the next step of the share that `column` counts; microseconds until the step is over."""
    _, greatest = least_greatest()
    now_us = f"{now_sql()} * 1000"
    return _move(clock, f"{column} = {greatest}({now_us}, {column}) + {step_us}", f"{column} - {now_us}")


def _move(clock: KeyClock, sets: str, returning: str) -> int:
    with write_turn():
        ApiKeyClock.objects.bulk_create([ApiKeyClock(fingerprint=clock.fingerprint)], ignore_conflicts=True)
        rows = run(
            f"UPDATE exchange_apikeyclock SET {sets} WHERE fingerprint = %(key)s RETURNING {returning}",
            {"key": clock.fingerprint},
        )
    return int(rows[0][0])


def queued_seconds(clock: KeyClock) -> float:
    """How long the rate needs to make up for all calls that were let go. Only reads."""
    rows = run(
        f"SELECT tat_us - {now_sql()} * 1000 FROM exchange_apikeyclock WHERE fingerprint = %s",
        (clock.fingerprint,),
    )
    return max(0, int(rows[0][0])) / 1_000_000 if rows else 0.0
