"""Ending a relationship: we reject the customer, the customer withdraws, or it is over. The clock starts.

Where it takes two (FOUR_EYES), one proposes it and another approves. What the exchange holds stays there: no
call of its API takes a customer away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.four_eyes import Lapsed, eyes_on, lapse_of_customers, propose
from accounts.models import Proposal, User
from accounts.roles import Eyes
from customers.models import Customer
from customers.problems import Refused
from exchange.outbox.choices import OPEN_STATES
from exchange.outbox.models import Intent
from kyc.acceptance import checked_reason
from kyc.retention.refusing import refused
from kyc.retention.rows import Ending, How
from kyc.stages import refresh_stage

# The policy's name of each way to end; also the matter that a second person decides.
ACTION_OF: Final[dict[str, str]] = {
    How.REJECTED: "customer.reject",
    How.WITHDRAWN: "customer.withdraw",
    How.CLOSED: "customer.close",
}
_HOW_OF = {action: how for how, action in ACTION_OF.items()}


def end_relationship(*, customer: Customer, how: How, reason: str, actor: User) -> Ending:
    """End it by one person. Raises NotAllowed; SecondPersonNeeded where `propose_ending` is the way; Refused
    without a reason, where it has ended, or while the exchange is still to be told something."""
    action = ACTION_OF[how]
    policy.require(actor, action, customer.merchant.uid)
    reason = checked_reason(reason)
    eyes = eyes_on(action, maker_id=None, actor=actor)
    with transaction.atomic():
        ending = _end(customer, how, reason, actor, eyes)
        lapse_of_customers([customer.pk], actor=actor)
    return ending


def propose_ending(*, customer: Customer, how: How, reason: str, actor: User) -> Proposal:
    """Propose it to a second person. Raises NotAllowed, AlreadyProposed, ReasonNeeded; Refused as above."""
    with transaction.atomic():
        locked = _locked(customer)
        _check(locked)
        return propose(
            action=ACTION_OF[how],
            subject_type="customer",
            subject_id=locked.pk,
            merchant_uid=locked.merchant.uid,
            customer_id=locked.pk,
            actor=actor,
            reason=reason,
        )


def reopen(*, customer: Customer, reason: str, actor: User) -> None:
    """Take an end back that was a mistake: the clock stops, the customer stands where it stood.

    Raises NotAllowed; Refused without a reason, where nothing has ended, or after the data was destroyed.
    """
    policy.require(actor, "customer.reopen", customer.merchant.uid)
    reason = checked_reason(reason)
    with transaction.atomic():
        locked = _locked(customer)
        ending = Ending.objects.filter(customer=locked, reopened_at__isnull=True).first()
        if ending is None or locked.is_erased:
            raise refused("not_ended", _("There is no end to take back."))
        ending.reopened_at, ending.reopened_by = timezone.now(), actor
        ending.save(update_fields=["reopened_at", "reopened_by"])
        _set_ended_at(locked, None)
        _note(locked, ending, actor, "customer.reopen", reason)
        lapse_of_customers([locked.pk], actor=actor)
        refresh_stage(locked)
    customer.ended_at, customer.stage = None, locked.stage


def carry_out(proposal: Proposal, *, actor: User, eyes: Eyes) -> None:
    """End it as proposed, in the caller's transaction. Raises Lapsed where it has ended, or can't now."""
    customer = Customer.objects.select_related("merchant").filter(pk=proposal.subject_id).first()
    if customer is None:
        raise Lapsed
    try:
        _end(customer, _HOW_OF[proposal.action], proposal.reason, actor, eyes, proposal.made_by)
    except Refused:
        raise Lapsed from None
    lapse_of_customers([customer.pk], actor=actor)


def titles(proposals: Sequence[Proposal]) -> Mapping[UUID, str]:
    """What each proposes; that of a customer whose relationship has ended is left out."""
    going_on = set(
        Customer.objects.filter(
            pk__in={row.subject_id for row in proposals}, ended_at__isnull=True
        ).values_list("pk", flat=True)
    )
    words = {
        "customer.reject": _("Reject the customer"),
        "customer.withdraw": _("Withdrawn by the customer"),
        "customer.close": _("Close the relationship"),
    }
    return {row.pk: words[row.action] for row in proposals if row.subject_id in going_on}


def _end(
    customer: Customer, how: str, reason: str, actor: User, eyes: Eyes, proposed_by: User | None = None
) -> Ending:
    locked = _locked(customer)
    _check(locked)
    ending = Ending.objects.create(
        customer=locked, how=how, reason=reason, ended_by=actor, proposed_by=proposed_by, eyes=eyes
    )
    _set_ended_at(locked, ending.ended_at)
    _note(locked, ending, actor, ACTION_OF[how], reason)
    customer.ended_at = locked.ended_at
    return ending


def _locked(customer: Customer) -> Customer:
    rows = Customer.objects.select_for_update(of=("self",)).select_related("merchant")
    return rows.get(pk=customer.pk)


def _check(locked: Customer) -> None:
    if locked.ended_at is not None:
        raise refused("ended_already", _("The relationship has ended already."))
    # What is under way may still reach the exchange; nobody could say then what was ended.
    if Intent.objects.filter(lane_id=locked.pk, state__in=OPEN_STATES).exists():
        raise refused(
            "still_to_be_told",
            _("The exchange is still to be told something about this customer. Nothing was changed."),
            _("Wait until it is done, or give it up on the sync page; then end the relationship."),
        )


def _set_ended_at(locked: Customer, moment: object) -> None:
    changes = {"ended_at": moment, "updated_at": timezone.now()}
    Customer.objects.filter(pk=locked.pk).update(**changes)
    for name, value in changes.items():
        setattr(locked, name, value)


def _note(locked: Customer, ending: Ending, actor: User, action: str, reason: str) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject_type="customer",
        subject_id=locked.pk,
        customer_id=locked.pk,
        merchant_uid=locked.merchant.uid,
        reason=reason,
        details={
            **{"ending": str(ending.pk), "how": ending.how, "stage": locked.stage, "eyes": ending.eyes},
            **({"proposed_by": str(ending.proposed_by_id)} if ending.proposed_by_id else {}),
        },
    )
