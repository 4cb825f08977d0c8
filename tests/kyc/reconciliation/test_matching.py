"""Which rows are ours, and what contradicts: pure."""

from datetime import UTC, datetime

import pytest

from exchange.client import CustomerRow
from exchange.client.types import customer_from
from kyc.reconciliation.matching import (
    Mark,
    Told,
    borne_out,
    contradictions,
    find_marked,
    token_form_in,
    tokens_in,
)

MARK = Mark("ABCDEFGH23", "REF-1")


def row(uid, name=None, custom_id=None, minute=0):
    created = datetime(2026, 3, 1, 12, minute, tzinfo=UTC)
    return CustomerRow(uid, name, custom_id, None, None, None, created, {})


@pytest.mark.parametrize(
    "found",
    [
        row("A", "Lerato Mokoena [ABCDEFGH23]"),
        row("A", "lerato mokoena [abcdefgh23]"),
        row("A", "ABCDEFGH23"),
        row("A", "Lerato", "x-ABCDEFGH23"),
        row("A", "Lerato", "REF-1"),
        row("A", " REF-1 "),
    ],
)
def test_a_row_is_ours_by_token_anywhere_or_by_the_reference_alone(found):
    assert find_marked([found], [MARK]) == {MARK: [found]}


@pytest.mark.parametrize(
    "other",
    [
        row("A"),
        row("A", "Lerato Mokoena"),
        row("A", "ABCDEFGH234"),
        row("A", "[ABCDEFGH]"),
        row("A", "REF-12"),
    ],
)
def test_nothing_less_makes_a_row_ours(other):
    assert find_marked([other], [MARK]) == {}


def test_the_oldest_comes_first():
    rows = [row("NEW", "[ABCDEFGH23]", minute=9), row("OLD", "[ABCDEFGH23]", minute=1)]
    assert [found.uid for found in find_marked(rows, [MARK])[MARK]] == ["OLD", "NEW"]


def test_a_token_outweighs_somebody_elses_reference():
    other = Mark("ZZZZZZZZ22", "REF-2")
    found = row("A", "Lerato [ABCDEFGH23]", "REF-2")
    assert find_marked([found], [MARK, other]) == {MARK: [found]}


def test_only_our_form_is_taken_for_a_token_that_nobody_knows():
    assert token_form_in(row("A", "Lerato [ABCDEFGH23]")) == "ABCDEFGH23"
    assert token_form_in(row("A", "ABCDEFGH23")) is None
    assert tokens_in(row("A", "ABCDEFGH23")) == {"ABCDEFGH23"}


TOLD = Told("individual", first_name="Lerato", last_name="Mokoena", dob="1990-02-08")


def there(**document):
    return customer_from(document, uid="A", server_date=None)


@pytest.mark.parametrize(
    "profile",
    [
        {"first_name": "Lerato", "last_name": "Mokoena", "dob": "1990-02-08"},
        {"first_name": " LERATO ", "last_name": "M****", "dob": "1990-02-**"},
        {"first_name": "Lerato", "dob": "1990-02-08T00:00:00Z"},
        {},
    ],
)
def test_masked_missing_and_otherwise_written_values_contradict_nothing(profile):
    assert list(contradictions(TOLD, there(profile=profile))) == []


@pytest.mark.parametrize(
    ("profile", "field"),
    [
        ({"last_name": "Naidoo"}, "last_name"),
        ({"last_name": "N****"}, "last_name"),
        ({"dob": "1991-**-**"}, "dob"),
    ],
)
def test_another_person_contradicts(profile, field):
    assert list(contradictions(TOLD, there(profile=profile))) == [field]


def test_another_kind_of_customer_contradicts():
    assert list(contradictions(TOLD, there(entity_type="business"))) == ["entity_type"]


def test_a_business_is_known_by_its_registration_number():
    told = Told("business", registration_number="2020/1/07")
    assert not list(contradictions(told, there(business_profile={"registration_number": "2020/1/07"})))
    assert list(contradictions(told, there(business_profile={"registration_number": "2021/9/07"}))) == [
        "registration_number"
    ]


