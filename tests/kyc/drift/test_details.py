"""A customer here against its details there, case by case."""

from dataclasses import replace

import pytest

from exchange.client.types import customer_from
from kyc.drift.details import Owner, Particulars, differing_details

PERSON = Particulars(
    entity_type="individual",
    email="lerato@example.com",
    first_name="Lerato",
    last_name="Mokoena",
    dob="1990-02-08",
    phone_number="+27822904047",
)
PROFILE = {"first_name": "Lerato", "last_name": "Mokoena", "dob": "1990-02-08"}
JANE = Owner("UBO1", "jane@example.com", "Jane", "Smith", "1980-01-31")
JANE_THERE = {"uid": "UBO1", "email": "jane@example.com", "first_name": "Jane", "last_name": "Smith"}
BUSINESS = Particulars(
    entity_type="business",
    email="info@acme.example",
    company_name="Acme (Pty) Ltd",
    registration_number="2020/1/07",
    owners=(JANE,),
)


def person(*, profile=None, phone="27822904047", **more):
    document = {"profile": PROFILE | (profile or {}), "phone": {"number": phone}, **more}
    return customer_from(document, uid="CCT1", server_date=None)


def business(*ubos, **profile):
    held = {"legal_name": "Acme (Pty) Ltd", "registration_number": "2020/1/07"} | profile
    return customer_from(
        {"entity_type": "business", "business_profile": held, "ubos": list(ubos)},
        uid="CCT1",
        server_date=None,
    )


@pytest.mark.parametrize(
    ("there", "fields"),
    [
        (person(), ()),
        (person(phone="+27 82 290 4047"), ()),
        (person(phone="27*****4047"), ()),
        (person(phone="27*****9999"), ("phone_number",)),
        (person(phone=None), ()),
        (person(profile={"last_name": "M****", "dob": "1990-02-**"}), ()),
        (person(profile={"last_name": "N****"}), ("last_name",)),
        (person(profile={"dob": "1991-**-**"}), ("dob",)),
        (person(profile={"dob": "1990-02-08T00:00:00Z"}), ()),
        (person(profile={"first_name": " LERATO "}), ()),
        (person(profile={"first_name": None, "last_name": "", "dob": None}), ()),
        (person(email="other@example.com"), ("email",)),
        (person(email="LERATO@example.com"), ()),
        (person(entity_type="business"), ("entity_type",)),
        (customer_from({}, uid="CCT1", server_date=None), ()),
    ],
)
def test_a_person_is_compared_field_by_field(there, fields):
    assert differing_details(PERSON, there) == fields


@pytest.mark.parametrize(
    ("there", "fields"),
    [
        (business(JANE_THERE), ()),
        (business(), ()),
        (business(JANE_THERE, registration_number="9/9"), ("registration_number",)),
        (business(JANE_THERE, legal_name="Other Ltd"), ("company_name",)),
        (business(JANE_THERE, legal_name=None, registration_number=None), ()),
        # By uid where it is the same, else by e-mail.
        (business(JANE_THERE | {"email": "j***@example.com"}), ()),
        (business(JANE_THERE | {"email": "else@example.com"}), ("ubos.email",)),
        (business(JANE_THERE | {"uid": None}), ()),
        (business(JANE_THERE | {"uid": "UBO9"}), ("ubos.uid",)),
        (business(JANE_THERE | {"last_name": "S****", "dob": "1980-01-**"}), ()),
        (business(JANE_THERE | {"dob": "1981-01-31"}), ("ubos.dob",)),
        (business({"uid": "UBO9", "email": "else@example.com"}), ("ubos.email",)),
        # Without uid and e-mail it may be anybody.
        (business({"first_name": "Jane"}), ()),
        (business(JANE_THERE, {"uid": "UBO2", "email": "two@example.com"}), ("ubos",)),
    ],
)
def test_a_business_and_its_owners_are_compared(there, fields):
    assert differing_details(BUSINESS, there) == fields


def test_an_owner_whose_uid_is_not_known_here_is_told():
    unbound = replace(BUSINESS, owners=(replace(JANE, uid=""),))
    assert differing_details(unbound, business(JANE_THERE)) == ("ubos.uid",)


def test_what_we_hold_nothing_of_contradicts_nothing():
    assert differing_details(Particulars("individual"), person(email="any@example.com")) == ()
