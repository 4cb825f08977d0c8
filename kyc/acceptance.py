"""Accepting a warning: an officer looked at it and says why it does not matter.

Where that takes two, `kyc.approvals.warnings` is the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.four_eyes import eyes_on
from accounts.models import User
from accounts.roles import Eyes
from customers.contention import gives_way
from customers.models import Customer
from customers.problems import ERROR, Problem, Refused
from kyc.models import AcceptedWarning
from kyc.stages import refresh_stages
from kyc.warnings import OpenWarning, open_warnings, open_warnings_for_many

REASON_MAX = 2000  # characters


@gives_way
def accept_warning(
    *, customer: Customer, key: str, reason: str, actor: User, today: date | None = None
) -> AcceptedWarning:
    """Accept the open warning with this key. Raises Refused when it is not open (any more), when the value
    that was doubted has changed meanwhile, or when the reason is empty; SecondPersonNeeded where one is."""
    today = today or timezone.localdate()
    policy.require(actor, "warning.accept", customer.merchant.uid)
    reason = checked_reason(reason)
    eyes = eyes_on("warning.accept", maker_id=None, actor=actor)
    locked, found = open_warning(customer, key, today=today)
    accepted = accept_found({locked: [found]}, reason, actor, eyes)[0]
    refresh_stages([locked], today=today)
    customer.stage = locked.stage
    return accepted


def open_warning(customer: Customer, key: str, *, today: date) -> tuple[Customer, OpenWarning]:
    """The customer's row, locked, and its open warning with this key. Raises Refused where there is none."""
    (locked,) = _locked([customer])
    warnings = open_warnings(locked, today=today) if locked.is_editable else []
    for warning in warnings:
        if warning.key == key:
            return locked, warning
    raise Refused([_gone()])


@gives_way
def accept_all_warnings(
    *,
    customers: Sequence[Customer],
    reason: str,
    actor: User,
    today: date | None = None,
    by_command: bool = False,
) -> int:
    """Accept every open warning of these customers for one reason; how many there were.

    Raises SecondPersonNeeded where one is."""
    today = today or timezone.localdate()
    reason = checked_reason(reason)
    eyes = eyes_on("warning.accept", maker_id=None, actor=actor, by_command=by_command)
    locked = _locked(customers)
    for merchant_uid in {customer.merchant.uid for customer in locked}:
        policy.require(actor, "warning.accept", merchant_uid)
    # What was submitted was judged then: nothing of it stands open.
    editable = [customer for customer in locked if customer.is_editable]
    by_id = open_warnings_for_many(editable, today=today)
    found = {customer: by_id[customer.pk] for customer in editable if by_id[customer.pk]}
    accepted = accept_found(found, reason, actor, eyes)
    refresh_stages(list(found), today=today)
    stages = {customer.pk: customer.stage for customer in locked}
    for customer in customers:
        customer.stage = stages.get(customer.pk, customer.stage)
    return len(accepted)


def _locked(customers: Sequence[Customer]) -> list[Customer]:
    """The customers' rows as they stand, locked in one order."""
    rows = Customer.objects.select_for_update(of=("self",)).select_related("merchant")
    return list(rows.filter(pk__in=[customer.pk for customer in customers]).order_by("pk"))


def checked_reason(reason: str) -> str:
    """The reason, stripped; Refused when it says nothing, or goes on too long."""
    reason = reason.strip()
    if reason and len(reason) <= REASON_MAX:
        return reason
    message = _("A reason is needed.") if not reason else _("The reason is too long.")
    remedy = _("Say in a sentence why, in at most %(max)d characters.") % {"max": REASON_MAX}
    raise Refused([Problem("reason", "", "reason", ERROR, message, remedy)])


def accept_found(
    found: dict[Customer, list[OpenWarning]],
    reason: str,
    actor: User,
    eyes: Eyes,
    proposed_by: User | None = None,
) -> list[AcceptedWarning]:
    """Write that these warnings are accepted, with the audit rows, in the caller's transaction."""
    now = timezone.now()
    rows, entries = [], []
    for customer, warnings in found.items():
        # Two rules may doubt the same value for the same reason: one acceptance covers both.
        for warning in {warning.identity: warning for warning in warnings}.values():
            row = AcceptedWarning(
                customer=customer,
                subject=warning.subject_id,
                code=warning.problem.code,
                field=warning.problem.field,
                value_digest=warning.value_digest,
                reason=reason,
                proposed_by=proposed_by,
                accepted_by=actor,
                eyes=eyes,
                accepted_at=now,
            )
            rows.append(row)
            entries.append(_entry(customer, row, actor))
    AcceptedWarning.objects.bulk_create(rows, batch_size=500)
    audit.record_many(entries)
    return rows


def _entry(customer: Customer, row: AcceptedWarning, actor: User) -> audit.AuditEntry:
    return audit.entry(
        actor=actor,
        action="warning.accept",
        subject_type="warning",
        subject_id=row.pk,
        customer_id=customer.pk,
        merchant_uid=customer.merchant.uid,
        reason=row.reason,
        at=row.accepted_at,
        details={
            **{"code": row.code, "field": row.field, "about": row.subject, "eyes": str(row.eyes)},
            **({"proposed_by": str(row.proposed_by_id)} if row.proposed_by_id else {}),
        },
    )


def _gone() -> Problem:
    return Problem(
        "warning_not_open",
        "",
        "",
        ERROR,
        _("This warning is not open any more: it was accepted, or what it was about has changed."),
        _("Load the page again and look at what stands there now."),
    )


def accepted_for(customers: Iterable[Customer]) -> list[AcceptedWarning]:
    """What was accepted about these customers, newest first, with who did it."""
    rows = AcceptedWarning.objects.filter(customer__in=[customer.pk for customer in customers])
    return list(rows.select_related("accepted_by").order_by("-accepted_at"))
