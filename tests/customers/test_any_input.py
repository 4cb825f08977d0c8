"""Whatever is typed, sent or found in a cell: an answer comes, and it keeps what is secret."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from customers.rules import read_business, read_entity_type, read_individual, read_reference, read_ubo
from customers.rules.numbers import parse_number
from tests.customers.people import BUSINESS, INDIVIDUAL, TODAY, UBO

ANY_TEXT = some.text(alphabet=some.characters(), max_size=60)
NASTY = [
    "1" * 5000,
    "9" * 400,
    "-",
    "+",
    "{",
    '{"action": ' * 99,
    "\ud800",
    "\0",
    "a@" + "b." * 200,
    "http://[",
    "١٢",
]
ANY_VALUE = some.one_of(
    ANY_TEXT,
    some.sampled_from(NASTY),
    some.integers(),
    some.sampled_from([10**400, -(10**5000)]),
    some.floats(),
    some.decimals(),
    some.just(Decimal("sNaN")),
    some.booleans(),
    some.dates(),
    some.datetimes(),
    some.binary(max_size=20),
    some.lists(ANY_TEXT, max_size=3),
    some.lists(some.integers(), max_size=3),
    some.dictionaries(ANY_TEXT, some.integers(), max_size=2),
    some.none(),
)
READERS = {
    "individual": (
        read_individual,
        {
            **INDIVIDUAL,
            "doc_type": "",
            "doc_number": "",
            "doc_expire": "",
            "is_pip": "",
            "pip_data": "",
            "deposit_action": "",
            "account_name": "",
        },
    ),
    "business": (
        read_business,
        {
            **BUSINESS,
            "business_profile.website": "",
            "business_profile.employee_count": "",
            "business_profile.jurisdictions_of_operation": "",
        },
    ),
    "ubo": (read_ubo, {**UBO, "phone_number": ""}),
}


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=150, deadline=None)
@given(data=some.data())
def test_every_value_in_every_field_is_read_or_refused_and_never_crashes(kind, data):
    read, good = READERS[kind]
    raw = {name: data.draw(some.one_of(some.just(value), ANY_VALUE)) for name, value in good.items()}
    reading = read(raw, today=TODAY)
    for problem in reading.problems:
        assert problem.message
        assert problem.remedy
        problem.shown.encode()
        problem.subject.encode()
        (problem.message + problem.remedy).encode()
        assert len(problem.shown) <= 80
        assert len(problem.remedy) < 600
    failed = {problem.field for problem in reading.errors}
    assert not failed & set(reading.values)
    for value in reading.values.values():
        assert isinstance(value, (str, bool, Decimal, list, date)) or value is None
        assert not isinstance(value, datetime)
        if isinstance(value, str):
            value.encode()
            assert "\0" not in value


@settings(max_examples=100, deadline=None)
@given(value=ANY_VALUE)
def test_any_kind_and_any_reference_is_read_or_refused(value):
    assert bool(read_entity_type({"entity_type": value}).problems) is (
        value not in ("individual", "business")
    )
    reading = read_reference({"reference": value})
    assert ("reference" in reading.values) is not bool(reading.problems)


@pytest.mark.parametrize("value", [1e28, 10**29, "1" + "0" * 29])
def test_a_round_number_of_thirty_digits_is_read(value):
    assert parse_number(value, places=2) == Decimal(str(value))
