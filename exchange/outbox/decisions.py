"""What staff may decide about an intent. Who may, and the audit row, are the caller's matter."""

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from exchange.outbox.choices import (
    LOOKED_FOR,
    LOOKS_FIRST,
    RETRYABLE_REASONS,
    UNKNOWN_REASONS,
    IntentState,
    Reason,
    Topic,
)
from exchange.outbox.database import now_ms, short_transaction
from exchange.outbox.doorbell import ring
from exchange.outbox.models import Intent, Lane

# The code of a create whose account was found and not taken: what stands there is not what was submitted.
CONTRADICTS = "contradicts:"
# One that carries our reference and no token, and whose details don't tell whose it is.
UNPROVEN = "unproven:"
# What it was about is done; a person had to know, and says that it is dealt with.
ACKNOWLEDGED_REASONS = (Reason.EXISTS_MORE_THAN_ONCE, Reason.FOREIGN_SENDER, Reason.PAYMENT_EXISTS_TWICE)


class NotAllowedNow(Exception):
    """The intent does not stand where this can be decided. Its text tells a person why and what to do."""


class RetryNotAllowed(NotAllowedNow):
    """The intent can't be sent again."""


def may_retry(intent: Intent) -> bool:
    """Whether nothing of it reached the exchange, or a person has asked there; and the same makes sense."""
    if intent.state != IntentState.WAITING_FOR_STAFF:
        return False
    # What was rejected of a customer is edited and submitted anew; a document may be offered once more.
    is_offered_again = intent.reason == Reason.REJECTED_BY_EXCHANGE and intent.topic != Topic.CREATE
    # The document stays flagged; whoever retries has asked the exchange, and it lacks it.
    is_lacking = intent.reason == Reason.UPLOAD_OUTCOME_UNKNOWN
    return intent.reason in RETRYABLE_REASONS or is_offered_again or is_lacking


def may_look(intent: Intent) -> bool:
    """Whether a look at the exchange can tell what became of it."""
    if intent.topic not in LOOKED_FOR:
        return False
    is_unknown = intent.reason == UNKNOWN_REASONS[Topic(intent.topic)]
    return intent.state == IntentState.UNKNOWN or (
        intent.state == IntentState.WAITING_FOR_STAFF
        and (is_unknown or intent.error_code.startswith(CONTRADICTS))
    )


def may_send_after_all(intent: Intent) -> bool:
    """Whether a person may say: the exchange was asked, it is not there, send it."""
    return (
        intent.state == IntentState.WAITING_FOR_STAFF
        and intent.topic in LOOKED_FOR
        and intent.reason == UNKNOWN_REASONS[Topic(intent.topic)]
    )


def unproven_uid(intent: Intent) -> str:
    """The account that a create waits for a person's word on; "" where it waits for nothing of that kind."""
    is_asked = (
        intent.state == IntentState.WAITING_FOR_STAFF
        and intent.topic == Topic.CREATE
        and intent.reason == Reason.CREATE_OUTCOME_UNKNOWN
        and intent.error_code.startswith(UNPROVEN)
    )
    return intent.error_code.removeprefix(UNPROVEN) if is_asked else ""


def may_hold(intent: Intent) -> bool:
    return intent.state == IntentState.PENDING


def may_give_up(intent: Intent) -> bool:
    return intent.state == IntentState.WAITING_FOR_STAFF or (
        intent.state == IntentState.PENDING and intent.is_held
    )


def may_acknowledge(intent: Intent) -> bool:
    """Whether staff may say that it is dealt with; the caller sees to it that its customer has a uid."""
    return (
        intent.state == IntentState.WAITING_FOR_STAFF
        and intent.reason in ACKNOWLEDGED_REASONS
        and not intent.error_code.startswith(CONTRADICTS)
    )


def retry(intent: Intent) -> None:
    """Make the intent due now, with fresh tries. Raises RetryNotAllowed.

    After a restore what can be looked for is looked for first, whatever its last outcome was.
    """
    with short_transaction():
        fresh = _locked(intent)
        if not may_retry(fresh):
            raise RetryNotAllowed(_refusal(fresh))
        if fresh.topic in LOOKED_FOR and settings.RECOVERY_EPOCH_MS is not None:
            _look(fresh, settings.RECOVERY_EPOCH_MS, LOOKS_FIRST)
        else:
            _make_due(fresh)
        transaction.on_commit(ring)
    intent.refresh_from_db()


