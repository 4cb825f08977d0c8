"""Register customers: one, or a batch with one transaction for all of it."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from accounts import audit, policy
from accounts.models import User
from customers.candidates import Candidate, judge
from customers.contention import is_contention
from customers.indexes import index_people
from customers.known import check_candidates, merchant_unknown, reference_taken, taken_references
from customers.models import BusinessProfile, Customer, Merchant, Ubo
from customers.problems import Problem, Refused
from customers.records import new_customer, new_profile, new_ubos
from vault.bulk import seal_in_place, write_rows
from vault.index_versions import writing

logger = logging.getLogger(__name__)

# Each round, whoever came between has committed; more rounds than there can be importers at once.
ROUNDS_MAX = 8


class Entry(Enum):
    """What became of one candidate."""

    REGISTERED = "registered"
    ALREADY_THERE = "already there"  # its reference is registered, perhaps a moment ago by someone else
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Registered:
    """`customer` where it was registered; `problems`: all of the candidate's, warnings too."""

    entry: Entry
    customer: Customer | None
    problems: list[Problem]


@dataclass(slots=True)
class NewCustomer:
    """A candidate without errors as the rows to write. The ids and the data key are there already."""

    candidate: Candidate
    customer: Customer
    profile: BusinessProfile | None
    ubos: list[Ubo]

    def seal(self) -> None:
        """Seal now what would be sealed as it is written, which may be done while somebody else writes."""
        for row in (self.customer, self.profile, *self.ubos):
            if row is not None:
                seal_in_place(row)


def prepare(candidate: Candidate, *, origin: str) -> NewCustomer:
    """The rows of a new customer, nothing written: documents can be sealed for them first."""
    assert candidate.merchant is not None
    assert not candidate.has_errors, "only what was judged good is registered"
    customer = new_customer(candidate, candidate.merchant, origin=origin, now=timezone.now())
    profile = new_profile(candidate, customer) if candidate.is_business else None
    return NewCustomer(candidate, customer, profile, new_ubos(candidate, customer))


def register_customer(
    *,
    merchant: Merchant,
    data: Mapping[str, object],
    ubos: Sequence[Mapping[str, object]] = (),
    actor: User,
    origin: str,
    today: datetime.date | None = None,
) -> Registered:
    """Register one customer; Refused with every problem where there is an error among them.

    `data`: the exchange's fields (`business_profile.<field>` flat), `entity_type`, and `reference`, which
    is made where it is blank. One transaction: customer, profile, UBOs and the audit row.
    """
    candidate = judge(data, ubos, merchant=merchant, today=today or timezone.localdate())
    (registered,) = register_customers([candidate], actor=actor, origin=origin)
    if registered.entry is Entry.ALREADY_THERE:
        raise Refused([*registered.problems, reference_taken(candidate.reference)])
    if registered.entry is Entry.REFUSED:
        raise Refused(registered.problems)
    return registered


def register_customers(candidates: Sequence[Candidate], *, actor: User, origin: str) -> list[Registered]:
    """Register those without errors, in one transaction; what became of each, in their order."""
    taken = taken_references(candidate.reference for candidate in candidates if candidate.reference)
    new = [candidate for candidate in candidates if candidate.reference not in taken]
    check_candidates([candidate for candidate in new if not candidate.is_checked])
    # Asked again: whose reference came in between is there, and its e-mail is "taken" by that very row.
    doubted = [candidate for candidate in new if candidate.has_errors and candidate.reference]
    between = taken_references([candidate.reference for candidate in doubted]) if doubted else {}
    taken |= between
    new = [candidate for candidate in new if candidate.reference not in between]
    for candidate in new:
        if candidate.merchant is None and not candidate.has_errors:
            candidate.problems.append(merchant_unknown(""))
    good = [prepare(candidate, origin=origin) for candidate in new if not candidate.has_errors]
    written = {id(row.candidate): row for row in write_customers(good, actor=actor).rows}
    return [_outcome(candidate, written.get(id(candidate)), taken) for candidate in candidates]


def _outcome(candidate: Candidate, row: NewCustomer | None, taken: Mapping[str, object]) -> Registered:
    if row is not None:
        return Registered(Entry.REGISTERED, row.customer, candidate.problems)
    is_there = candidate.reference in taken or not candidate.has_errors
    return Registered(Entry.ALREADY_THERE if is_there else Entry.REFUSED, None, candidate.problems)


@dataclass(frozen=True, slots=True)
class Written:
    """`already_there`: those that somebody else registered meanwhile. The others have errors by now."""

    rows: list[NewCustomer]
    already_there: list[NewCustomer]


def write_customers(
    new: Sequence[NewCustomer],
    *,
    actor: User,
    also: Callable[[list[NewCustomer]], None] | None = None,
) -> Written:
    """Write prepared customers and their audit rows in one transaction.

    `also` writes what belongs to them (their documents) in the same transaction. Where somebody else wrote
    one of them meanwhile, nothing is lost or doubled: everything is taken back, the batch is compared
    with the database again (a candidate's problems say what it found) and the rest is written.
    """
    for uid in {row.candidate.merchant.uid for row in new if row.candidate.merchant}:
        policy.require(actor, "customer.register", uid)
    left, there = list(new), []
    for rounds_left in reversed(range(ROUNDS_MAX)):
        if not left:
            break
        try:
            with transaction.atomic():
                _write(left, actor)
                if also is not None:
                    also(left)
            break
        except IntegrityError:
            if not rounds_left:
                raise
        except OperationalError as error:
            if not rounds_left or not is_contention(error):
                raise
        logger.info("Somebody else registers the same customers; comparing %d of them again.", len(left))
        left, taken = _compare_again(left)
        there += taken
    return Written(left, there)


def _compare_again(left: Sequence[NewCustomer]) -> tuple[list[NewCustomer], list[NewCustomer]]:
    """Those that can still be written, and those that are there; what else was found is their problem."""
    before = [list(row.candidate.problems) for row in left]
    check_candidates([row.candidate for row in left])
    # Asked last: an e-mail that is "taken" by the very same row is no problem of its.
    taken = taken_references(row.customer.reference for row in left)
    there, again = [], []
    for row, problems in zip(left, before, strict=True):
        if row.customer.reference in taken:
            row.candidate.problems = problems
            there.append(row)
        else:
            row.candidate.problems = list(dict.fromkeys(row.candidate.problems))
            if not row.candidate.has_errors:
                again.append(row)
    return again, there


def _write(new: Sequence[NewCustomer], actor: User) -> None:
    # In one order, whoever writes: two batches of the same people wait for each other instead of locking.
    ordered = sorted(new, key=lambda row: row.customer.reference)
    for row in ordered:
        row.customer.made_by_id = actor.pk
    customers = [row.customer for row in ordered]
    ubos = [ubo for row in ordered for ubo in row.ubos]
    index_people([*customers, *ubos], writing())
    write_rows(Customer, customers)
    write_rows(BusinessProfile, [row.profile for row in ordered if row.profile])
    write_rows(Ubo, ubos)
    audit.record_each(map(_entry_of, ordered), actor=actor, action="customer.register")


def _entry_of(row: NewCustomer) -> audit.Of:
    customer = row.customer
    return audit.Of(
        row.candidate.merchant.uid if row.candidate.merchant else "",
        customer.pk,
        _details(str(customer.origin), len(row.ubos)),
    )


@lru_cache(maxsize=256)
def _details(origin: str, ubos: int) -> dict[str, Any]:
    return {"origin": origin, "ubos": ubos}
