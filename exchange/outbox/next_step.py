"""What becomes of an intent after an attempt: one pure function, over the classes of outcome."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exchange.client import ExchangeError, Outcome
from exchange.client import Reason as Cause
from exchange.outbox.choices import IntentState, Reason, Topic

# Nothing came of so many attempts: a person looks.
MAX_TRIES = 20
FIRST_WAIT_MS, LAST_WAIT_MS = 1_000, 15 * 60_000
SHORT_WAIT_MS = 200

# The key, the clock, the limit or the exchange's opening hours: no customer's try is used up.
_NOT_THE_SUBJECT = frozenset(
    {Cause.RATE_LIMITED, Cause.PAUSED, Cause.KEY_REFUSED, Cause.CLOCK, Cause.NOT_SIGNED}
)
UNKNOWN_REASONS = {
    Topic.CREATE: Reason.CREATE_OUTCOME_UNKNOWN,
    Topic.UPLOAD: Reason.UPLOAD_OUTCOME_UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Result:
    """What one attempt came to. `cause`: the client's word, or ours; `phase`: sent, not_sent or lost."""

    outcome: Outcome
    cause: str
    phase: str = "sent"
    status: int | None = None
    codes: tuple[str, ...] = ()
    retry_after: float | None = None
    is_safe_to_repeat: bool = False
    nonce: int | None = None
    reply: Any = None
    # Set where our own code found while sending that a person must decide, and sent nothing.
    held: str = ""


def result_of(error: ExchangeError, nonce: int | None) -> Result:
    not_sent = error.reason in (Cause.NOT_SIGNED, Cause.NOT_SENDABLE, Cause.UNREACHABLE)
    return Result(
        outcome=error.outcome,
        cause=error.reason.value,
        phase="not_sent" if not_sent else "sent",
        status=error.status,
        codes=tuple(error.codes),
        retry_after=error.retry_after,
        is_safe_to_repeat=error.is_safe_to_repeat,
        nonce=nonce,
    )


def lost_result(topic: str) -> Result:
    """The worker ended between the attempt's row and its outcome: whatever was sent may have arrived."""
    return Result(Outcome.UNKNOWN, "worker_lost", "lost", is_safe_to_repeat=topic == Topic.SET_CUSTOM_ID)


@dataclass(frozen=True, slots=True)
class Step:
    """The intent's next state. `wait_ms`: how long until it is due again, where it is pending."""

    state: IntentState
    reason: str = ""
    wait_ms: int = 0
    tries: int = 0
    unknown_tries: int = 0


def next_step(
    topic: str,
    result: Result,
    *,
    tries: int,
    unknown_tries: int,
    is_outage: bool = False,
    chance: Callable[[], float] = random.random,
) -> Step:
    """The step after `result`, for an intent with so many tries behind it.

    `is_outage`: the circuit is open, so the failure was not this subject's. `chance` gives 0 to 1, for the
    jitter.
    """
    outcome = result.outcome
    if result.held:
        return Step(IntentState.WAITING_FOR_STAFF, result.held, 0, tries, unknown_tries)
    if outcome is Outcome.APPLIED:
        return Step(IntentState.DONE, "", 0, tries, unknown_tries)
    if outcome is Outcome.UNKNOWN and not result.is_safe_to_repeat:
        reason = UNKNOWN_REASONS[Topic(topic)]
        return Step(IntentState.UNKNOWN, reason, 0, tries, unknown_tries + 1)
    if outcome in (Outcome.NOT_APPLIED, Outcome.UNKNOWN):
        unknown = unknown_tries + (outcome is Outcome.UNKNOWN)
        if is_outage or result.cause in _NOT_THE_SUBJECT:
            asked = SHORT_WAIT_MS if result.retry_after is None else int(result.retry_after * 1000)
            return Step(IntentState.PENDING, "", asked + int(chance() * SHORT_WAIT_MS), tries, unknown)
        if tries + 1 >= MAX_TRIES:
            return Step(IntentState.WAITING_FOR_STAFF, Reason.TOO_MANY_ATTEMPTS, 0, tries + 1, unknown)
        return Step(IntentState.PENDING, "", backoff_ms(tries, chance), tries + 1, unknown)
    return Step(IntentState.WAITING_FOR_STAFF, _reason_for(outcome, result.cause), 0, tries, unknown_tries)


def backoff_ms(tries: int, chance: Callable[[], float] = random.random) -> int:
    """Milliseconds to wait after `tries` failures before this one: 1 s doubling to 15 min, full jitter."""
    return int(min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** min(tries, 20)) * chance())


def _reason_for(outcome: Outcome, cause: str) -> Reason:
    if outcome is Outcome.REJECTED:
        return Reason.REJECTED_BY_EXCHANGE
    if outcome is Outcome.TAKEN:
        return Reason.UBO_EMAIL_TAKEN if cause == Cause.UBO_EMAIL_TAKEN else Reason.EMAIL_TAKEN_ELSEWHERE
    return Reason.REFUSED_BY_EXCHANGE
