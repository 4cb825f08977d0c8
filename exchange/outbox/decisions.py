"""What staff may decide about an intent. Who may, and the audit row, are the caller's matter."""

from django.db import transaction
from django.utils.translation import gettext as _

from exchange.outbox.choices import RETRYABLE_REASONS, IntentState, Reason, Topic
from exchange.outbox.database import now_ms, short_transaction
from exchange.outbox.doorbell import ring
from exchange.outbox.models import Intent, Lane


class RetryNotAllowed(Exception):
    """The intent can't be sent again. Its text tells a person why and what to do."""


def may_retry(intent: Intent) -> bool:
    """Whether nothing of it reached the exchange, and sending the same again makes sense."""
    if intent.state != IntentState.WAITING_FOR_STAFF:
        return False
    # What was rejected of a customer is edited and submitted anew; a document may be offered once more.
    is_offered_again = intent.reason == Reason.REJECTED_BY_EXCHANGE and intent.topic != Topic.CREATE
    return intent.reason in RETRYABLE_REASONS or is_offered_again


def retry(intent: Intent) -> None:
    """Make the intent due now, with fresh tries. Raises RetryNotAllowed."""
    with short_transaction():
        fresh = Intent.objects.select_for_update().get(pk=intent.pk)
        if not may_retry(fresh):
            raise RetryNotAllowed(_refusal(fresh))
        now = now_ms()
        Intent.objects.filter(pk=fresh.pk).update(
            state=IntentState.PENDING, is_ready=True, reason="", tries=0, due_ms=now, updated_ms=now
        )
        Lane.objects.filter(pk=fresh.lane_id).update(due_ms=now)
        transaction.on_commit(ring)
    intent.refresh_from_db()


def _refusal(intent: Intent) -> str:
    if intent.state == IntentState.UNKNOWN:
        return _("Whether it reached the exchange is unknown, so it is not sent again.")
    if intent.state != IntentState.WAITING_FOR_STAFF:
        return _("It does not wait for staff any more. Reload the page.")
    return Reason(intent.reason).remedy
