"""Customers over the API: the same rules and services as everywhere, one shape of error, nothing sealed."""

import json
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from accounts.models import AuditEntry
from customers.models import Customer
from exchange.outbox.models import Intent
from tests.accounts.people import elsewhere
from tests.customers.people import BUSINESS, INDIVIDUAL, UBO
from tests.kyc.onboarding import business, complete, individual

pytestmark = pytest.mark.django_db

SECRETS = ("350 Moon Street", "7350", "+27822904047", "0202086471085", "2002-02-08")


@pytest.fixture(autouse=True)
def _pinned():
    with time_machine.travel(datetime(2026, 11, 21, 10, tzinfo=UTC)):
        yield


@pytest.fixture
def api(thandi):
    """Thandi's session."""
    client = Client()
    client.force_login(thandi, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def post(api, path, body):
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return api.post(path, content, content_type="application/json")


def nested(**changes):
    """A good business as the API takes it: its profile as an object."""
    own = {name: value for name, value in BUSINESS.items() if "." not in name}
    profile = {name.partition(".")[2]: value for name, value in BUSINESS.items() if "." in name}
    return {
        **own,
        "entity_type": "business",
        "reference": "B-1",
        "business_profile": profile,
        "ubos": [UBO],
        **changes,
    }


def error_of(answer):
    return answer.json()["error"]


def problems_of(answer):
    return [
        (problem["subject"], problem["field"], problem["code"]) for problem in error_of(answer)["problems"]
    ]


def test_a_registered_individual_is_told_with_what_is_missing(api, corner_shop, thandi):
    answer = post(api, "/api/customers/", {**INDIVIDUAL, "merchant_uid": corner_shop.uid})
    assert answer.status_code == 201
    stored = Customer.objects.get()
    assert (stored.reference, stored.merchant, stored.origin) == ("C-1", corner_shop, "api")
    body = answer.json()
    assert (body["customer"]["stage"], body["customer"]["email"]) == ("draft", "lerato@example.com")
    assert "document:selfie" in [row["code"] for row in body["requirements"]]
    assert AuditEntry.objects.get(action="customer.register").actor == thandi


def test_a_business_with_profile_and_owners_is_registered(api):
    answer = post(api, "/api/customers/", nested())
    assert answer.status_code == 201, answer.content
    stored = Customer.objects.get()
    assert (stored.merchant.is_self, stored.business_profile.industry) == (True, "Financial Services")
    assert [ubo.email for ubo in stored.ubos.all()] == ["jane@example.com"]
    assert answer.json()["customer"]["ubos"][0]["ownership_percentage"] is not None


def test_a_reference_is_made_where_none_is_given(api):
    answer = post(api, "/api/customers/", {**INDIVIDUAL, "reference": ""})
    assert answer.json()["customer"]["reference"]


def test_no_answer_tells_an_encrypted_value(api):
    told = [post(api, "/api/customers/", INDIVIDUAL).content.decode()]
    told += [api.get(path).content.decode() for path in ("/api/customers/", "/api/customers/C-1/")]
    for text in told:
        assert [secret for secret in SECRETS if secret in text] == []
    assert "id_number" in json.loads(told[2])["customer"]["held_encrypted"]


def test_every_problem_is_told_at_once_and_nothing_is_kept(api):
    answer = post(
        api, "/api/customers/", {**INDIVIDUAL, "dob": "2020-01-01", "occupation": "historian", "city": ""}
    )
    assert answer.status_code == 422
    assert set(problems_of(answer)) == {
        ("", "dob", "under_age"),
        ("", "occupation", "not_in_list"),
        ("", "city", "required"),
    }
    assert all(problem["remedy"] for problem in error_of(answer)["problems"])
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    "name", ["uid", "stage", "state", "token", "id", "submitted_by", "is_admin", "merchant"]
)
def test_unknown_and_read_only_fields_are_refused(api, name):
    answer = post(api, "/api/customers/", {**INDIVIDUAL, name: "x"})
    assert (answer.status_code, problems_of(answer)) == (422, [("", name, "unknown_field")])
    assert not Customer.objects.exists()


