"""Nonce and rate of the API key: one row, one statement, for all processes that share the key.

A call is granted a slot and its nonce together. The slot may lie up to a second ahead: the caller sleeps
until then, so callers queue in the order in which they asked, and none has to ask twice. The nonce is the
time of the slot, or the last one plus one: never twice, always rising, and never far from the clock.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.conf import settings

from exchange.outbox.database import (
    in_transaction,
    least_greatest,
    not_waiting_for_disk,
    now_sql,
    run,
    write_turn,
)
from exchange.outbox.models import ApiKeyClock
from vault.indexes import keyed_digest

log = logging.getLogger(__name__)

# Nonces may not run further ahead of the clock than this: the exchange's window is 5 s.
DRIFT_MS = 1_000
# Calls that may follow each other at once after a quiet time, while the whole rate is in force: what the
# exchange found too much may have been that.
BURST_CALLS = 5
# After a 429 without Retry-After.
DEFAULT_PAUSE_MS = 1_000
# A key that the exchange refuses is tried again after 5 s, 10 s, 20 s … 15 min.
FIRST_STRIKE_MS, LAST_STRIKE_MS = 5_000, 15 * 60_000
# After so many refusals in a row a person is told that nothing is sent with this key.
STRIKES_THAT_STOP = 3
# A clock that is off by less is not corrected: the Date header has whole seconds.
LEAST_SKEW_MS = 2_000
# Left of the rate at the least, and what a minute gives back.
LEAST_SHARE, SHARE_A_MINUTE = 0.05, 0.05


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to send one call. `wait` (seconds) from now on is its slot."""

    nonce: int
    wait: float


@dataclass(frozen=True, slots=True)
class NotYet:
    """No leave. `wait`: seconds until it is worth asking again. `reason`: the pause's; "" for the queue."""

    wait: float
    reason: str


@dataclass(frozen=True, slots=True)
class KeyState:
    """The key as pages and commands show it.

    `rate`: calls a second in force. `paused_for`: seconds. `stopped_code`: why the exchange refuses the key,
    or ""; `is_stopped` once a person must look.
    """

    rate: float
    paused_for: float
    pause_reason: str
    stopped_code: str
    is_stopped: bool
    skew_ms: int


def key_fingerprint() -> str:
    """Names the key in use without holding it."""
    text = f"{settings.EXCHANGE_BASE_URL}|{settings.EXCHANGE_API_KEY}|{settings.EXCHANGE_API_SECRET}"
    return keyed_digest("api-key", text.encode())


