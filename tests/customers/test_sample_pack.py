"""The sample pack against what is expected of it: the rows that can be decided without a database."""

import csv
import json
from pathlib import Path

import pytest
from django.conf import settings

from customers.rules import (
    check_ubos,
    read_business,
    read_entity_type,
    read_individual,
    read_reference,
    read_ubo,
)
from tests.customers.people import TODAY

SAMPLES = Path(settings.BASE_DIR) / "samples"
NEEDS_THE_DATABASE = {"BAD-03-dupemail", "BAD-03-merchant"}
EXPECTED = json.loads((SAMPLES / "pack-expected.json").read_text())


def _rows(name):
    with (SAMPLES / "pack" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


CUSTOMERS = {row["reference"]: row for row in _rows("customers.csv")}


def _problems(row):
    kind = read_entity_type(row)
    problems = kind.problems + read_reference(row).problems
    read = read_business if kind.values.get("entity_type") == "business" else read_individual
    return problems + read(row, today=TODAY).problems


def test_every_row_of_the_pack_is_expected_to_be_one_or_the_other():
    assert set(CUSTOMERS) == {*EXPECTED["accepted"], *EXPECTED["rejected"]}


@pytest.mark.parametrize("reference", EXPECTED["accepted"])
def test_an_accepted_row_has_no_problem_at_all(reference):
    assert _problems(CUSTOMERS[reference]) == []


@pytest.mark.parametrize("reference", sorted(set(EXPECTED["rejected"]) - NEEDS_THE_DATABASE))
def test_a_rejected_row_has_an_error_in_the_expected_fields_and_nowhere_else(reference):
    problems = _problems(CUSTOMERS[reference])
    assert sorted(problem.field for problem in problems) == sorted(EXPECTED["rejected"][reference])
    assert all(problem.severity == "error" for problem in problems)
    assert all(problem.message and problem.remedy for problem in problems)


@pytest.mark.parametrize("reference", sorted(NEEDS_THE_DATABASE))
def test_a_row_that_only_the_database_can_refuse_reads_well(reference):
    assert _problems(CUSTOMERS[reference]) == []


def test_the_beneficial_owners_of_the_pack_have_no_problem():
    by_business = {}
    for row in _rows("ubos.csv"):
        reading = read_ubo(row, today=TODAY)
        assert reading.problems == []
        by_business.setdefault(row["reference"], []).append(reading.values)
    assert len(by_business) == 4
    assert all(check_ubos(ubos) == [] for ubos in by_business.values())
