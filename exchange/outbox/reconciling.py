"""The thread that finds out what became of unknown outcomes: one scan per merchant at a time.

What the scans are for needs customers, so settings name it (`OUTBOX_RECONCILER`, a module):

    recover(client, worker) -> bool    after a restore: whether there is nothing left to do
    reconcile(merchant_uid, client, worker, turn) -> Looked
                                       one scan of a merchant's list and what follows from it; `turn` waits
                                       for the scans' share of the rate, before each page
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from django.conf import settings
from django.db import Error, connection

from exchange.client import ExchangeClient, ExchangeError
from exchange.client import Reason as Cause
from exchange.connection import make_client
from exchange.outbox.database import least_greatest, now_sql, once_now_sql, run, write_turn
from exchange.outbox.delivering import Delivery, LaneNonce
from exchange.outbox.looks import pace_of
from exchange.outbox.recovery import is_recovering
from exchange.outbox.scan_turns import wait_for_scan_turn
from exchange.outbox.workers import STALE_MS

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.5
# A scan's lease is renewed by nobody: the longest list is read within it.
LEASE_MS = 15 * 60_000
LEAST_WAIT_MS, MOST_WAIT_MS = 50, 60_000
# After a 429 without Retry-After.
RATE_LIMITED_SECONDS = 1.0

# The merchants of whom anything is looked for, and when the next look is: two steps in an index for each,
# however many outcomes are unknown.
_UNKNOWN = "FROM exchange_intent i WHERE i.state = 'unknown' AND i.look_ms IS NOT NULL"
_LOOKED_FOR = f"""
WITH RECURSIVE merchant(uid) AS (
    SELECT MIN(i.merchant_uid) {_UNKNOWN}
    UNION ALL
    SELECT (SELECT MIN(i.merchant_uid) {_UNKNOWN} AND i.merchant_uid > merchant.uid)
      FROM merchant WHERE merchant.uid IS NOT NULL
), looked_for AS (
    SELECT uid, (SELECT MIN(i.look_ms) {_UNKNOWN} AND i.merchant_uid = merchant.uid) AS look_ms
      FROM merchant WHERE uid IS NOT NULL
)"""


@dataclass(frozen=True, slots=True)
class Looked:
    """What one scan took and saw."""

    calls: int = 0
    rows: int = 0
    is_whole: bool = False


class ReconcilerModule(Protocol):
    def recover(self, client: ExchangeClient, worker: str) -> bool: ...

    def reconcile(
        self, merchant_uid: str, client: ExchangeClient, worker: str, turn: Callable[[], None]
    ) -> Looked: ...


@cache
def _module(path: str) -> Any:
    return import_module(path)


def reconciler_module() -> ReconcilerModule:
    return _module(settings.OUTBOX_RECONCILER)


def next_look_ms() -> int | None:
    """Milliseconds until a merchant is to be scanned whom nobody is scanning; None: nothing is looked for."""
    _, greatest = least_greatest()
    later = f"{greatest}(looked_for.look_ms, COALESCE(s.not_before_ms, 0))"
    rows = run(
        f"""{_LOOKED_FOR} SELECT MIN({later}) - {now_sql()}
            FROM looked_for LEFT JOIN exchange_scan s ON s.merchant_uid = looked_for.uid
            WHERE {_free("s")}"""
    )
    return None if rows[0][0] is None else max(0, int(rows[0][0]))


def claim_scan(worker: str) -> str | None:
    """Claim the scan of the merchant whose look is due longest; its uid, None where there is none."""
    due = run(
        f"""{_LOOKED_FOR} SELECT looked_for.uid FROM looked_for
            LEFT JOIN exchange_scan s ON s.merchant_uid = looked_for.uid
            WHERE looked_for.look_ms <= {once_now_sql()}
            AND (s.not_before_ms IS NULL OR s.not_before_ms <= {once_now_sql()}) AND {_free("s")}
            ORDER BY looked_for.look_ms LIMIT 1"""
    )
    return due[0][0] if due and take_scan(due[0][0], worker) else None


def take_scan(merchant_uid: str, worker: str) -> bool:
    """Claim this merchant's scan; False where another worker has it."""
    with write_turn():
        return bool(
            run(
                f"""INSERT INTO exchange_scan
                    (merchant_uid, worker, lease_until_ms, not_before_ms, failures, rows, is_whole)
                    VALUES (%(merchant)s, %(worker)s, {now_sql()} + {LEASE_MS}, 0, 0, 0, FALSE)
                    ON CONFLICT (merchant_uid) DO UPDATE
                    SET worker = excluded.worker, lease_until_ms = excluded.lease_until_ms
                    WHERE {_free("exchange_scan")} RETURNING merchant_uid""",
                {"merchant": merchant_uid, "worker": worker},
            )
        )


def release_scan(merchant_uid: str, worker: str, looked: Looked | None, wait_ms: int) -> None:
    """Give the scan back; nobody scans this merchant for `wait_ms`. `looked`: None where it failed."""
    done = f"failures = 0, scanned_ms = {now_sql()}, rows = %(rows)s, is_whole = %(whole)s"
    with write_turn():
        run(
            f"""UPDATE exchange_scan SET worker = '', lease_until_ms = NULL,
                not_before_ms = {now_sql()} + %(wait)s, {done if looked else "failures = failures + 1"}
                WHERE merchant_uid = %(merchant)s AND worker = %(worker)s RETURNING failures""",
            {
                "wait": wait_ms,
                "merchant": merchant_uid,
                "worker": worker,
                **({"rows": looked.rows, "whole": looked.is_whole} if looked else {}),
            },
        )