PERSON = Told("individual", "lerato@example.com", "", "Lerato", "Mokoena", "1990-02-08")
SHORT = Told("individual", first_name="Li", last_name="Wu", dob="1990-02-08")
COMPANY = Told("business", "info@shop.example.com", "Corner Shop", registration_number="2020/1/07")


@pytest.mark.parametrize(
    ("told", "document", "by"),
    [
        (PERSON, {"profile": {"first_name": "Lerato", "last_name": "Mok****"}}, ["name"]),
        (PERSON, {"profile": {"first_name": "Ler*", "last_name": "M****", "dob": "1990-02-**"}}, ["dob"]),
        (PERSON, {"email": "LERATO@example.com"}, ["email"]),
        (PERSON, {"email": "le****o@example.com"}, ["email"]),
        (SHORT, {"profile": {"first_name": "Li", "last_name": "Wu"}}, ["name"]),
        (COMPANY, {"email": "info@shop.example.com"}, ["email"]),
        (COMPANY, {"business_profile": {"legal_name": "Corner  shop"}}, ["company_name"]),
        (COMPANY, {"business_profile": {"registration_number": "2020/1/07"}}, ["registration_number"]),
    ],
)
def test_details_bear_out_whom_they_are_about(told, document, by):
    assert list(borne_out(told, there(**document))) == by


@pytest.mark.parametrize(
    ("told", "document"),
    [
        (PERSON, {}),
        (PERSON, {"email": "****@example.com"}),
        (PERSON, {"email": "l****o@example.com"}),
        (PERSON, {"profile": {"first_name": "Lerato", "last_name": "M****"}}),
        (PERSON, {"profile": {"first_name": "L****", "last_name": "Mokoena"}}),
        (PERSON, {"profile": {"first_name": "Lerato", "last_name": "M****", "dob": "****-**-08"}}),
        (PERSON, {"profile": {"first_name": "Lerato", "last_name": "N****", "dob": "1990-02-**"}}),
        (SHORT, {"profile": {"first_name": "Li", "last_name": "W*"}}),
        (PERSON, {"email": "somebody@example.com"}),
        (PERSON, {"profile": {"first_name": "Lerato"}}),
        (PERSON, {"profile": {"first_name": "Lerato", "last_name": "****"}}),
        (PERSON, {"profile": {"dob": "1990-02-08", "country": "ZA"}}),
        (COMPANY, {"business_profile": {"legal_name": "*"}}),
        (COMPANY, {"business_profile": {"legal_name": "C****"}}),
        (COMPANY, {"business_profile": {"registration_number": "20*****"}}),
    ],
)
def test_nothing_less_bears_it_out(told, document):
    assert list(borne_out(told, there(**document))) == []


@pytest.mark.parametrize(
    ("told", "document", "field"),
    [
        (PERSON, {"email": "somebody@example.com"}, "email"),
        (PERSON, {"email": "s****@example.com"}, "email"),
        (
            COMPANY,
            {"email": "info@shop.example.com", "business_profile": {"legal_name": "Bakery"}},
            "company_name",
        ),
        (COMPANY, {"business_profile": {"company_name": "B*"}}, "company_name"),
    ],
)
def test_where_the_reference_alone_says_that_it_is_ours_email_and_company_name_contradict_too(
    told, document, field
):
    assert list(contradictions(told, there(**document), by_reference=True)) == [field]
    # The token is proof, and the exchange may have corrected them.
    assert list(contradictions(told, there(**document))) == []


@pytest.mark.parametrize(
    ("told", "document"),
    [
        (PERSON, {"email": " Lerato@Example.com"}),
        (PERSON, {"email": "l***@example.com"}),
        (COMPANY, {"email": "****", "business_profile": {"legal_name": "C**** shop"}}),
        (COMPANY, {}),
    ],
)
def test_what_fits_or_is_hidden_contradicts_no_reference(told, document):
    assert list(contradictions(told, there(**document), by_reference=True)) == []
