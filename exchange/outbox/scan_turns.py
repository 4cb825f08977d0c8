"""Scans' share of the rate: a tenth of what is in force, for all processes that share the API key.

In the key's own row, beside its nonce and rate: however many workers scan, together they take their share.
"""

import time
from collections.abc import Callable

from exchange.outbox.database import least_greatest, now_sql, run, write_turn
from exchange.outbox.key_clock import KeyClock
from exchange.outbox.models import ApiKeyClock

SHARE = 0.1
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
