"""A chunk of units compared with the database: who is there already, and what is known against whom."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from customers.change import differs, identity_problems
from customers.known import Seen, check_candidates, taken_references
from customers.models import Customer
from kyc.pack.columns import DOCUMENTS
from kyc.pack.judging import check_owners, place_problem
from kyc.pack.units import Unit

# Errors that time alone brings about: no reason to turn away what was submitted before.
_BY_TIME = ("expired",)


def find_existing(units: Sequence[Unit]) -> None:
    """Set `existing`, with merchant, profile and UBOs, on the units whose reference is registered."""
    # Most packs hold nobody who is there, which a short question tells.
    taken = taken_references([unit.reference for unit in units if unit.reference])
    existing = load_customers(list(taken)) if taken else {}
    for unit in units:
        unit.existing = existing.get(unit.reference)


def load_customers(references: Sequence[str]) -> dict[str, Customer]:
    rows = (
        Customer.objects.filter(reference__any_of=frozenset(references))
        .select_related("merchant", "business_profile")
        .prefetch_related("ubos")
    )
    existing = {customer.reference: customer for customer in rows}
    for customer in existing.values():
        if customer.is_business:
            # The profile's and the UBOs' cells open with this very instance's key.
            customer.business_profile.customer = customer
            for ubo in customer.ubos.all():
                ubo.customer = customer
    return existing


def compare(units: Sequence[Unit], seen: Seen | None) -> list[Unit]:
    """Add what only the database knows. `seen`: who would be registered by now, in a dry run.

    Returns those that somebody else registered since `find_existing`: their e-mail is "taken" by that very
    row, so nothing is said of them here; they are to be taken anew.
    """
    for unit in units:
        _compare_with_record(unit)
    judged = [unit for unit in units if unit.candidate is not None]
    candidates = []
    for unit in judged:
        candidate = unit.candidate
        assert candidate is not None
        if unit.faults and not candidate.has_errors:
            # What is wrong with the rows keeps the candidate out; nobody after it is compared with it.
            candidate.problems += [fault.problem for fault in unit.faults if fault.is_error][:1]
        candidates.append(candidate)
    before = [len(candidate.problems) for candidate in candidates]
    check_candidates(candidates, seen)
    came_between = _registered_since(judged, before)
    for unit, candidate, count in zip(judged, candidates, before, strict=True):
        if len(candidate.problems) == count or unit.reference in came_between:
            continue
        is_double = any(fault.problem.code in ("same_email", "same_reference") for fault in unit.faults)
        for problem in candidate.problems[count:]:
            if not (is_double and problem.code == "email_taken"):
                place_problem(unit, problem)
    return [unit for unit in judged if unit.reference in came_between]


def _registered_since(judged: Sequence[Unit], before: Sequence[int]) -> set[str]:
    """References that were free a moment ago, of units that the database speaks against now."""
    doubted = [
        unit.reference
        for unit, count in zip(judged, before, strict=True)
        if unit.existing is None
        and unit.candidate
        and any(p.is_error for p in unit.candidate.problems[count:])
    ]
    return set(taken_references(doubted)) if doubted else set()


def _compare_with_record(unit: Unit) -> None:
    existing, candidate = unit.existing, unit.candidate
    if existing is None:
        if unit.row is None:
            for row in unit.documents:
                unit.refuse(
                    DOCUMENTS,
                    row.line,
                    "reference",
                    "unknown_reference",
                    _("Neither the customers of this pack nor the portal have this reference."),
                    _("Correct the reference, or hand in the customer's own row, too."),
                    unit.reference[:80],
                )
            return
    elif candidate is not None:
        candidate.customer_id = existing.pk
        if not existing.is_editable:
            unit.faults = [fault for fault in unit.faults if fault.problem.code not in _BY_TIME]
            candidate.problems = [problem for problem in candidate.problems if problem.code not in _BY_TIME]
        for problem in identity_problems(existing, candidate):
            place_problem(unit, problem)
    check_owners(unit)


def fields_differ(unit: Unit) -> bool:
    """Whether the unit's rows say anything that the record doesn't."""
    return unit.existing is not None and unit.candidate is not None and differs(unit.existing, unit.candidate)


def files_differ(unit: Unit) -> bool:
    return any(not file.is_held_already for file in unit.files)
