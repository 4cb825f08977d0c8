"""Staff's decisions about what waits for them, with the right to decide and the audit row."""

from django.db import transaction

from accounts import audit, policy
from accounts.models import User
from exchange.outbox import decisions
from exchange.outbox.decisions import RetryNotAllowed, may_retry
from exchange.outbox.models import Intent

__all__ = ["RetryNotAllowed", "may_retry", "retry_intent"]


def retry_intent(*, intent: Intent, actor: User) -> None:
    """Send an intent again whose outcome is known. Raises NotAllowed, RetryNotAllowed."""
    policy.require(actor, "intent.retry", intent.merchant_uid)
    reason = intent.reason
    with transaction.atomic():
        decisions.retry(intent)
        audit.record(
            actor=actor,
            action="intent.retry",
            subject_type="intent",
            subject_id=intent.pk,
            customer_id=intent.lane_id,
            merchant_uid=intent.merchant_uid,
            details={"topic": intent.topic, "reason": reason},
        )
