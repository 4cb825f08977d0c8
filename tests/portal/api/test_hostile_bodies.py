"""Bodies that no honest program sends: refused with a reason, and nothing is kept. Bad inputs 73 to 78."""

import json

import pytest

from accounts.models import AuditEntry
from customers.models import Customer
from tests.customers.people import INDIVIDUAL
from tests.portal.api.test_customers import error_of, nested, problems_of

pytestmark = pytest.mark.django_db
ADDRESS = "/api/customers/"


@pytest.fixture
def api(client, thandi):
    client.force_login(thandi)
    return client


def send(api, body, content_type="application/json", **headers):
    return api.generic("POST", ADDRESS, body, content_type=content_type, **headers)


@pytest.fixture(autouse=True)
def _nothing_is_kept(db):
    yield
    assert not Customer.objects.exists()
    assert not AuditEntry.objects.filter(action="customer.register").exists()


@pytest.mark.parametrize("depth", [100, 900, 10_000])
@pytest.mark.parametrize(
    ("before", "opens", "inner", "closes", "after"),
    [
        (b"", b"[", b"1", b"]", b""),
        (b"", b'{"a":', b"1", b"}", b""),
        (b'{"city":', b"[", b'"x"', b"]", b"}"),
        (b'{"ubos":', b"[", b"{}", b"]", b"}"),
        (b'{"business_profile":', b'{"a":', b"1", b"}", b"}"),
    ],
    ids=["lists", "objects", "a field", "owners", "the profile"],
)
def test_73_a_body_nested_deep_is_refused(api, depth, before, opens, inner, closes, after):
    answer = send(api, before + opens * depth + inner + closes * depth + after)
    assert answer.status_code in (400, 422)
    assert error_of(answer)["code"] in ("not_json", "refused")


@pytest.mark.parametrize(
    ("found", "doubled"),
    [
        (b'"email": "', b'"email": "other@example.com", "email": "'),
        (b'"business_profile": {', b'"business_profile": {"website": "", "website": "",'),
        (b'"ubos": [{', b'"ubos": [{"last_name": "A", "last_name": "B", '),
        (b'"ubos": [', b'"ubos": [], "ubos": ['),
    ],
    ids=["a field", "in the profile", "in an owner", "the owners"],
)
def test_74_a_key_that_stands_twice_is_refused_wherever_it_stands(api, found, doubled):
    body = json.dumps(nested()).encode()
    assert found in body
    answer = send(api, body.replace(found, doubled, 1))
    assert (answer.status_code, error_of(answer)["code"]) == (400, "not_json")
    assert "twice" in error_of(answer)["message"]


NUMBERS = [b"1e400", b"-1e400", b"0.1e99999999999", b"9" * 400, b"9" * 5000]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number[:8].decode()} of {len(number)}")
@pytest.mark.parametrize("field", ["city", "dob", "phone_number", "is_pip"])
def test_75_a_number_that_no_field_takes_is_a_problem_of_its_field(api, number, field):
    body = json.dumps({**INDIVIDUAL, field: "@"}).encode().replace(b'"@"', number)
    answer = send(api, body)
    assert answer.status_code in (400, 422), answer.content
    # Python reads no whole number of more than 4,300 digits, so that body is no JSON here.
    if answer.status_code == 422:
        assert {name for _subject, name, _code in problems_of(answer)} >= {field}


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number[:8].decode()} of {len(number)}")
def test_75_nor_is_it_a_share_a_volume_or_a_count(api, number):
    body = nested(ubos=[{**nested()["ubos"][0], "ownership_percentage": "@"}])
    body["business_profile"] |= {"expected_monthly_volume_usd": "@", "number_of_employees": "@"}
    answer = send(api, json.dumps(body).encode().replace(b'"@"', number))
    assert answer.status_code in (400, 422), answer.content


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/merge-patch+json",
        "application/json/x",
        "",
        "é",
    ],
)
def test_77_a_body_of_another_kind_is_refused_whatever_it_holds(api, content_type):
    answer = send(api, json.dumps(INDIVIDUAL).encode(), content_type)
    assert answer.status_code in (400, 415)
    assert error_of(answer)["code"] in ("wrong_media_type", "not_json")


def test_77_json_in_another_encoding_is_refused_even_where_it_says_so(api):
    body = json.dumps(INDIVIDUAL).encode("utf-16")
    answer = send(api, body, "application/json; charset=utf-16")
    assert (answer.status_code, error_of(answer)["code"]) == (400, "not_json")


OVERRIDES = [
    {"HTTP_X_HTTP_METHOD_OVERRIDE": "{}"},
    {"HTTP_X_HTTP_METHOD": "{}"},
    {"HTTP_X_METHOD_OVERRIDE": "{}"},
    {"QUERY_STRING": "_method={}"},
    {"QUERY_STRING": "method={}"},
]


@pytest.mark.parametrize("override", OVERRIDES, ids=lambda override: str(*override.items()))
def test_78_a_get_stays_a_get_and_a_post_a_post(api, override):
    def said(method):
        return {name: value.format(method) for name, value in override.items()}

    for address in (ADDRESS, "/customers/", "/"):
        answer = api.generic("GET", address, json.dumps(INDIVIDUAL), "application/json", **said("POST"))
        assert answer.status_code in (200, 400), address
    # A parameter that the list does not know stands in nobody's way where something is registered.
    answer = send(api, b"[]", **said("DELETE"))
    assert (answer.status_code, problems_of(answer)[0][2]) == (422, "not_an_object")
