"""After a chunk was written: accept its warnings and submit it, as far as asked for; see who waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from accounts import policy
from accounts.four_eyes import is_needed
from accounts.models import User
from customers.models import Customer
from kyc.acceptance import accept_all_warnings
from kyc.approvals.warnings import propose_all
from kyc.pack.entering import Entered
from kyc.pack.tally import Tally
from kyc.requirements import Requirement
from kyc.stages import refresh_stages
from kyc.submission import holding, submit_many

WARNING = "warning:"


def release(
    entered: Entered, tally: Tally, *, actor: User, today: date, submits: bool, accept_warnings: str
) -> None:
    """Count who was submitted, who is held by warnings and who waits for documents."""
    _count_plain(entered, tally, actor, today, accept_warnings)
    customers = list(entered.others.values())
    if not customers:
        return
    if accept_warnings:
        _accept(customers, tally, actor, today, accept_warnings)
    if submits:
        done = submit_many(customers, actor=actor, today=today, by_command=True)
        tally.submitted += len(done.submitted)
        tally.own += len(done.own)
        held = done.held
    else:
        unknown = [
            customer for customer in customers if accept_warnings or customer.pk not in entered.requirements
        ]
        rows = dict(entered.requirements)
        if unknown:
            with transaction.atomic():
                rows |= refresh_stages(unknown, today=today)
        held = {customer.pk: holding(rows[customer.pk]) for customer in customers}
    for customer in customers:
        _count(customer, held.get(customer.pk, ()), tally)


def _accept(customers: Sequence[Customer], tally: Tally, actor: User, today: date, reason: str) -> None:
    """Accept their warnings, or propose that to a second person: where a command needs one, or whoever hands
    in the pack may do no more."""
    decides = all(policy.may(actor, "warning.accept", customer.merchant.uid) for customer in customers)
    if is_needed("warning.accept", by_command=True) or not decides:
        tally.warnings_proposed += propose_all(customers=customers, reason=reason, actor=actor, today=today)
        return
    tally.warnings_accepted += accept_all_warnings(
        customers=customers, reason=reason, actor=actor, today=today, by_command=True
    )


def _count(customer: Customer, held_by: Sequence[Requirement], tally: Tally) -> None:
    doubts = [row.title for row in held_by if row.code.startswith(WARNING)]
    if doubts:
        tally.hold(customer.reference, doubts)
    if len(doubts) < len(held_by):
        tally.incomplete += 1


def _count_plain(entered: Entered, tally: Tally, actor: User, today: date, accept_warnings: str) -> None:
    """New customers without documents can't be complete: their own rows say all that there is to say."""
    tally.incomplete += len(entered.plain)
    doubtful = [unit for unit in entered.plain if unit.faults]
    if accept_warnings:
        customers = [unit.new.customer for unit in doubtful if unit.new]
        _accept(customers, tally, actor, today, accept_warnings)
        return
    for unit in doubtful:
        tally.hold(unit.reference, [f"{fault.column}: {fault.problem.message}" for fault in unit.faults])
