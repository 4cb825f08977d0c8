"""One lane's work, from the claim to giving it back: prepare, note the attempt, send, settle, go on."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection

from exchange.client import ExchangeClient, ExchangeError, Outcome
from exchange.client import Reason as Cause
from exchange.outbox.choices import UNKNOWN_REASONS, IntentState, Reason, Topic
from exchange.outbox.circuits import OUTAGES, Circuits
from exchange.outbox.claiming import Claim, abandon_claim, release_claim, still_holds
from exchange.outbox.database import in_transaction
from exchange.outbox.handlers import Held, Nothing, Obsolete, Prepared, handler_for
from exchange.outbox.key_clock import KeyClock, NotNow, wait_and_take
from exchange.outbox.looks import pace_of
from exchange.outbox.models import Intent
from exchange.outbox.next_step import (
    MAX_TRIES,
    Result,
    Step,
    lost_result,
    may_be_everybodys,
    next_step,
    result_of,
)
from exchange.outbox.prepared_query import PreparedQuery
from exchange.outbox.settling import ClaimLost, drop, park, postpone, settle, start_attempt
from exchange.outbox.watchdog import Progress
from exchange.outbox.workers import Heartbeat

log = logging.getLogger(__name__)
Done = TypeVar("Done")

# A call may queue for so long: the lease outlives it and the longest call with half a minute to spare.
QUEUE_SECONDS = 45.0
# Our own records could not follow an answer: they are tried again after so long.
UNRESOLVED_LOOK_MS = 5_000
# A database that is gone for a moment does not cost us the answer that we hold in our hands.
SETTLE_WAITS = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0)

_OPEN_INTENTS = PreparedQuery(
    lambda lane: Intent.objects.filter(
        lane_id=lane, state__in=(IntentState.PENDING, IntentState.SENDING)
    ).order_by("position", "created_ms", "id")
)


class LaneNonce:
    """Where one thread's client takes its nonces: the last thing before the request leaves.

    Refuses within a transaction, for a worker whose claims others may have taken over, and once told to stop.
    """

    def __init__(self, clock: KeyClock, heartbeat: Heartbeat, stop: threading.Event) -> None:
        self._clock, self._heartbeat, self._stop = clock, heartbeat, stop
        self.taken: int | None = None
        self.refusal: NotNow | None = None

    def reset(self) -> None:
        self.taken = self.refusal = None

    def __call__(self) -> int:
        if in_transaction():
            raise RuntimeError("the exchange is never called within a transaction")
        try:
            nonce = wait_and_take(self._clock, at_most=QUEUE_SECONDS, sleep=self._sleep)
            if not self._heartbeat.is_fresh:
                raise NotNow("stale_worker", 1.0)
        except NotNow as refusal:
            self.refusal = refusal
            raise
        self.taken = nonce
        return nonce

    def _sleep(self, seconds: float) -> None:
        # A short wait ends by itself; a long one ends early when we are told to stop.
        if seconds > 0.2 and self._stop.wait(seconds):
            raise NotNow("stopping", 0.0)
        if seconds <= 0.2:
            time.sleep(seconds)


class Delivery:
    """What the lanes of one process share: the key's clock, the circuits, the heartbeat, the wish to stop."""

    def __init__(self, heartbeat: Heartbeat, clock: KeyClock | None = None) -> None:
        self.heartbeat = heartbeat
        self.clock = clock or KeyClock()
        self.circuits = Circuits()
        self.stop = threading.Event()
        self.progress = Progress()
        self._resume_at = 0.0
        self._shared: dict[str, object] = {}

    def pause(self, seconds: float) -> None:
        """Claim nothing for so long, up to five seconds: the key is paused, and is asked again then."""
        self._resume_at = max(self._resume_at, time.monotonic() + min(seconds, 5.0))

    @property
    def paused_for(self) -> float:
        return max(0.0, self._resume_at - time.monotonic())

    def lane_nonce(self) -> LaneNonce:
        return LaneNonce(self.clock, self.heartbeat, self.stop)

    def heard(self, error: ExchangeError, nonce: LaneNonce) -> None:
        """Learn from a failed question of the reconciliation what it says about key, clock and exchange."""
        self._learn(error, error.call, result_of(error, nonce.taken), nonce)

    def deliver(self, claim: Claim, client: ExchangeClient, nonce: LaneNonce) -> None:
        """Work on a claimed lane until nothing in it is due, the key is paused or we are to stop."""
        claim.shared = self._shared
        try:
            if not still_holds(claim):
                raise ClaimLost
            self._deliver(claim, client, nonce)
        except ClaimLost:
            log.warning("claim_lost lane=%s", claim.lane)
            return
        except Exception as error:
            log.exception("lane_left lane=%s error=%s", claim.lane, type(error).__name__)
            connection.close()
            _insistently(lambda: abandon_claim(claim))

    def _deliver(self, claim: Claim, client: ExchangeClient, nonce: LaneNonce) -> None:
        # Positions order a lane: customer, reference, documents, UBOs' documents.
        intents = _OPEN_INTENTS.rows(claim.lane)
        for intent in intents:
            if intent.state == IntentState.SENDING:
                self._settle_lost(claim, intent)
        queue = [
            intent
            for intent in intents
            if intent.state == IntentState.PENDING and intent.due_ms <= claim.claimed_ms
        ]
        current = self._start_next(claim, queue)
        while current is not None:
            current = self._make(claim, current, queue, client, nonce)
            if current is None and not claim.is_over:
                current = self._start_next(claim, queue)
        if not claim.is_over:
            release_claim(claim)

    @property
    def _is_held_up(self) -> bool:
        return self.stop.is_set() or self.paused_for > 0 or not self.heartbeat.is_fresh

    def _make(
        self,
        claim: Claim,
        current: tuple[Intent, Prepared],
        queue: list[Intent],
        client: ExchangeClient,
        nonce: LaneNonce,
    ) -> tuple[Intent, Prepared] | None:
        """Send one prepared call and settle it; the next one where it has begun in the same commit."""
        intent, prepared = current
        handler = handler_for(intent.topic)
        result = self._send(intent, prepared, client, nonce)
        step = self._judge(intent, prepared, result)
        following = self._look_ahead(claim, queue, result)
        is_last = following is None and (not queue or self._is_held_up)
        try:
            begun = _insistently(
                lambda: settle(claim, intent, handler, result, step, following, is_last=is_last)
            )
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            # Our own follow-up failed, not the exchange: what it did stays on record, a person looks.
            log.exception("follow_up_failed intent=%s error=%s", intent.pk, type(error).__name__)
            begun = is_last = False
            step = _unresolved(intent, step)
            _insistently(lambda: settle(claim, intent, Nothing(), result, step))
        claim.is_over = is_last
        self.progress.note()
        # What went as it should stands in the attempt's row; a line for each would drown the others.
        log.log(
            logging.DEBUG if result.outcome is Outcome.APPLIED else logging.INFO,
            "attempt intent=%s topic=%s number=%s outcome=%s cause=%s status=%s state=%s",
            *(intent.pk, intent.topic, intent.attempts_made, result.outcome, result.cause),
            *(result.status, step.state),
        )
        if begun and following is not None:
            queue.remove(following[0])
            return following
        return None

    def _send(self, intent: Intent, prepared: Prepared, client: ExchangeClient, nonce: LaneNonce) -> Result:
        if in_transaction():
            raise RuntimeError("the exchange is never called within a transaction")
        nonce.reset()
        try:
            reply = prepared.send(client)
        except Held as held:
            codes = (held.code,) if held.code else ()
            return Result(Outcome.NOT_APPLIED, "held", "not_sent", codes=codes, held=held.reason)
        except ExchangeError as error:
            result = result_of(error, nonce.taken)
            self._learn(error, prepared.endpoint, result, nonce, intent.lane_id)
            return result
        except Exception as error:
            # Whatever it was, a nonce that was taken means that the request may have left.
            log.exception("send_failed intent=%s error=%s", intent.pk, type(error).__name__)
            if nonce.taken is None:
                return Result(Outcome.NOT_APPLIED, "send_failed", "not_sent")
            return Result(Outcome.UNKNOWN, "send_failed", "lost", nonce=nonce.taken)
        self.clock.accepted()
        self.circuits.answered(prepared.endpoint)
        return Result(
            Outcome.APPLIED,
            "applied",
            status=getattr(reply, "status", None),
            nonce=nonce.taken,
            reply=reply,
        )

    def _learn(
        self,
        error: ExchangeError,
        endpoint: str,
        result: Result,
        nonce: LaneNonce,
        customer: UUID | None = None,
    ) -> None:
        """What a failure says about the key, the clock and the exchange as a whole."""
        cause = error.reason
        code = error.codes[0] if error.codes else cause.value
        if cause == Cause.NOT_SIGNED:
            refusal = nonce.refusal
            self.pause(refusal.retry_after if refusal else 1.0)
        elif cause == Cause.RATE_LIMITED:
            self.clock.slow_down(error.retry_after, nonce.taken)
            self.pause(1.0 if error.retry_after is None else error.retry_after)
        elif cause == Cause.CLOCK:
            self.clock.clock_problem(error.server_date, code)
        elif cause == Cause.KEY_REFUSED:
            self.clock.strike(code)
            self.pause(1.0)
        elif cause == Cause.PAUSED:
            self.clock.pause(2.0 if error.retry_after is None else error.retry_after, "exchange_paused")
            self.pause(1.0)
        if cause in OUTAGES:
            self.circuits.failed(endpoint)
        elif customer is not None and may_be_everybodys(error, result):
            self.circuits.refused(endpoint, customer)
            self.clock.accepted()
        elif result.status is not None:
            self.circuits.answered(endpoint)
            if cause not in (Cause.CLOCK, Cause.KEY_REFUSED, Cause.RATE_LIMITED):
                self.clock.accepted()

    def _judge(self, intent: Intent, prepared: Prepared, result: Result) -> Step:
        is_everybodys = result.cause in OUTAGES or result.cause == Cause.REFUSED
        return next_step(
            intent.topic,
            result,
            tries=intent.tries,
            unknown_tries=intent.unknown_tries,
            is_outage=is_everybodys and self.circuits.is_open(prepared.endpoint),
            rest_ms=self.circuits.rest_ms(prepared.endpoint),
            **_unknown_policy(),
        )

    def _look_ahead(
        self, claim: Claim, queue: list[Intent], result: Result
    ) -> tuple[Intent, Prepared] | None:
        """The next call where it can begin with this one's commit; whatever stands in its way comes later."""
        if not queue or self._is_held_up or result.outcome is not Outcome.APPLIED:
            return None
        intent = queue[0]
        try:
            prepared = handler_for(intent.topic).prepare(intent, claim)
            return None if self.circuits.wait_ms(prepared.endpoint) else (intent, prepared)
        except Exception:  # whatever it is, `_start_next` meets it again and deals with it
            return None

    def _start_next(self, claim: Claim, queue: list[Intent]) -> tuple[Intent, Prepared] | None:
        while queue and not self._is_held_up:
            intent = queue.pop(0)
            if not intent.is_ready and not Intent.objects.filter(pk=intent.pk, is_ready=True).exists():
                continue
            handler = handler_for(intent.topic)
            try:
                prepared = handler.prepare(intent, claim)
            except Held as held:
                park(claim, intent, handler, held.reason, held.code)
                continue
            except Obsolete as obsolete:
                drop(claim, intent, str(obsolete))
                continue
            except Error:
                raise
            except Exception as error:
                # A storage that does not answer, or our own fault: later, and not for ever.
                log.exception("prepare_failed intent=%s error=%s", intent.pk, type(error).__name__)
                failed = Result(Outcome.NOT_APPLIED, "prepare_failed", "not_sent")
                step = next_step(intent.topic, failed, tries=intent.tries, unknown_tries=0)
                postpone(claim, intent, step, f"prepare_failed.{type(error).__name__}")
                continue
            wait = self.circuits.wait_ms(prepared.endpoint)
            if wait:
                postpone(claim, intent, Step(IntentState.PENDING, "", wait, intent.tries), "circuit_open")
            elif start_attempt(claim, intent, prepared):
                return intent, prepared
        return None

    def _settle_lost(self, claim: Claim, intent: Intent) -> None:
        result = lost_result(intent.topic)
        step = next_step(
            intent.topic,
            result,
            tries=intent.tries,
            unknown_tries=intent.unknown_tries,
            is_outage=True,
            **_unknown_policy(),
        )
        settle(claim, intent, handler_for(intent.topic), result, step)
        log.warning("attempt_lost intent=%s topic=%s state=%s", intent.pk, intent.topic, step.state)


