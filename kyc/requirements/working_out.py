"""From the facts to the rows: the pure heart of the table."""

from __future__ import annotations

from kyc.requirements.businesses import business_rows
from kyc.requirements.data import error_rows, submit_row, surplus_rows, warning_rows
from kyc.requirements.delivery import delivery_rows, verdict_rows
from kyc.requirements.facts import Facts
from kyc.requirements.individuals import person_rows
from kyc.requirements.rows import Requirement


def work_out(facts: Facts) -> list[Requirement]:
    """Every requirement of one customer, done ones too, in the order in which they are dealt with."""
    rows = error_rows(facts)
    if not facts.is_found_there:
        rows += business_rows(facts) if facts.is_business else person_rows(facts, facts.owner)
    rows += surplus_rows(facts, rows)
    rows += warning_rows(facts)
    rows += submit_row(facts, rows)
    rows += delivery_rows(facts)
    rows += verdict_rows(facts)
    return rows
