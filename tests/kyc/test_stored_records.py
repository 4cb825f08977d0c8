"""What was registered is judged again from the record: the rules must take what they gave."""

import csv
import json

import pytest

from customers.models import Customer
from kyc.records import load_records
from kyc.warnings import judge
from tests.customers.people import TODAY, UBO
from tests.house import PROJECT
from tests.kyc.onboarding import business, individual

pytestmark = pytest.mark.django_db

PROFILE = {
    "jurisdictions_of_operation": "ZA;NA",
    "website": "https://acme.example.com/about",
    "employee_count": "120",
    "address": "1 Long Street",
    "city": "Cape Town",
    "postcode": "0001",
    "country": "ZA",
    "license_status": "Licensed",
    "license_number": "FSP 12345",
    "license_jurisdictions": "ZA;NA",
    "expected_monthly_volume_usd": "1234567.89",
    "registration_country": "ZAF",
}
EXPOSED = {
    "is_pep_occupation": "yes",
    "pep_occupation_data": "Mayor\nof a town",
    "is_pep_related": "true",
    "pep_related_data": "Sister of a minister",
    "is_pip": "1",
    "pip_data": "Chairs a board",
}


def found():
    """Every error and open warning of everybody, by reference."""
    records = load_records(list(Customer.objects.all()))
    findings = judge(records, today=TODAY)
    return {
        records[pk].customer.reference: [
            (problem.subject, problem.field, problem.code)
            for problem in (*one.errors, *(warning.problem for warning in one.warnings))
        ]
        for pk, one in findings.items()
    }


def test_a_business_with_every_field_is_as_good_as_when_it_came(corner_shop, thandi):
    profile = {f"business_profile.{name}": value for name, value in PROFILE.items()}
    owner = {
        **UBO,
        **EXPOSED,
        "phone_number": "+27825550133",
        "is_director": "yes",
        "ownership_percentage": "33.3333",
    }
    business(corner_shop, thandi, ubos=(owner,), **profile)
    assert found() == {"B-1": []}


def test_an_individual_with_every_field_is_as_good_as_when_it_came(corner_shop, thandi):
    individual(
        corner_shop,
        thandi,
        **EXPOSED,
        account_name="Lerato M",
        doc_type="Driver license",
        doc_number="D95774273",
        doc_expire="2029-02-14",
        doc_country="ZA",
        external_verification_url="https://verify.example.com/1",
    )
    assert found() == {"C-1": []}


def test_the_sample_pack_is_as_good_as_when_it_came(own_merchant, thandi):
    samples = PROJECT / "samples"
    accepted = set(json.loads((samples / "pack-expected.json").read_text())["accepted"])
    owners = {}
    for owner in csv.DictReader((samples / "pack" / "ubos.csv").open(encoding="utf-8-sig")):
        owners.setdefault(owner.pop("reference"), []).append(owner)
    registered = set()
    for raw in csv.DictReader((samples / "pack" / "customers.csv").open(encoding="utf-8-sig")):
        if raw["reference"] not in accepted:
            continue
        register = business if raw["entity_type"] == "business" else individual
        own = {name: value for name, value in raw.items() if name != "merchant_uid"}
        if register is business:
            register(own_merchant, thandi, ubos=owners[raw["reference"]], **own)
        else:
            register(own_merchant, thandi, **own)
        registered.add(raw["reference"])
    assert registered == accepted
    errors = {
        pk: one.errors for pk, one in judge(load_records(list(Customer.objects.all())), today=TODAY).items()
    }
    assert [problems for problems in errors.values() if problems] == []
