"""Waiving a document in two steps: proposed with a reason, then approved by a second person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import policy
from accounts.four_eyes import Lapsed, approve, is_needed, propose
from accounts.models import Proposal, User
from accounts.proposals import may_decide, waiting
from accounts.roles import Eyes
from customers.models import Customer
from customers.problems import ERROR, Problem, Refused
from kyc.models import Waiver
from kyc.waivers import check_waivable, waive, waive_document

ACTION = "document.waive"


class Outcome(Enum):
    """What has come of it."""

    DONE = auto()
    APPROVED = auto()  # somebody else had proposed it
    PROPOSED = auto()


def waive_as_far_as_one_can(*, customer: Customer, doc_type: str, reason: str, actor: User) -> Outcome:
    """Waive it where one person may; else approve what somebody else proposed, or propose it. One that is
    waived already stays as it is.

    Raises as `propose_waiver`; AlreadyProposed where it waits for somebody else than `actor`.
    """
    what: dict[str, Any] = {"customer": customer, "doc_type": doc_type, "reason": reason, "actor": actor}
    if not is_needed(ACTION) and policy.may(actor, ACTION, customer.merchant.uid):
        waive_document(**what)
        return Outcome.DONE
    if _is_waived(customer, doc_type):
        return Outcome.DONE
    proposal = waiting(action=ACTION, subject_id=customer.pk, key=doc_type)
    if proposal is not None and not actor.is_machine and may_decide(proposal, actor):
        approve(proposal, actor=actor, reason=reason)
        return Outcome.APPROVED
    propose_waiver(**what)
    return Outcome.PROPOSED


def propose_waiver(*, customer: Customer, doc_type: str, reason: str, actor: User) -> Proposal:
    """Propose to let a business do without this document.

    Raises NotAllowed, Refused where it can't be waived or is, AlreadyProposed, ReasonNeeded.
    """
    with transaction.atomic():
        locked = (
            Customer.objects.select_for_update(of=("self",)).select_related("merchant").get(pk=customer.pk)
        )
        check_waivable(locked, doc_type)
        if _is_waived(locked, doc_type):
            # A proposal of it would have lapsed as soon as it was made.
            raise Refused([_waived_already(doc_type)])
        return propose(
            action=ACTION,
            subject_type="customer",
            subject_id=locked.pk,
            key=doc_type,
            merchant_uid=locked.merchant.uid,
            customer_id=locked.pk,
            details={"doc_type": doc_type},
            actor=actor,
            reason=reason,
        )


def carry_out(proposal: Proposal, *, actor: User, eyes: Eyes) -> None:
    """Waive it, in the caller's transaction. Raises Lapsed where it can't be waived any more, or is."""
    customer = Customer.objects.filter(pk=proposal.subject_id).first()
    if customer is None or _is_waived(customer, proposal.key):
        raise Lapsed
    try:
        waive(customer, proposal.key, proposal.reason, actor, eyes, proposed_by=proposal.made_by)
    except Refused:
        raise Lapsed from None


def titles(proposals: Sequence[Proposal]) -> Mapping[UUID, str]:
    """What each waives; what can't be waived any more, or is, is left out."""
    ids = {row.subject_id for row in proposals}
    editable = {customer.pk for customer in Customer.objects.filter(pk__in=ids) if customer.is_editable}
    waived = set(Waiver.objects.filter(customer__in=ids).values_list("customer_id", "doc_type"))
    return {
        row.pk: _("Waive: %(doc_type)s") % {"doc_type": row.key}
        for row in proposals
        if row.subject_id in editable and (row.subject_id, row.key) not in waived
    }


def _is_waived(customer: Customer, doc_type: str) -> bool:
    return Waiver.objects.filter(customer=customer, doc_type=doc_type).exists()


def _waived_already(doc_type: str) -> Problem:
    return Problem(
        "waived_already", f"document:{doc_type}", "doc_type", ERROR, _("This document is waived already."), ""
    )
