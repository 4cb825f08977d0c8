"""After a chunk was written: accept its warnings and submit it, as far as asked for; see who waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from accounts.models import User
from customers.models import Customer
from kyc.acceptance import accept_all_warnings
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
        tally.warnings_accepted += accept_all_warnings(
            customers=customers, reason=accept_warnings, actor=actor, today=today
        )
    if submits:
        done = submit_many(customers, actor=actor, today=today)
        tally.submitted += len(done.submitted)
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
        tally.warnings_accepted += accept_all_warnings(
            customers=[unit.new.customer for unit in doubtful if unit.new],
            reason=accept_warnings,
            actor=actor,
            today=today,
        )
        return
    for unit in doubtful:
        tally.hold(unit.reference, [f"{fault.column}: {fault.problem.message}" for fault in unit.faults])
