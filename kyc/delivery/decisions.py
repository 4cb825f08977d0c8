"""Staff's decisions about what waits for them, with the right to decide and the audit row."""

from collections.abc import Callable

from django.db import transaction

from accounts import audit, policy
from accounts.models import User
from customers.models import Customer
from exchange.outbox import decisions
from exchange.outbox.choices import Topic
from exchange.outbox.decisions import (
    NotAllowedNow,
    RetryNotAllowed,
    may_acknowledge,
    may_give_up,
    may_hold,
    may_look,
    may_retry,
    may_send_after_all,
)
from exchange.outbox.models import Intent

__all__ = [
    "NotAllowedNow",
    "RetryNotAllowed",
    "acknowledge_intent",
    "give_up_intent",
    "hold_intent",
    "look_again",
    "may_acknowledge",
    "may_give_up",
    "may_hold",
    "may_look",
    "may_retry",
    "may_send_after_all",
    "release_intent",
    "retry_intent",
    "send_after_all",
]


def retry_intent(*, intent: Intent, actor: User) -> None:
    """Send an intent again whose outcome is known. Raises NotAllowed, RetryNotAllowed."""
    _decide(intent, actor, "intent.retry", decisions.retry)


def look_again(*, intent: Intent, actor: User) -> None:
    """Look for it at the exchange now. Raises NotAllowed, NotAllowedNow."""
    _decide(intent, actor, "intent.look", decisions.look_again)


def send_after_all(*, intent: Intent, actor: User, reason: str) -> None:
    """The exchange was asked and holds none. Raises NotAllowed, NotAllowedNow, ValueError."""
    _decide(intent, actor, "intent.retry", decisions.send_after_all, _given(reason))


def hold_intent(*, intent: Intent, actor: User, reason: str) -> None:
    """Keep an intent back that is to be sent. Raises NotAllowed, NotAllowedNow, ValueError."""
    _decide(intent, actor, "intent.hold", decisions.hold, _given(reason))


def release_intent(*, intent: Intent, actor: User) -> None:
    """Let go what was held back. Raises NotAllowed, NotAllowedNow."""
    _decide(intent, actor, "intent.hold", lambda held: decisions.hold(held, is_held=False))


def give_up_intent(*, intent: Intent, actor: User, reason: str) -> None:
    """Send nothing more of it. A customer that is not at the exchange is thawed, and may be submitted again.

    Raises NotAllowed, NotAllowedNow, ValueError without a reason.
    """
    from kyc.submission import thaw

    def close(given_up: Intent) -> None:
        decisions.give_up(given_up)
        if given_up.topic == Topic.CREATE:
            customer = Customer.objects.select_related("merchant").get(pk=given_up.lane_id)
            if customer.uid is None and not customer.is_editable:
                thaw(customer=customer, reason="given_up", actor=actor)

    _decide(intent, actor, "intent.give_up", close, _given(reason))


def acknowledge_intent(*, intent: Intent, actor: User, reason: str) -> None:
    """Staff have dealt with it, and the customer is at the exchange. Raises as `give_up_intent`."""
    if not Customer.objects.filter(pk=intent.lane_id, uid__isnull=False).exists():
        raise NotAllowedNow(decisions.Reason(intent.reason).remedy_for(intent.error_code, intent.topic))
    _decide(intent, actor, "intent.acknowledge", decisions.acknowledge, _given(reason))


def _given(reason: str) -> str:
    if not reason.strip():
        raise ValueError("a decision needs its reason")
    return reason.strip()


def _standing(intent: Intent) -> dict[str, object]:
    return {**Intent.objects.values("state", "reason", "is_held", "due_ms").get(pk=intent.pk)}


def _decide(
    intent: Intent, actor: User, action: str, decide: Callable[[Intent], None], given: str = ""
) -> None:
    policy.require(actor, action, intent.merchant_uid)
    details = {"topic": intent.topic, "reason": intent.reason}
    with transaction.atomic():
        before = _standing(intent)
        decide(intent)
        after = _standing(intent)
        audit.record(
            actor=actor,
            action=action,
            subject_type="intent",
            subject_id=intent.pk,
            customer_id=intent.lane_id,
            merchant_uid=intent.merchant_uid,
            reason=given,
            details=details,
            changes={name: (was, after[name]) for name, was in before.items() if was != after[name]},
        )
