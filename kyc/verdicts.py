"""What the exchange says about a customer's verification: the one place that writes it."""

from __future__ import annotations

from datetime import datetime

from accounts import audit
from accounts.models import User
from customers.choices import EDITABLE_STAGES, EntityType, Stage
from customers.models import Customer

# 002:4071-4074, 002:4089; a closed list: whatever else is said counts as in review.
_OF_KYC_STATUS = {"verified": Stage.VERIFIED, "rejected": Stage.REJECTED}
_OF_BUSINESS_STATE = {"active": Stage.VERIFIED}
_ENDED_STATES = frozenset({"deleted", "banned", "locked"})


def stage_said(entity_type: str, exchange_state: str, kyc_status: str) -> Stage | None:
    """The stage that the exchange's words mean; None for in review, and for every word that is not known.

    A missing `kyc_status` is read from `state` for businesses only. Who is deleted there is not verified.
    """
    state, status = exchange_state.strip().lower(), kyc_status.strip().lower()
    if status:
        stage = _OF_KYC_STATUS.get(status)
    elif entity_type == EntityType.BUSINESS:
        stage = _OF_BUSINESS_STATE.get(state)
    else:
        stage = None
    return None if stage is Stage.VERIFIED and state in _ENDED_STATES else stage


def apply_verdict(
    *,
    customer: Customer,
    exchange_state: str | None,
    kyc_status: str | None,
    at: datetime,
    actor: User | None = None,
) -> bool:
    """Write what the exchange said at that time, as it came, and the stage that follows; whether it is new.

    In the caller's transaction. Customers that were not submitted are left alone. `actor` defaults to the
    machine's account.
    """
    state, status = (exchange_state or "")[:50], (kyc_status or "")[:50]
    if customer.stage in EDITABLE_STAGES:
        return False
    stage = stage_said(customer.entity_type, state, status) or _in_review(customer)
    before = {
        "stage": customer.stage,
        "exchange_state": customer.exchange_state,
        "kyc_status": customer.kyc_status,
    }
    after = {"stage": str(stage), "exchange_state": state, "kyc_status": status}
    changed = {name: value for name, value in after.items() if before[name] != value}
    if not changed:
        return False
    is_verdict = stage in (Stage.VERIFIED, Stage.REJECTED)
    verdict_at = (at if "stage" in changed else customer.verdict_at) if is_verdict else None
    # Compared and set: of two who read the same page, one writes and one audit row stands.
    moved = Customer.objects.filter(
        pk=customer.pk,
        stage=customer.stage,
        exchange_state=customer.exchange_state,
        kyc_status=customer.kyc_status,
    ).update(**changed, verdict_at=verdict_at, polled_at=at, updated_at=at)
    if not moved:
        return False
    audit.record(
        actor=actor or User.objects.machine(),
        action="customer.verdict",
        subject_type="customer",
        subject_id=customer.pk,
        customer_id=customer.pk,
        merchant_uid=customer.merchant.uid,
        changes={name: (str(before[name]), value) for name, value in changed.items()},
    )
    for name, value in changed.items():
        setattr(customer, name, value)
    customer.verdict_at = verdict_at
    return True


def _in_review(customer: Customer) -> Stage:
    """Where a customer without a verdict stands: by whether all of its documents were sent."""
    if customer.stage not in (Stage.VERIFIED, Stage.REJECTED):
        return Stage(customer.stage)
    return Stage.DOCUMENTS_SENT if customer.documents_sent_at else Stage.AT_EXCHANGE