class KeyClock:
    """The clock of one API key. Every method is one short statement of its own."""

    def __init__(self, fingerprint: str | None = None, rate: float | None = None) -> None:
        self.fingerprint = fingerprint or key_fingerprint()
        self.rate = max(float(rate or settings.EXCHANGE_RATE_PER_SECOND), 0.01)
        self._is_known = False
        # Whether the key may have strikes to be taken back; True at first, since another process may know.
        self._may_have_strikes = True
        self._clock_problems = 0

    def grant(self) -> Grant | NotYet:
        """Leave for one call, or how long to wait before asking again.

        Raises RuntimeError within a transaction: a rollback would give the nonce away twice.
        """
        if in_transaction():
            raise RuntimeError("the exchange is never called within a transaction")
        self._make_row()
        # A power cut lasts longer than nonces may run ahead of the clock, so none is given twice after it.
        with write_turn(), not_waiting_for_disk():
            rows = run(_grant_sql(), {"key": self.fingerprint, "rate": self.rate})
        if rows:
            nonce, slot_us, now = rows[0]
            return Grant(int(nonce), max(0.0, (int(slot_us) - int(now) * 1000) / 1_000_000))
        return self._why_not()

    def _why_not(self) -> NotYet:
        now, paused_until, reason, slot, nonce, skew = run(
            f"""SELECT {now_sql()}, paused_until_ms, pause_reason, {_slot_sql()}, last_nonce, skew_ms
                FROM exchange_apikeyclock WHERE fingerprint = %(key)s""",
            {"key": self.fingerprint, "rate": self.rate},
        )[0]
        if paused_until > now:
            self._may_have_strikes = True
            return NotYet((paused_until - now) / 1000, reason or "paused")
        ahead = max(slot / 1000 - now, nonce + 1 - (now + skew)) - DRIFT_MS
        return NotYet(max(ahead, 1) / 1000, "" if slot / 1000 - now > DRIFT_MS else "drift")

    def pause(self, seconds: float, reason: str) -> None:
        """Send nothing with this key for so long; a longer pause that is on already stays."""
        _, greatest = least_greatest()
        self._write(
            f"paused_until_ms = {greatest}(paused_until_ms, {now_sql()} + %(ms)s), pause_reason = %(reason)s",
            {"ms": int(seconds * 1000), "reason": reason},
        )

    def slow_down(self, retry_after: float | None, sent_nonce: int | None) -> None:
        """A 429: pause as it asks, and halve the rate, once for all calls that were under way.

        Nonces run up to a second ahead, so what was sent within a second of the last cut counts as under way.
        """
        pause = DEFAULT_PAUSE_MS if retry_after is None else int(retry_after * 1000)
        self.pause(pause / 1000, "rate_limited")
        _, greatest = least_greatest()
        self._write(
            f"share = {greatest}({LEAST_SHARE}, {_share_sql()} / 2), share_at_ms = {now_sql()}",
            {"sent": sent_nonce or 0},
            f"AND share_at_ms < %(sent)s - skew_ms - {DRIFT_MS}",
        )

    def strike(self, code: str) -> None:
        """The exchange refuses the key itself: pause, longer each time; one strike per pause."""
        least, _ = least_greatest()
        doubled = " ".join(f"WHEN {n} THEN {FIRST_STRIKE_MS * 2**n}" for n in range(7))
        self._write(
            f"strikes = strikes + 1, stopped_code = %(code)s, pause_reason = 'key_refused', "
            f"paused_until_ms = {now_sql()} + "
            f"{least}({LAST_STRIKE_MS}, CASE strikes {doubled} ELSE {LAST_STRIKE_MS} END)",
            {"code": code[:100]},
            f"AND paused_until_ms <= {now_sql()}",
        )
        self._may_have_strikes = True
        log.error("api_key_refused code=%s", code)

    def clock_problem(self, server_date: datetime | None, code: str) -> None:
        """A nonce was refused: learn the skew and go on; three in a row are a matter of the key."""
        self.learn_skew(server_date, nonce_was_refused=True)
        self._clock_problems += 1
        if self._clock_problems >= STRIKES_THAT_STOP:
            self.strike(code)

    def accepted(self) -> None:
        """The exchange took a call with this key: strikes are over. Writes only where there were some."""
        self._clock_problems = 0
        if self._may_have_strikes:
            self._may_have_strikes = False
            self._write("strikes = 0, stopped_code = ''", {}, "AND strikes > 0")

    def resume(self) -> None:
        """A person says that the key was mended: ask again at once."""
        self._make_row()
        self._write(
            "strikes = 0, stopped_code = '', paused_until_ms = 0, pause_reason = ''", {}, "AND strikes > 0"
        )

    def learn_skew(self, server_date: datetime | None, *, nonce_was_refused: bool) -> None:
        """Set our clock by the exchange's Date header (whole seconds), where it is off by 2 s or more.

        Where a refused nonce had run more than 30 s ahead of the exchange's clock, counting starts again from
        there: what was ahead of it was never accepted, and waiting for it could take hours.
        """
        if server_date is None:
            return
        server_ms = int(server_date.timestamp() * 1000) + 500
        rows = self._write(
            f"skew_ms = CASE WHEN ABS(%(server)s - {now_sql()}) < {LEAST_SKEW_MS} THEN 0 "
            f"ELSE %(server)s - {now_sql()} END",
            {"server": server_ms},
            f"AND ABS(%(server)s - {now_sql()} - skew_ms) >= {LEAST_SKEW_MS}",
            returning="skew_ms",
        )
        if rows:
            log.warning("exchange_clock_skew skew_ms=%s", rows[0][0])
        if nonce_was_refused:
            self._write(
                "last_nonce = %(server)s", {"server": server_ms}, "AND last_nonce > %(server)s + 30000"
            )

    def state(self) -> KeyState:
        """How the key stands. Only reads: a key that was never used stands as it will begin."""
        rows = run(
            f"""SELECT {now_sql()}, {_share_sql()}, paused_until_ms, pause_reason, strikes, stopped_code,
                       skew_ms FROM exchange_apikeyclock WHERE fingerprint = %s""",
            (self.fingerprint,),
        )
        now, share, paused, reason, strikes, code, skew = rows[0] if rows else (0, 1.0, 0, "", 0, "", 0)
        left = max(0, paused - now) / 1000
        return KeyState(
            rate=self.rate * float(share),
            paused_for=left,
            pause_reason=reason if left else "",
            stopped_code=code,
            is_stopped=strikes >= STRIKES_THAT_STOP,
            skew_ms=skew,
        )

    def _make_row(self) -> None:
        if not self._is_known:
            with write_turn():
                ApiKeyClock.objects.bulk_create(
                    [ApiKeyClock(fingerprint=self.fingerprint)], ignore_conflicts=True
                )
            self._is_known = True

    def _write(self, sets: str, params: dict, also: str = "", returning: str = "fingerprint") -> list[tuple]:
        with write_turn():
            return run(
                f"UPDATE exchange_apikeyclock SET {sets} WHERE fingerprint = %(key)s {also} "
                f"RETURNING {returning}",
                {"key": self.fingerprint, **params},
            )


