"""What becomes of an intent after an attempt: one pure function, over the classes of outcome."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exchange.client import ExchangeError, Outcome
from exchange.client import Reason as Cause
from exchange.outbox.choices import UNKNOWN_REASONS, IntentState, Reason, Topic
from exchange.outbox.looks import Pace, pace_of

# Nothing came of so many attempts: a person looks.
MAX_TRIES = 20
FIRST_WAIT_MS, LAST_WAIT_MS = 1_000, 15 * 60_000
SHORT_WAIT_MS = 200
# So many rests of its circuit a refused probe's intent waits, while others are asked about.
RESTS_AFTER_REFUSAL = 10

# The key, the clock, the limit or the exchange's opening hours: no customer's try is used up.
_NOT_THE_SUBJECT = frozenset(
    {Cause.RATE_LIMITED, Cause.PAUSED, Cause.KEY_REFUSED, Cause.CLOCK, Cause.NOT_SIGNED}
)
WORKER_LOST = "worker_lost"
DEFAULT_PACE = pace_of(300)
# In the codes of a refused upload: it is there already, or its owner has as many as may be.
_ALREADY = ("limit", "exist", "taken", "duplicate", "already_upload")


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


def is_question(error: ExchangeError) -> bool:
    """Whether the call that failed only reads."""
    return error.call.startswith(("get_", "list_"))


def result_of(error: ExchangeError, nonce: int | None) -> Result:
    # A question whose answer was lost did nothing, whatever was to be done after it.
    is_lost_question = is_question(error) and error.outcome is Outcome.UNKNOWN
    not_sent = error.reason in (Cause.NOT_SIGNED, Cause.NOT_SENDABLE, Cause.UNREACHABLE)
    return Result(
        outcome=Outcome.NOT_APPLIED if is_lost_question else error.outcome,
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
    return Result(Outcome.UNKNOWN, WORKER_LOST, "lost", is_safe_to_repeat=topic == Topic.SET_CUSTOM_ID)


@dataclass(frozen=True, slots=True)
class Step:
    """The intent's next state. `wait_ms`: how long until it is due again, where it is pending; `look_ms`: how
    long until the exchange is looked at, where its outcome is unknown."""

    state: IntentState
    reason: str = ""
    wait_ms: int = 0
    tries: int = 0
    unknown_tries: int = 0
    look_ms: int | None = None


def next_step(
    topic: str,
    result: Result,
    *,
    tries: int,
    unknown_tries: int,
    is_outage: bool = False,
    rest_ms: int = 0,
    chance: Callable[[], float] = random.random,
    pace: Pace = DEFAULT_PACE,
    resends: int = 1,
) -> Step:
    """The step after `result`, for an intent with so many tries behind it.

    `is_outage`: the circuit is open, so the failure was not this subject's; `rest_ms`: how much longer it
    rests. `chance` gives 0 to 1, for the jitter. `resends`: how often an upload is sent again after an
    unknown outcome.
    """
    outcome = result.outcome
    if result.held:
        return Step(IntentState.WAITING_FOR_STAFF, result.held, 0, tries, unknown_tries)
    if outcome is Outcome.APPLIED:
        return Step(IntentState.DONE, "", 0, tries, unknown_tries)
    if outcome is Outcome.UNKNOWN and not result.is_safe_to_repeat:
        return _unknown(Topic(topic), result, tries, unknown_tries, pace, resends, is_outage)
    if outcome is Outcome.REJECTED and topic == Topic.CREATE and unknown_tries and not result.codes:
        # A rejection that names nothing, after a lost reply: it may say that the e-mail is taken, by us.
        return _unknown(Topic(topic), result, tries, unknown_tries, pace, resends, is_outage)
    if outcome is Outcome.TAKEN and topic == Topic.CREATE:
        # It may be us: looked for before a person is asked.
        return Step(
            IntentState.UNKNOWN, _reason_for(outcome, result.cause), 0, tries, unknown_tries, look_ms=0
        )
    if outcome in (Outcome.NOT_APPLIED, Outcome.UNKNOWN):
        unknown = unknown_tries + (outcome is Outcome.UNKNOWN)
        if is_outage or result.cause in _NOT_THE_SUBJECT:
            asked = SHORT_WAIT_MS if result.retry_after is None else int(result.retry_after * 1000)
            return Step(IntentState.PENDING, "", asked + int(chance() * SHORT_WAIT_MS), tries, unknown)
        if tries + 1 >= MAX_TRIES:
            return Step(IntentState.WAITING_FOR_STAFF, Reason.TOO_MANY_ATTEMPTS, 0, tries + 1, unknown)
        return Step(IntentState.PENDING, "", backoff_ms(tries, chance), tries + 1, unknown)
    if outcome is Outcome.REFUSED and is_outage and not is_of_the_subject(result):
        # Longer than the others wait: the next probes are theirs, since this one may be refused for itself.
        wait_ms = RESTS_AFTER_REFUSAL * rest_ms + int(chance() * SHORT_WAIT_MS)
        return Step(IntentState.PENDING, "", wait_ms, tries, unknown_tries)
    reason = _reason_for(outcome, result.cause)
    if topic == Topic.UPLOAD and unknown_tries and is_of_the_subject(result):
        reason = Reason.UPLOAD_OUTCOME_UNKNOWN
    return Step(IntentState.WAITING_FOR_STAFF, reason, 0, tries, unknown_tries)


def _unknown(
    topic: Topic,
    result: Result,
    tries: int,
    unknown_tries: int,
    pace: Pace,
    resends: int,
    is_outage: bool,
) -> Step:
    reason = UNKNOWN_REASONS[topic]
    if topic != Topic.UPLOAD:
        # A worker of ours that ended is no answer of the exchange's, and that of an outage is nobody's in
        # particular: the rounds count the others alone.
        rounds = unknown_tries + (result.cause != WORKER_LOST and not is_outage)
        return Step(IntentState.UNKNOWN, reason, 0, tries, rounds, pace.first_look_ms())
    if unknown_tries >= resends and is_outage and result.cause != WORKER_LOST:
        # Most likely it is missing. A person asks, and may have it sent once the exchange is back.
        return Step(IntentState.WAITING_FOR_STAFF, reason, 0, tries, unknown_tries + 1)
    if unknown_tries >= resends:
        # Sent as often as it may be; there is no way to ask. It is finished, and its flag stays.
        return Step(IntentState.DONE, reason, 0, tries, unknown_tries + 1)
    return Step(IntentState.UNKNOWN, reason, 0, tries, unknown_tries + 1, pace.settle_ms)


def may_be_everybodys(error: ExchangeError, result: Result) -> bool:
    """Whether others may be refused as well: a call that does something, refused without a word about its
    subject."""
    return error.reason == Cause.REFUSED and not is_question(error) and not is_of_the_subject(result)


def is_of_the_subject(result: Result) -> bool:
    """Whether a refusal's codes speak of this very subject: it is there already, or its owner has as many as
    may be. After a lost reply that sounds as if the first had arrived."""
    return any(word in code for code in result.codes for word in _ALREADY)


def backoff_ms(tries: int, chance: Callable[[], float] = random.random) -> int:
    """Milliseconds to wait after `tries` failures before this one: 1 s doubling to 15 min, full jitter."""
    return int(min(LAST_WAIT_MS, FIRST_WAIT_MS * 2 ** min(tries, 20)) * chance())


def _reason_for(outcome: Outcome, cause: str) -> Reason:
    if outcome is Outcome.REJECTED:
        return Reason.REJECTED_BY_EXCHANGE
    if outcome is Outcome.TAKEN:
        return Reason.UBO_EMAIL_TAKEN if cause == Cause.UBO_EMAIL_TAKEN else Reason.EMAIL_TAKEN_ELSEWHERE
    return Reason.REFUSED_BY_EXCHANGE