def test_unknown_fields_of_profile_and_owners_are_refused(api):
    body = nested(ubos=[{**UBO, "uid": "x"}])
    body["business_profile"]["owner"] = "x"
    assert problems_of(post(api, "/api/customers/", body)) == [
        ("", "business_profile.owner", "unknown_field"),
        ("ubo:jane@example.com", "uid", "unknown_field"),
    ]


@pytest.mark.parametrize(
    "changes",
    [{"city": {"a": 1}}, {"ubos": "x"}, {"ubos": ["x"]}, {"business_profile": []}, {"business_profile": 3}],
)
def test_values_of_the_wrong_shape_are_refused(api, changes):
    answer = post(api, "/api/customers/", nested(**changes))
    assert answer.status_code == 422
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b'{"email": "a", "email": "b"}',
        b'{"ownership": NaN}',
        b"[" * 100_000,
        b"[]",
        b'"text"',
        b"null",
    ],
)
def test_a_body_that_is_no_plain_object_is_refused(api, body):
    answer = post(api, "/api/customers/", body)
    assert answer.status_code in (400, 422)
    assert error_of(answer)["remedy"]
    assert not Customer.objects.exists()


@pytest.mark.parametrize("value", ["1e400", 10**400, "1" * 5000, True, -1, "\x00", "\ud800"])
def test_hostile_values_are_problems_and_not_faults(api, value):
    body = nested()
    body["business_profile"]["expected_monthly_volume_usd"] = value
    body["account_name"] = value if isinstance(value, str) else str(value)
    answer = post(api, "/api/customers/", body)
    assert answer.status_code == 422


def test_an_unknown_merchant_is_refused(api):
    answer = post(api, "/api/customers/", {**INDIVIDUAL, "merchant_uid": "CCT404"})
    assert problems_of(answer) == [("", "merchant_uid", "merchant_unknown")]


def test_a_taken_reference_is_refused(api):
    post(api, "/api/customers/", INDIVIDUAL)
    answer = post(api, "/api/customers/", {**INDIVIDUAL, "email": "other@example.com"})
    assert answer.status_code == 422
    assert Customer.objects.count() == 1


def test_another_kind_of_body_is_refused(api):
    answer = api.post("/api/customers/", INDIVIDUAL)
    assert (answer.status_code, error_of(answer)["code"]) == (415, "wrong_media_type")


def test_the_list_is_filtered_and_paged_by_key(api, corner_shop, own_merchant, thandi):
    for place in range(5):
        individual(corner_shop, thandi, reference=f"C-{place}", email=f"n{place}@example.com")
    individual(own_merchant, thandi, reference="X-1")

    def references(query):
        return [customer["reference"] for customer in api.get(f"/api/customers/?{query}").json()["customers"]]

    assert references(f"merchant={corner_shop.uid}") == ["C-4", "C-3", "C-2", "C-1", "C-0"]
    assert references("reference=X-1") == ["X-1"]
    assert references("stage=verified") == []
    assert references("entity_type=business") == []
    seen, query = [], "limit=2"
    while query:
        page = api.get(f"/api/customers/?{query}").json()
        seen += [customer["reference"] for customer in page["customers"]]
        query = page["next"] and f"limit=2&after={page['next']}"
    assert seen == ["X-1", "C-4", "C-3", "C-2", "C-1", "C-0"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=1000000000",
        "limit=-1",
        "limit=x",
        "limit=²",
        "after=garbage",
        "stage=nowhere",
        "entity_type=trust",
        "ordering=dob",
        "dob=2002-02-08",
        "reference=%00",
    ],
)
def test_a_parameter_that_is_unknown_or_unreadable_is_refused(api, query):
    answer = api.get(f"/api/customers/?{query}")
    assert (answer.status_code, error_of(answer)["code"]) == (400, "bad_parameter")
    assert error_of(answer)["remedy"]


def test_the_list_costs_the_same_number_of_queries_for_any_number(
    api, corner_shop, thandi, django_assert_max_num_queries
):
    for place in range(4):
        individual(corner_shop, thandi, reference=f"C-{place}", email=f"n{place}@example.com")
    with django_assert_max_num_queries(4):
        api.get("/api/customers/")


