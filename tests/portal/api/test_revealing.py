"""One masked value over the API: by its own call, for a reason, written down; nowhere else."""

import datetime
import json

import pytest
from django.test import Client

from accounts.models import AuditEntry
from customers.models import Customer
from kyc.models import Document
from tests.accounts.people import a_person
from tests.kyc.onboarding import business, complete, individual

pytestmark = pytest.mark.django_db
DOB = "2002-02-08"


@pytest.fixture
def lerato(corner_shop, thandi):
    return complete(individual(corner_shop, thandi), thandi)


@pytest.fixture
def acme(corner_shop, thandi):
    return complete(business(corner_shop, thandi), thandi)


@pytest.fixture
def api(client, thandi):
    client.force_login(thandi)
    return client


def ask(api, customer, field, subject="", reason="The exchange asked", **more):
    body = {"field": field, "subject": subject, "reason": reason, **more}
    return post(api, customer, body)


def post(api, customer, body):
    path = f"/api/customers/{customer.reference}/reveal/"
    return api.post(path, json.dumps(body), content_type="application/json")


def test_the_value_is_told_and_who_asked_is_written_down(lerato, api, thandi):
    answer = ask(api, lerato, "dob")
    assert (answer.status_code, answer.json()) == (200, {"subject": "", "field": "dob", "value": DOB})
    assert "no-store" in answer.headers["Cache-Control"]
    entry = AuditEntry.objects.get(action="customer.reveal")
    assert (entry.actor, entry.customer_id, entry.reason) == (thandi, lerato.pk, "The exchange asked")
    assert entry.details == {"field": "dob"}
    assert DOB not in repr(entry.__dict__)


def test_every_kind_of_masked_value_has_its_subject(acme, api):
    jane = acme.ubos.get()
    passport = Document.objects.get(ubo=jane, doc_type="Passport")
    for subject, field, value in (
        ("", "phone_number", acme.phone_number),
        ("", "business_profile.address", acme.business_profile.address),
        (f"ubo:{jane.email}", "id_number", jane.id_number),
        (f"ubo:{jane.email}/document:Passport", "doc_number", passport.doc_number),
        ("document:Bank Statement", "original_name", "scan.jpg"),
    ):
        assert ask(api, acme, field, subject).json()["value"] == (value or ""), subject
    assert AuditEntry.objects.filter(action="customer.reveal").count() == 5


@pytest.mark.parametrize(
    ("subject", "field"),
    [
        ("", "email"),
        ("", "wrapped_key"),
        ("", "token"),
        ("", ""),
        ("", "business_profile.address"),
        ("ubo:nobody@example.com", "dob"),
        ("document:Passport", "sha256"),
        ("document:Bank Statement", "doc_number"),
        ("document:", "doc_number"),
        ("ubo:", "dob"),
        ("ubo:/document:Passport", "doc_number"),
        ("somebody", "dob"),
        ("/document:Passport", "doc_number"),
    ],
)
def test_what_is_not_masked_or_not_there_is_not_found(lerato, api, subject, field):
    assert ask(api, lerato, field, subject).status_code == 404
    assert not AuditEntry.objects.filter(action="customer.reveal").exists()


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nothing_is_told(lerato, api, reason):
    answer = ask(api, lerato, "dob", reason=reason)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "refused")
    assert DOB not in answer.text


@pytest.mark.parametrize(
    "body",
    [[], "dob", {"field": 1}, {"field": "dob", "subject": None}, {"field": "dob", "state": "verified"}],
)
def test_a_body_of_another_shape_is_refused(lerato, api, body):
    assert post(api, lerato, body).status_code == 422


def test_who_only_views_is_not_told(lerato, viewer):
    client = Client()
    client.force_login(viewer)
    answer = ask(client, lerato, "dob")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")


def test_another_merchants_customer_is_not_there(lerato):
    client = Client()
    client.force_login(a_person("stranger@aggregator.example", "officer", merchants=("CCT0000000009",)))
    assert ask(client, lerato, "dob").status_code == 404


def test_the_second_factor_is_asked_for_anew(lerato, api, time_machine):
    time_machine.move_to(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=6))
    answer = ask(api, lerato, "dob")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "step_up_needed")


def test_a_value_whose_key_is_gone_is_said_to_be(lerato, api):
    Customer.objects.update(wrapped_key=b"")
    answer = ask(api, lerato, "dob")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "key_gone")


def test_no_other_call_tells_a_sealed_value(acme, lerato, api):
    for customer in (acme, lerato):
        for path in ("", f"{customer.reference}/", f"{customer.reference}/requirements/"):
            text = api.get(f"/api/customers/{path}").text
            assert [
                value for value in (customer.phone_number, customer.id_number, DOB) if value and value in text
            ] == []
