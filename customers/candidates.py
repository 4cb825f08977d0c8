"""Somebody to register: plain data judged by the field rules, whoever handed it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _

from customers.choices import EntityType
from customers.indexes import first_indexes
from customers.models import Merchant
from customers.problems import ERROR, Problem, has_errors, shown_safely
from customers.rules import (
    check_ubos,
    read_business,
    read_entity_type,
    read_individual,
    read_reference,
    read_ubo,
)


@dataclass(slots=True)
class Candidate:
    """`values` and `ubos` are cleaned and typed (`customers.rules`); `problems` all that is wrong so far.

    `customer_id`: the customer that this changes, None for a new one. `is_checked`: `customers.known` has
    been asked. The keyed indexes are worked out once, for the look-ups and for the rows.
    """

    reference: str
    entity_type: str
    merchant: Merchant | None
    values: dict[str, object]
    ubos: list[dict[str, object]]
    problems: list[Problem] = field(default_factory=list)
    customer_id: UUID | None = None
    is_checked: bool = False

    @property
    def has_errors(self) -> bool:
        return has_errors(self.problems)

    @property
    def is_business(self) -> bool:
        return self.entity_type == EntityType.BUSINESS


def judge(
    data: Mapping[str, object],
    ubos: Sequence[Mapping[str, object]] = (),
    *,
    merchant: Merchant | None,
    today: date,
) -> Candidate:
    """Judge one customer with its UBOs: every rule that needs no database, every problem at once."""
    candidate, ubo_problems = judge_apart(data, ubos, merchant=merchant, today=today)
    for problems in ubo_problems:
        candidate.problems += problems
    return candidate


def judge_apart(
    data: Mapping[str, object],
    ubos: Sequence[Mapping[str, object]],
    *,
    merchant: Merchant | None,
    today: date,
) -> tuple[Candidate, list[list[Problem]]]:
    """As `judge`, with each UBO row's own problems beside the candidate, in the order of `ubos`."""
    reference = read_reference(data)
    kind = read_entity_type(data)
    problems = [*reference.problems, *kind.problems]
    entity_type = str(kind.values.get("entity_type", ""))
    # A row of no known kind is judged as a person's: its other slips are told at once, too.
    reading = (read_business if entity_type == EntityType.BUSINESS else read_individual)(data, today=today)
    if not entity_type:
        reading.problems = [
            problem for problem in reading.problems if problem.is_error and data.get(problem.field)
        ]
    problems += reading.problems
    values = reading.values
    read = [read_ubo(ubo, today=today) for ubo in ubos]
    if entity_type == EntityType.BUSINESS:
        problems += check_ubos([ubo.values for ubo in read])
    elif entity_type and read:
        problems.append(
            Problem(
                "not_for_individuals",
                "",
                "ubos",
                ERROR,
                _("An individual has no beneficial owners."),
                _("Take them out, or set entity_type to business."),
                shown_safely("ubos", len(read)),
            )
        )
    candidate = Candidate(
        reference=str(reference.values.get("reference", "")),
        entity_type=entity_type,
        merchant=merchant,
        values=with_indexes(values),
        ubos=[with_indexes(ubo.values) for ubo in read],
        problems=problems,
    )
    return candidate, [ubo.problems for ubo in read]


def with_indexes(values: dict[str, object]) -> dict[str, object]:
    """The values of a customer or UBO with what it is looked up by."""
    values["email_key"] = str(values.get("email", "")).casefold()
    values.update(first_indexes(values))
    return values
