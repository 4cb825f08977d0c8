"""A chunk's good units written: the new ones in one transaction, each changed one in its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db import IntegrityError, OperationalError, transaction

from accounts.models import User
from customers.change import Frozen, apply_candidate
from customers.contention import is_contention
from customers.models import Customer
from customers.problems import Refused
from customers.register import NewCustomer, write_customers
from kyc.documents import save_prepared
from kyc.pack.comparing import fields_differ, files_differ, load_customers
from kyc.pack.filing import take_back
from kyc.pack.judging import place_problem
from kyc.pack.tally import Tally
from kyc.pack.units import Unit
from kyc.requirements import Requirement
from kyc.stages import refresh_stages
from kyc.turned_down import turned_down_as_they_are

ROUNDS_MAX = 5


@dataclass(slots=True)
class Entered:
    """Who is in the portal now and may be submitted: `plain` new ones without documents, with their doubts;
    `others` by id. `requirements` of others, as far as they are known. `again`: units to be taken anew.
    """

    plain: list[Unit] = field(default_factory=list)
    others: dict[UUID, Customer] = field(default_factory=dict)
    requirements: dict[UUID, list[Requirement]] = field(default_factory=dict)
    again: list[Unit] = field(default_factory=list)


def enter(units: Sequence[Unit], tally: Tally, *, actor: User, today: date) -> Entered:
    """Write what has no errors. A unit that fails now has its fault, and its stored files are removed."""
    entered = Entered()
    _enter_new(units, entered, tally, actor, today)
    unchanged: list[Customer] = []
    for unit in units:
        if unit.existing is not None and not unit.has_errors:
            _enter_existing(unit, entered, unchanged, tally, actor, today)
    turned_down = turned_down_as_they_are(unchanged)
    for customer in unchanged:
        if customer.pk in turned_down:
            tally.turn_down(customer.reference)
        else:
            entered.others[customer.pk] = customer
    return entered


def _enter_new(units: Sequence[Unit], entered: Entered, tally: Tally, actor: User, today: date) -> None:
    new = {id(unit.new): unit for unit in units if unit.new is not None and not unit.has_errors}

    def write_documents(rows: list[NewCustomer]) -> None:
        with_files = [new[id(row)] for row in rows if new[id(row)].files]
        _save_documents(with_files, actor, today)
        entered.requirements = refresh_stages(
            [unit.new.customer for unit in with_files if unit.new], today=today
        )

    written = write_customers(
        [unit.new for unit in new.values() if unit.new is not None], actor=actor, also=write_documents
    )
    for row in written.rows:
        unit = new.pop(id(row))
        tally.accepted += 1
        tally.documents += len(unit.files)
        if unit.files:
            entered.others[row.customer.pk] = row.customer
        else:
            entered.plain.append(unit)
    for row in written.already_there:
        unit = new.pop(id(row))
        take_back(unit)
        entered.again.append(unit.anew())
    for unit in new.values():
        take_back(unit)
        for problem in unit.candidate.problems if unit.candidate else ():
            if problem.is_error:
                place_problem(unit, problem)


def _enter_existing(
    unit: Unit, entered: Entered, unchanged: list[Customer], tally: Tally, actor: User, today: date
) -> None:
    existing = unit.existing
    assert existing is not None
    has_other_fields = fields_differ(unit)
    if not has_other_fields and not files_differ(unit):
        tally.already_there += 1
        if existing.is_editable:
            unchanged.append(existing)
        return
    try:
        if has_other_fields and not existing.is_editable:
            raise Frozen
        _change(unit, has_other_fields, actor, today)
    except Frozen:
        take_back(unit)
        tally.freeze(unit.reference)
    except Refused as refused:
        take_back(unit)
        if all(problem.code == "not_asked_for" for problem in refused.problems):
            tally.freeze(unit.reference)
            return
        for problem in refused.problems:
            place_problem(unit, problem)
    else:
        tally.updated += 1
        tally.documents += sum(file.prepared is not None for file in unit.files)
        if unit.existing is not None and unit.existing.is_editable:
            entered.others[unit.existing.pk] = unit.existing


def _change(unit: Unit, has_other_fields: bool, actor: User, today: date) -> None:
    existing = unit.existing
    assert existing is not None
    for rounds_left in reversed(range(ROUNDS_MAX)):
        try:
            with transaction.atomic():
                # Taken before anything is judged again: a submission waits for it, or was first.
                locked = Customer.objects.select_for_update().get(pk=existing.pk)
                existing.stage, existing.uid = locked.stage, locked.uid
                existing.made_by_id = locked.made_by_id
                if has_other_fields and unit.candidate is not None:
                    apply_candidate(existing, unit.candidate, actor=actor)
                    unit.existing = load_customers([existing.reference])[existing.reference]
                _save_documents([unit], actor, today)
                if existing.is_editable:
                    refresh_stages([unit.existing or existing], today=today)
            return
        except (IntegrityError, OperationalError) as error:
            if not rounds_left or (isinstance(error, OperationalError) and not is_contention(error)):
                raise


def _save_documents(units: Sequence[Unit], actor: User, today: date) -> None:
    items = [
        (unit.customer, unit.ubo_by_email(file.ubo_email) if file.ubo_email else None, file.prepared)
        for unit in units
        if unit.customer is not None
        for file in unit.files
        if file.prepared is not None
    ]
    if items:
        save_prepared(items, actor=actor, today=today)
