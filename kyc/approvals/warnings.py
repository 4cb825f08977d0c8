"""Accepting a warning in two steps: proposed with a reason, then approved by a second person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.four_eyes import AlreadyProposed, Lapsed, propose
from accounts.models import Proposal, User
from accounts.roles import Eyes
from customers.models import Customer
from customers.problems import Refused
from kyc.acceptance import accept_found, open_warning
from kyc.stages import refresh_stages
from kyc.warnings import OpenWarning, open_warnings_for_many
from vault.envelope import CannotOpen

ACTION = "warning.accept"


def propose_acceptance(
    *, customer: Customer, key: str, reason: str, actor: User, today: date | None = None
) -> Proposal:
    """Propose to accept the open warning with this key.

    Raises NotAllowed, Refused when it is not open (any more), AlreadyProposed, ReasonNeeded.
    """
    with transaction.atomic():
        locked, warning = open_warning(customer, key, today=today or timezone.localdate())
        return _propose(locked, warning, reason, actor)


def propose_all(*, customers: Sequence[Customer], reason: str, actor: User, today: date | None = None) -> int:
    """Propose to accept every open warning of these customers that nobody proposed yet; how many."""
    editable = [customer for customer in customers if customer.is_editable]
    found = open_warnings_for_many(editable, today=today or timezone.localdate())
    proposed = 0
    for customer in editable:
        for warning in {row.key: row for row in found[customer.pk]}.values():
            try:
                _propose(customer, warning, reason, actor)
            except AlreadyProposed:
                continue
            proposed += 1
    return proposed


def carry_out(proposal: Proposal, *, actor: User, eyes: Eyes) -> None:
    """Accept it, in the caller's transaction. Raises Lapsed where what was doubted has changed or gone."""
    customer = Customer.objects.filter(pk=proposal.subject_id).first()
    today = timezone.localdate()
    try:
        if customer is None:
            raise Lapsed
        locked, warning = open_warning(customer, proposal.key, today=today)
    except (Refused, CannotOpen):
        raise Lapsed from None
    accept_found({locked: [warning]}, proposal.reason, actor, eyes, proposal.made_by)
    refresh_stages([locked], today=today)


def titles(proposals: Sequence[Proposal]) -> Mapping[UUID, str]:
    """The warnings in their own words; what is not open any more is left out."""
    customers = list(Customer.objects.filter(pk__in={row.subject_id for row in proposals}))
    editable = [customer for customer in customers if customer.is_editable]
    try:
        found = open_warnings_for_many(editable, today=timezone.localdate())
    except CannotOpen:
        found = {}
    words = {(pk, warning.key): warning.problem.message for pk, rows in found.items() for warning in rows}
    return {
        row.pk: _("Accept: %(warning)s") % {"warning": words[row.subject_id, row.key]}
        for row in proposals
        if (row.subject_id, row.key) in words
    }


def _propose(customer: Customer, warning: OpenWarning, reason: str, actor: User) -> Proposal:
    return propose(
        action=ACTION,
        subject_type="customer",
        subject_id=customer.pk,
        key=warning.key,
        merchant_uid=customer.merchant.uid,
        customer_id=customer.pk,
        details={
            "code": warning.problem.code,
            "field": warning.problem.field,
            "about": warning.subject_id,
        },
        actor=actor,
        reason=reason,
    )