def _free(scan: str) -> str:
    """Nobody scans: no lease, one that ran out, or one whose worker's heart has stopped."""
    return (
        f"({scan}.lease_until_ms IS NULL OR {scan}.lease_until_ms < {once_now_sql()} OR NOT EXISTS "
        f"(SELECT 1 FROM exchange_worker w WHERE w.id = {scan}.worker "
        f"AND w.beat_ms > {once_now_sql()} - {STALE_MS}))"
    )


class _Stopping(Exception):
    """The process ends, and nobody waits for a scan's next page any more."""


class Reconciler:
    """Looks for unknown outcomes beside the lanes of one process, in a thread of its own."""

    def __init__(self, delivery: Delivery, changed: Callable[[], None]) -> None:
        self.delivery = delivery
        self._changed = changed
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)
        self._over = threading.Event()
        self._bell = threading.Event()
        self.is_busy = False
        # A recovery could not go on and is tried again later.
        self.is_waiting = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._bell.set()
        self._thread.join()

    def _run(self) -> None:
        nonce = self.delivery.lane_nonce()
        client = make_client(nonce)
        try:
            while not self._over.is_set() and not self.delivery.stop.is_set():
                self._bell.wait(self._turn(client, nonce))
        finally:
            client.close()
            connection.close()

    def _turn(self, client: ExchangeClient, nonce: LaneNonce) -> float:
        """Look once where a look is due; seconds until the next turn."""
        try:
            if not self.delivery.heartbeat.is_fresh or self.delivery.paused_for > 0:
                return IDLE_SECONDS
            if is_recovering():
                return 0.0 if self._recover(client, nonce) else IDLE_SECONDS
            wait = next_look_ms()
            if wait is None:
                return IDLE_SECONDS
            if wait > 0:
                return min(IDLE_SECONDS, wait / 1000 + 0.001)
            self.is_busy = True
            try:
                return self._look(client, nonce)
            finally:
                self.is_busy = False
                self._changed()
        except Error as error:
            log.error("reconciler_failed error=%s", type(error).__name__)
            connection.close()
            return 1.0

    def _look(self, client: ExchangeClient, nonce: LaneNonce) -> float:
        worker = self.delivery.heartbeat.id
        merchant_uid = claim_scan(worker)
        if merchant_uid is None:
            return LEAST_WAIT_MS / 1000
        looked, wait_ms = None, MOST_WAIT_MS
        started = time.monotonic()
        try:
            nonce.reset()
            looked = reconciler_module().reconcile(merchant_uid, client, worker, self._scan_turn)
            wait_ms = LEAST_WAIT_MS
        except ExchangeError as error:
            self.delivery.heard(error, nonce)
            wait_ms = self._wait_after_failure(merchant_uid, error)
            log.warning("scan_failed merchant=%s reason=%s wait_ms=%s", merchant_uid, error.reason, wait_ms)
        except _Stopping:
            wait_ms = LEAST_WAIT_MS
        except Error:
            wait_ms = 1_000
            raise
        except Exception as error:
            log.exception("scan_failed merchant=%s error=%s", merchant_uid, type(error).__name__)
        finally:
            release_scan(merchant_uid, worker, looked, wait_ms)
        log.info("scanned merchant=%s seconds=%.2f", merchant_uid, time.monotonic() - started)
        return LEAST_WAIT_MS / 1000

    def _scan_turn(self) -> None:
        wait_for_scan_turn(self.delivery.clock, self._wait_unless_stopped)

    def _wait_unless_stopped(self, seconds: float) -> None:
        if self._over.wait(seconds):
            raise _Stopping

    def _wait_after_failure(self, merchant_uid: str, error: ExchangeError) -> int:
        if error.reason == Cause.RATE_LIMITED:
            # No outage: what was found stays found, and the key's own pause is wait enough for the rest.
            pause = RATE_LIMITED_SECONDS if error.retry_after is None else error.retry_after
            return min(MOST_WAIT_MS, int(pause * 1000))
        rows = run("SELECT failures FROM exchange_scan WHERE merchant_uid = %s", (merchant_uid,))
        first = max(LEAST_WAIT_MS, pace_of(settings.OUTBOX_SETTLE_SECONDS).quick_ms[0])
        return min(MOST_WAIT_MS, first * 2 ** min(10, rows[0][0] if rows else 0))

    def _recover(self, client: ExchangeClient, nonce: LaneNonce) -> bool:
        self.is_busy = True
        try:
            nonce.reset()
            self.is_waiting = not reconciler_module().recover(client, self.delivery.heartbeat.id)
            return not self.is_waiting
        except ExchangeError as error:
            self.delivery.heard(error, nonce)
            self.is_waiting = True
            log.warning("recovery_waits reason=%s", error.reason)
            return False
        finally:
            self.is_busy = False
            self._changed()
