"""Waiving a document: the two that not every business has, with the reason (002:2457, 002:2462)."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.four_eyes import eyes_on
from accounts.models import User
from accounts.roles import Eyes
from customers.contention import gives_way
from customers.models import Customer
from customers.problems import ERROR, Problem, Refused
from kyc.acceptance import checked_reason
from kyc.doc_types import BUSINESS_TYPES, DOC_TYPES, nearest
from kyc.models import Waiver
from kyc.stages import refresh_stage


def waivable_types() -> tuple[str, ...]:
    """The document types that an officer may waive."""
    return tuple(name for name in BUSINESS_TYPES if DOC_TYPES[name].may_be_waived)


@gives_way
def waive_document(
    *,
    customer: Customer,
    doc_type: str,
    reason: str,
    actor: User,
    today: date | None = None,
) -> Waiver:
    """Let a business do without this document; one that is waived already stays as it is.

    Raises Refused: an individual, another type, no reason, or submitted already; SecondPersonNeeded where
    one is: `kyc.approvals.waivers` is the way then."""
    policy.require(actor, "document.waive", customer.merchant.uid)
    reason = checked_reason(reason)
    eyes = eyes_on("document.waive", maker_id=None, actor=actor)
    return waive(customer, doc_type, reason, actor, eyes, today=today)


def waive(
    customer: Customer,
    doc_type: str,
    reason: str,
    actor: User,
    eyes: Eyes,
    *,
    proposed_by: User | None = None,
    today: date | None = None,
) -> Waiver:
    """Write the waiver with its audit row, in the caller's transaction. Raises Refused."""
    locked = Customer.objects.select_for_update(of=("self",)).select_related("merchant").get(pk=customer.pk)
    check_waivable(locked, doc_type)
    made = {"reason": reason, "waived_by": actor, "proposed_by": proposed_by, "eyes": eyes}
    waiver, is_new = Waiver.objects.get_or_create(customer=locked, doc_type=doc_type, defaults=made)
    if is_new:
        audit.record(
            actor=actor,
            action="document.waive",
            subject_type="waiver",
            subject_id=waiver.pk,
            customer_id=locked.pk,
            merchant_uid=locked.merchant.uid,
            reason=reason,
            details={
                **{"doc_type": doc_type, "eyes": str(eyes)},
                **({"proposed_by": str(proposed_by.pk)} if proposed_by else {}),
            },
        )
        refresh_stage(locked, today=today)
        customer.stage = locked.stage
    return waiver


def check_waivable(customer: Customer, doc_type: str) -> None:
    """Raise Refused where the customer can't do without this document, or not any more."""
    types = ", ".join(waivable_types())
    if not customer.is_business or doc_type not in waivable_types():
        near = [name for name in nearest(doc_type, "business") if name in waivable_types()]
        raise _refused(
            "cannot_be_waived",
            doc_type,
            _("This document can't be waived."),
            _("Did you mean %(type)s?") % {"type": near[0]}
            if near and customer.is_business
            else _("Only businesses may do without a document: %(types)s.") % {"types": types},
        )
    if not customer.is_editable:
        raise _refused(
            "frozen",
            doc_type,
            _("The customer was submitted already, so nothing can be waived any more."),
            _("If the exchange asks for the document, hand it in."),
        )


def _refused(code: str, doc_type: str, message: str, remedy: str) -> Refused:
    return Refused([Problem(code, f"document:{doc_type}", "doc_type", ERROR, message, remedy)])