def look_again(intent: Intent) -> None:
    """Look for it at the exchange now; absence is proved anew. Raises NotAllowedNow."""
    with short_transaction():
        fresh = _locked(intent)
        if not may_look(fresh):
            raise NotAllowedNow(_refusal(fresh))
        _look(fresh, fresh.unknown_ms or fresh.updated_ms, fresh.error_code)
        transaction.on_commit(ring)
    intent.refresh_from_db()


def send_after_all(intent: Intent) -> None:
    """The exchange was asked and has no such thing: a new round begins. Raises NotAllowedNow.

    Token, e-mail and webhook address stay the same, so that what is there after all is still recognised.
    """
    with short_transaction():
        fresh = _locked(intent)
        if not may_send_after_all(fresh):
            raise NotAllowedNow(_refusal(fresh))
        _make_due(fresh, unknown_tries=0)
        transaction.on_commit(ring)
    intent.refresh_from_db()


def hold(intent: Intent, *, is_held: bool = True) -> None:
    """Keep a pending intent back, or let it go again. Raises NotAllowedNow."""
    with short_transaction():
        fresh = _locked(intent)
        if not may_hold(fresh):
            raise NotAllowedNow(_refusal(fresh))
        now = now_ms()
        Intent.objects.filter(pk=fresh.pk).update(is_held=is_held, updated_ms=now)
        if not is_held:
            Lane.objects.filter(pk=fresh.lane_id).update(due_ms=now)
            transaction.on_commit(ring)
    intent.refresh_from_db()


def give_up(intent: Intent, *, code: str = "given_up_by_staff") -> None:
    """Nothing more is sent of it. Raises NotAllowedNow. What follows for its customer is the caller's."""
    with short_transaction():
        fresh = _locked(intent)
        if not may_give_up(fresh):
            raise NotAllowedNow(_refusal(fresh))
        _close(fresh, IntentState.GIVEN_UP, code)
    intent.refresh_from_db()


def acknowledge(intent: Intent) -> None:
    """What it was about is done, and staff have dealt with the rest. Raises NotAllowedNow."""
    with short_transaction():
        fresh = _locked(intent)
        if not may_acknowledge(fresh):
            raise NotAllowedNow(_refusal(fresh))
        _close(fresh, IntentState.DONE, fresh.error_code)
    intent.refresh_from_db()


def _locked(intent: Intent) -> Intent:
    return Intent.objects.select_for_update().get(pk=intent.pk)


def _make_due(intent: Intent, **more: int) -> None:
    now = now_ms()
    Intent.objects.filter(pk=intent.pk).update(
        state=IntentState.PENDING, is_ready=True, reason="", tries=0, due_ms=now, updated_ms=now, **more
    )
    Lane.objects.filter(pk=intent.lane_id).update(due_ms=now)


def _look(intent: Intent, unknown_ms: int, code: str) -> None:
    now = now_ms()
    Intent.objects.filter(pk=intent.pk).update(
        state=IntentState.UNKNOWN,
        reason=UNKNOWN_REASONS[Topic(intent.topic)],
        error_code=code,
        unknown_ms=unknown_ms,
        clean_ms=None,
        look_ms=now,
        updated_ms=now,
    )


def _close(intent: Intent, state: IntentState, code: str) -> None:
    now = now_ms()
    Intent.objects.filter(pk=intent.pk).update(
        state=state, error_code=code[:200], is_held=False, look_ms=None, updated_ms=now, done_ms=now
    )


def _refusal(intent: Intent) -> str:
    if intent.state == IntentState.UNKNOWN:
        return _("Whether it arrived is unknown, so it is not sent again: it is looked for there.")
    if intent.state != IntentState.WAITING_FOR_STAFF:
        return _("It does not wait for staff any more. Reload the page.")
    return Reason(intent.reason).remedy_for(intent.error_code, intent.topic)
