"""Legal holds: a court, a regulator or an investigation asks that nothing be destroyed."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.models import User
from customers.models import Customer
from kyc.acceptance import checked_reason
from kyc.retention.refusing import refused
from kyc.retention.rows import LegalHold


def place_hold(*, customer: Customer, reason: str, actor: User) -> LegalHold:
    """Keep everything of the customer until the hold is lifted.

    Raises NotAllowed; Refused without a reason, where one is in force, or where nothing is left to hold.
    """
    policy.require(actor, "customer.hold", customer.merchant.uid)
    reason = checked_reason(reason)
    try:
        with transaction.atomic():
            locked = Customer.objects.select_for_update(of=("self",)).get(pk=customer.pk)
            if locked.is_erased:
                raise refused("erased", _("This customer's data was destroyed already."))
            hold = LegalHold.objects.create(customer=locked, reason=reason, placed_by=actor)
            _note(customer, hold, actor, "customer.hold", reason)
    except IntegrityError:
        raise refused("held_already", _("A legal hold is in force already.")) from None
    return hold


def lift_hold(*, customer: Customer, reason: str, actor: User) -> None:
    """Lift the hold that is in force. Raises NotAllowed; Refused without a reason or where none is."""
    policy.require(actor, "customer.hold", customer.merchant.uid)
    reason = checked_reason(reason)
    with transaction.atomic():
        hold = LegalHold.objects.select_for_update().filter(customer=customer, lifted_at__isnull=True).first()
        if hold is None:
            raise refused("not_held", _("No legal hold is in force."))
        hold.lifted_at, hold.lifted_by, hold.lift_reason = timezone.now(), actor, reason
        hold.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
        _note(customer, hold, actor, "customer.lift_hold", reason)


def is_held(customer: Customer) -> bool:
    """Whether a legal hold is in force."""
    return LegalHold.objects.filter(customer=customer, lifted_at__isnull=True).exists()


def _note(customer: Customer, hold: LegalHold, actor: User, action: str, reason: str) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject_type="legal_hold",
        subject_id=hold.pk,
        customer_id=customer.pk,
        merchant_uid=customer.merchant.uid,
        reason=reason,
    )