def test_requirements_are_the_same_rows_as_everywhere(api, corner_shop, thandi):
    individual(corner_shop, thandi)
    rows = api.get("/api/customers/C-1/requirements/").json()["requirements"]
    assert [(row["code"], row["state"], row["blocks"]) for row in rows] == [
        ("document:identity", "missing", "submission"),
        ("document:selfie", "missing", "submission"),
        ("document:proof_of_address", "missing", "submission"),
    ]


def test_submitting_too_early_tells_what_holds_it(api, corner_shop, thandi):
    individual(corner_shop, thandi)
    answer = post(api, "/api/customers/C-1/submit/", {})
    assert (answer.status_code, error_of(answer)["code"]) == (409, "not_ready")
    assert "document:selfie" in [row["code"] for row in error_of(answer)["requirements"]]
    assert not Intent.objects.exists()


def test_a_complete_customer_is_submitted_once(api, corner_shop, thandi):
    complete(individual(corner_shop, thandi), thandi)
    answer = post(api, "/api/customers/C-1/submit/", {})
    assert (answer.status_code, answer.json()["customer"]["stage"]) == (200, "submitted")
    again = post(api, "/api/customers/C-1/submit/", {})
    assert (again.status_code, error_of(again)["code"]) == (409, "already_submitted")
    assert Intent.objects.filter(topic="customer.create").count() == 1


def test_documents_are_told_without_their_numbers(api, corner_shop, thandi):
    acme = complete(business(corner_shop, thandi), thandi)
    answer = api.get(f"/api/customers/{acme.reference}/")
    customer = answer.json()["customer"]
    assert len(customer["documents"]) == 9
    assert {document["doc_type"] for document in customer["ubos"][0]["documents"]} == {
        "Passport",
        "Selfie",
        "Proof of Address",
    }
    assert "M00123456" not in answer.content.decode()


def test_a_reference_with_slashes_is_found(api, corner_shop, thandi):
    individual(corner_shop, thandi, reference="2026/ZA/7")
    assert api.get("/api/customers/2026/ZA/7/").json()["customer"]["reference"] == "2026/ZA/7"
    assert api.get("/api/customers/2026/ZA/7/requirements/").status_code == 200


def test_what_is_not_there_is_404_with_a_remedy(api):
    answer = api.get("/api/customers/nobody/")
    assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")


PATHS = ["/api/customers/", "/api/customers/C-1/", "/api/customers/C-1/requirements/"]


@pytest.mark.parametrize("path", PATHS)
def test_who_is_not_signed_in_learns_nothing(path, corner_shop, thandi):
    individual(corner_shop, thandi)
    answer = Client().get(path)
    assert (answer.status_code, error_of(answer)["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize("path", PATHS)
def test_what_is_out_of_scope_is_not_there(api, path, corner_shop, thandi):
    individual(corner_shop, thandi)
    elsewhere(thandi)
    answer = api.get(path)
    assert answer.status_code == 404 or answer.json()["customers"] == []


def test_a_merchant_out_of_scope_is_unknown(api, corner_shop, thandi):
    elsewhere(thandi)
    answer = post(api, "/api/customers/", {**INDIVIDUAL, "merchant_uid": corner_shop.uid})
    assert problems_of(answer) == [("", "merchant_uid", "merchant_unknown")]


def test_a_write_needs_the_csrf_token(thandi):
    client = Client(enforce_csrf_checks=True)
    client.force_login(thandi, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = post(client, "/api/customers/", INDIVIDUAL)
    assert (answer.status_code, error_of(answer)["code"]) == (403, "not_allowed")
    assert not Customer.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(api, method):
    answer = getattr(api, method)("/api/customers/")
    assert (answer.status_code, error_of(answer)["code"]) == (405, "wrong_method")


def test_a_method_can_not_be_overridden(api):
    answer = api.get("/api/customers/", headers={"X-HTTP-Method-Override": "POST"})
    assert answer.status_code == 200
    assert not Customer.objects.exists()


def test_answers_are_never_stored(api):
    assert "no-store" in api.get("/api/customers/")["Cache-Control"]
    assert "no-store" in api.get("/api/customers/nobody/")["Cache-Control"]