def _share_sql() -> str:
    """What is in force of the configured rate: climbs back by 5 % of it a minute."""
    least, _ = least_greatest()
    return f"{least}(1.0, share + {SHARE_A_MINUTE} * ({now_sql()} - share_at_ms) / 60000.0)"


def _interval_sql() -> str:
    """Microseconds between calls at the rate in force."""
    return f"(1000000.0 / (%(rate)s * {_share_sql()}))"


def _slot_sql() -> str:
    """When the next call may go, epoch microseconds."""
    _, greatest = least_greatest()
    burst = f"CASE WHEN {_share_sql()} < 1 THEN 0 ELSE {BURST_CALLS - 1} * {_interval_sql()} END"
    return f"CAST({greatest}({now_sql()} * 1000, tat_us - {burst}) AS BIGINT)"


@cache
def _grant_sql() -> str:
    _, greatest = least_greatest()
    now, slot = now_sql(), _slot_sql()
    nonce = f"{greatest}({slot} / 1000 + skew_ms, last_nonce + 1)"
    return f"""
        UPDATE exchange_apikeyclock
           SET last_nonce = {nonce},
               slot_us = {slot},
               tat_us = CAST({greatest}({now} * 1000, tat_us) + {_interval_sql()} AS BIGINT)
         WHERE fingerprint = %(key)s AND paused_until_ms <= {now}
           AND {slot} - {now} * 1000 <= {DRIFT_MS} * 1000
           AND {nonce} - ({now} + skew_ms) <= {DRIFT_MS}
        RETURNING last_nonce, slot_us, {now}"""


class NotNow(Exception):
    """Nothing may be sent with this key yet. `reason`: one word; `retry_after`: seconds."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


def wait_and_take(clock: KeyClock, *, at_most: float, sleep: Callable[[float], object] = time.sleep) -> int:
    """The nonce of a call that leaves now: waits for its turn, up to `at_most` seconds.

    Raises NotNow where the key is paused for longer than a second, or the queue is longer than that.
    """
    deadline = time.monotonic() + at_most
    while True:
        answer = clock.grant()
        if isinstance(answer, Grant):
            if answer.wait > 0:
                sleep(answer.wait)
            return answer.nonce
        if (answer.reason and answer.wait > 1) or time.monotonic() + answer.wait > deadline:
            raise NotNow(answer.reason or "queue", answer.wait)
        sleep(answer.wait)
