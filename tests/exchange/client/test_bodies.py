from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from exchange.client.bodies import business_body, individual_body

PERSON = {
    "email": "jane@acme.example",
    "first_name": "Jane",
    "last_name": "O'Neil",
    "dob": date(1990, 1, 15),
    "address": "1 Main Street",
    "postcode": "0077",
    "city": "Cape Town",
    "country": "ZA",
    "nationality": "ZA",
    "id_number": "9001155800087",
    "occupation": "Software Engineer",
    "source_of_funds": "Salary or Wages",
}


def test_an_individuals_body_holds_what_is_known_and_nothing_empty():
    data = {
        **PERSON,
        "phone_number": "+27821234567",
        "country_of_residence": "ZA",
        "is_pep_occupation": False,
        "pep_occupation_data": "left over",
        "is_pep_related": True,
        "pep_related_data": "Sister of a minister",
        "is_pip": None,
        "pip_data": "",
        "reference": "R-1",
        "doc_number": "M1",
    }
    assert individual_body(data, account_name="Jane [T]", merchant_uid="M1") == {
        "entity_type": "individual",
        "account_name": "Jane [T]",
        "merchant_uid": "M1",
        **PERSON,
        "dob": "1990-01-15",
        "phone_number": "+27821234567",
        "country_of_residence": "ZA",
        "is_pep_occupation": False,
        "is_pep_related": True,
        "pep_related_data": "Sister of a minister",
    }


@pytest.mark.parametrize("merchant_uid", [None, ""])
def test_the_aggregators_own_customer_goes_without_a_merchant(merchant_uid):
    assert "merchant_uid" not in individual_body(PERSON, account_name="A", merchant_uid=merchant_uid)


def test_an_id_number_is_left_out_where_there_is_none():
    assert "id_number" not in individual_body({**PERSON, "id_number": ""}, account_name="A")


def test_a_time_is_sent_as_its_date():
    body = individual_body({**PERSON, "dob": datetime(1990, 1, 15, 3, 4, tzinfo=UTC)}, account_name="A")
    assert body["dob"] == "1990-01-15"


BUSINESS = {
    "company_name": "Acme (Pty) Ltd",
    "expected_monthly_volume_usd": Decimal("500000.00"),
    "employee_count": 0,
    "jurisdictions_of_operation": ["ZA", "US"],
    "license_jurisdictions": [],
    "license_number": "",
    "website": None,
}


@pytest.mark.parametrize(
    "data",
    [
        {"business_profile": BUSINESS},
        {f"business_profile.{name}": value for name, value in BUSINESS.items()},
    ],
    ids=["nested", "flat"],
)
def test_a_businesss_body_nests_its_profile_and_its_ubos(data):
    ubo = {
        **PERSON,
        "ownership_percentage": Decimal("33.5"),
        "is_director": True,
        "is_authorized_signatory": False,
        "is_pip": True,
        "pip_data": "Mayor",
    }
    body = business_body({"email": "a@acme.example", **data}, [ubo], account_name="Acme [T]")
    assert body == {
        "entity_type": "business",
        "account_name": "Acme [T]",
        "email": "a@acme.example",
        "business_profile": {
            "company_name": "Acme (Pty) Ltd",
            "expected_monthly_volume_usd": 500000,
            "employee_count": 0,
            "jurisdictions_of_operation": ["ZA", "US"],
        },
        "ubos": [
            {
                **PERSON,
                "dob": "1990-01-15",
                "ownership_percentage": 33.5,
                "is_director": True,
                "is_authorized_signatory": False,
                "is_pip": True,
                "pip_data": "Mayor",
            }
        ],
    }
    assert '"expected_monthly_volume_usd": 500000,' in json.dumps(body)


@pytest.mark.parametrize("value", [Decimal("NaN"), float("inf")])
def test_a_number_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="not finite"):
        business_body({"business_profile.employee_count": value}, [], account_name="A")