def _unknown_policy() -> dict[str, Any]:
    """How unknown outcomes are dealt with, as the settings say."""
    return {
        "pace": pace_of(settings.OUTBOX_SETTLE_SECONDS),
        "resends": settings.UPLOAD_UNKNOWN_RESENDS,
    }


def _unresolved(intent: Intent, step: Step) -> Step:
    """Where our own records could not follow: not done and not sent again, but looked for a little later."""
    reason = UNKNOWN_REASONS.get(Topic(intent.topic))
    if reason is None and intent.tries + 1 >= MAX_TRIES:
        return Step(IntentState.WAITING_FOR_STAFF, Reason.TOO_MANY_ATTEMPTS, 0, intent.tries + 1)
    if reason is None:
        return Step(IntentState.PENDING, "", 60_000, intent.tries + 1, intent.unknown_tries)
    return Step(IntentState.UNKNOWN, reason, 0, step.tries, step.unknown_tries, UNRESOLVED_LOOK_MS)


def _insistently(write: Callable[[], Done]) -> Done:
    """Write, again after a moment where the database was locked or gone. Raises what the last try raised."""
    for wait in SETTLE_WAITS:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            log.warning("settling_again error=%s", type(error).__name__)
            connection.close()
            time.sleep(wait)
    return write()
