"""One test per row of the table of outcomes, and per shape of error body that the exchange is known for."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from exchange.client.calls import Expects
from exchange.client.codes import private_words
from exchange.client.outcomes import Outcome, Phase, Reason, classify

HTML = b"<html><body>502 Bad Gateway</body></html>"
NOT_APPLIED, REFUSED, REJECTED = Outcome.NOT_APPLIED, Outcome.REFUSED, Outcome.REJECTED
TAKEN, APPLIED, UNKNOWN = Outcome.TAKEN, Outcome.APPLIED, Outcome.UNKNOWN


def errors(*codes: str) -> bytes:
    return json.dumps({"errors": codes}).encode()


def judge(status: int, body: bytes = b"", expects: Expects = Expects.UID, **headers: str):
    named = {name.lower().replace("_", "-"): value for name, value in headers.items()}
    return classify(expects=expects, status=status, headers=named, body=body)


@pytest.mark.parametrize(
    ("phase", "outcome", "reason"),
    [
        (Phase.PREPARING, NOT_APPLIED, Reason.NOT_SIGNED),
        (Phase.CONNECTING, NOT_APPLIED, Reason.UNREACHABLE),
        (Phase.SENT, UNKNOWN, Reason.NO_ANSWER),
        (Phase.TOO_LARGE, UNKNOWN, Reason.TOO_LARGE),
    ],
)
@pytest.mark.parametrize("expects", Expects)
def test_without_a_whole_answer_the_first_byte_decides(phase, outcome, reason, expects):
    verdict = classify(expects=expects, phase=phase)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 406, 409, 411, 413, 415, 423])
def test_a_contract_fault_is_refused(status):
    verdict = judge(status, errors("record.not_found"))
    assert (verdict.outcome, verdict.codes) == (REFUSED, ("record.not_found",))
    assert not verdict.pauses_key


@pytest.mark.parametrize(
    "codes",
    [
        ("resource.documents.missing_uid", "resource.documents.empty_uid"),
        ("resource.documents.missing_customer_uid",),
        ("missing_customer_ubo_uid",),
        ("uid is required",),
        ("customer_ubo_uid.blank",),
    ],
)
def test_a_422_that_misses_another_dialects_field_is_a_contract_fault(codes):
    assert judge(422, errors(*codes)).outcome is REFUSED


@pytest.mark.parametrize(
    "codes",
    [("missing_merchant_uid",), ("missing_uid", "doc_number.invalid"), ("uid.invalid",), ("empty_uidx",)],
)
def test_a_422_about_anything_else_is_rejected(codes):
    assert judge(422, errors(*codes)).outcome is REJECTED


@pytest.mark.parametrize("body", [errors("doc_type.inclusion"), b"", HTML, b"[]", b'{"error":"x"}'])
def test_a_422_that_names_no_email_is_rejected(body):
    assert judge(422, body).outcome is REJECTED


@pytest.mark.parametrize(
    "body",
    [
        errors("email.taken"),
        errors("dob.invalid", "persona.customer.email_taken"),
        errors("customer.email_exists"),
        errors("user.email.already_exists"),
        errors("Email has already been taken"),
        errors("A customer with this e-mail already exists"),
        errors("email.not_unique"),
        errors("email.duplicate"),
        b'{"errors":"email.taken"}',
        b'{"error":"email.taken"}',
        b'{"error":{"message":"Email is already in use"}}',
        b'{"errors":{"email":["has already been taken"]}}',
        b'{"errors":[{"field":"email","code":"taken"}]}',
        b'{"errors":[{"source":{"pointer":"/email"},"detail":"email already registered"}]}',
        b'{"email":["taken"]}',
        b'["email.taken"]',
        b'"email.taken"',
        b"Email has already been taken",
    ],
)
def test_a_422_that_names_a_taken_email_is_taken(body):
    verdict = judge(422, body)
    assert (verdict.outcome, verdict.reason) == (TAKEN, Reason.EMAIL_TAKEN)


@pytest.mark.parametrize(
    "body",
    [
        errors("ubos[0].email.taken"),
        errors("ubo.email.taken"),
        errors("UBO email has already been taken"),
        b'{"errors":{"ubos":[{"email":["has already been taken"]}]}}',
        errors("beneficial owner: email already exists"),
    ],
)
def test_a_taken_email_of_a_ubo_is_told_apart(body):
    verdict = judge(422, body)
    assert (verdict.outcome, verdict.reason) == (TAKEN, Reason.UBO_EMAIL_TAKEN)


def test_where_both_emails_are_taken_the_customers_leads():
    assert judge(422, errors("email.taken", "ubos.0.email.taken")).reason is Reason.EMAIL_TAKEN


@pytest.mark.parametrize(
    "code",
    [
        "email.invalid",
        "email.missing",
        "email.does_not_exist",
        "Email doesn't exist",
        "phone_number.taken",
        "registration_number.already_exists",
    ],
)
def test_an_email_that_is_wrong_but_not_taken_is_rejected(code):
    assert judge(422, errors(code)).outcome is REJECTED


def test_only_a_create_can_find_an_email_taken():
    assert judge(422, errors("email.taken"), Expects.ANYTHING).outcome is REJECTED


@pytest.mark.parametrize("body", [b'{"uid":"ID1"}', b'{"uid":17}', b'{"data":{"uid":"ID1"}}'])
@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_create_with_a_uid_is_applied(status, body):
    assert judge(status, body).outcome is APPLIED


@pytest.mark.parametrize(
    "body",
    [b"", b"201", HTML, b"{}", b'{"uid":""}', b'{"uid":null}', b'{"uid":true}', b"[]", b'{"uid":"ID1"'],
)
def test_a_create_without_a_uid_is_unknown(body):
    verdict = judge(201, body)
    assert (verdict.outcome, verdict.reason) == (UNKNOWN, Reason.UNREADABLE_SUCCESS)


@pytest.mark.parametrize("body", [b"", b"201", HTML, b"{}", b'{"half'])
def test_an_upload_or_an_update_is_applied_with_any_body(body):
    assert judge(200, body, Expects.ANYTHING).outcome is APPLIED


def test_a_deeply_nested_body_is_no_json_and_no_crash():
    assert judge(201, b"[" * 200_000).outcome is UNKNOWN
    assert judge(422, b"[" * 200_000).outcome is REJECTED


@pytest.mark.parametrize(
    ("expects", "body", "outcome"),
    [
        (Expects.LIST, b"[]", APPLIED),
        (Expects.LIST, b'{"data":[]}', APPLIED),
        (Expects.LIST, b'{"customers":[]}', APPLIED),
        (Expects.LIST, b"{}", UNKNOWN),
        (Expects.LIST, b"", UNKNOWN),
        (Expects.OBJECT, b"{}", APPLIED),
        (Expects.OBJECT, b"[]", UNKNOWN),
        (Expects.OBJECT, HTML, UNKNOWN),
    ],
)
def test_a_read_is_applied_when_it_can_be_read(expects, body, outcome):
    assert judge(200, body, expects).outcome is outcome


@pytest.mark.parametrize("status", [408, 500, 501, 502, 503, 504, 520, 599])
def test_a_408_or_5xx_is_unknown(status):
    verdict = judge(status, errors("server.internal_error"), Retry_After="7")
    assert (verdict.outcome, verdict.reason) == (UNKNOWN, Reason.SERVER_FAILED)
    assert verdict.retry_after == 7


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_unknown(status):
    assert judge(status).outcome is UNKNOWN


@pytest.mark.parametrize("status", [100, 199, 407, 410, 418, 451, 499, 600, 999])
def test_a_status_that_no_row_names_is_unknown(status):
    assert judge(status).outcome is UNKNOWN


@pytest.mark.parametrize("status", [401, 422])
@pytest.mark.parametrize(
    "code",
    [
        "authz.invalid_session",
        "authz.missing_csrf_token",
        "authz.invalid_api_key_headers",
        "authz.unexistent_apikey",
        "authz.invalid_signature",
        "authz.apikey_not_active",
        "authz.disabled_2fa",
        "authz.invalid_permission",
        "authz.permission_denied",
        "authz.restrict.blacklist",
        "authz.something_new",
    ],
)
def test_an_authz_code_is_a_matter_of_the_key_and_stops_it(status, code):
    verdict = judge(status, errors(code))
    assert (verdict.outcome, verdict.reason, verdict.codes) == (NOT_APPLIED, Reason.KEY_REFUSED, (code,))
    assert verdict.pauses_key
    assert verdict.stops_key


@pytest.mark.parametrize(
    "code",
    [
        "authz.nonce_expired",
        "authz.nonce_not_valid_timestamp",
        "authz.nonce_from_future",
        "authz.signature_blacklisted",
    ],
)
@pytest.mark.parametrize("status", [401, 422])
def test_a_nonce_code_is_a_matter_of_the_clock_and_does_not_stop_the_key(status, code):
    verdict = judge(status, errors(code))
    assert (verdict.outcome, verdict.reason) == (NOT_APPLIED, Reason.CLOCK)
    assert not verdict.stops_key


@pytest.mark.parametrize("body", [b"", HTML, b"Unauthorized", b"{}"])
def test_a_401_without_a_code_is_not_applied_and_pauses_the_key(body):
    verdict = judge(401, body)
    assert (verdict.outcome, verdict.pauses_key, verdict.stops_key) == (NOT_APPLIED, True, False)


@pytest.mark.parametrize("body", [b"", b"RBAC: access denied", HTML])
def test_a_403_without_json_is_the_gateways_own_and_pauses(body):
    verdict = judge(403, body)
    assert (verdict.outcome, verdict.reason, verdict.pauses_key) == (NOT_APPLIED, Reason.PAUSED, True)


def test_a_403_with_json_is_refused():
    assert judge(403, errors("user.ability.not_permitted")).outcome is REFUSED


@pytest.mark.parametrize("body", [b"", HTML, errors("authz.restrict.maintenance")])
def test_maintenance_pauses(body):
    verdict = judge(471, body)
    assert (verdict.outcome, verdict.reason, verdict.pauses_key) == (NOT_APPLIED, Reason.PAUSED, True)


@pytest.mark.parametrize("body", [b"Retry later", b"", errors("rate.limited")])
def test_a_429_is_not_applied_and_pauses_the_key(body):
    verdict = judge(429, body, Retry_After="300")
    assert (verdict.outcome, verdict.reason, verdict.retry_after) == (NOT_APPLIED, Reason.RATE_LIMITED, 300)
    assert verdict.pauses_key


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry_After": "0"}, 0),
        ({"Retry_After": "99999999999999"}, 86_400),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "٣"}, None),
        ({"Retry_After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        ({"Retry_After": "Wed, 21 Oct 2026 07:27:00 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0),
        ({"Retry_After": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(headers, seconds):
    assert judge(429, b"", **headers).retry_after == seconds


def test_a_retry_after_date_is_counted_from_now_where_the_answer_has_no_date():
    verdict = classify(
        expects=Expects.UID,
        status=429,
        headers={"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"},
        now=datetime(2026, 10, 21, 7, 28, tzinfo=UTC),
    )
    assert verdict.retry_after == 30


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (errors("a.b", "c_d.e"), ("a.b", "c_d.e")),
        (errors("a.b", "a.b"), ("a.b",)),
        (b'{"errors":"server.method_not_allowed","sent_at":"2026-01-01"}', ("server.method_not_allowed",)),
        (b'{"error":"404 Not Found"}', ("text_not_shown",)),
        (b'{"errors":{"last_name":["invalid"]}}', ("last_name.invalid",)),
        (b'{"errors":{"last_name":["Smith is not allowed"]}}', ("last_name.text_not_shown",)),
        (errors('upload.You are not allowed to upload "gif" files'), ("upload.text_not_shown",)),
        (errors("id_number.8505155800088.invalid"), ("id_number.text_not_shown",)),
        (errors("jane@acme.example"), ("text_not_shown",)),
        (errors("x" * 101), ("text_not_shown",)),
        (errors("ubos[0].dob.invalid"), ("ubos.0.dob.invalid",)),
        (b'{"errors":[{"field":"dob","code":"invalid","value":"1990-01-15"}]}', ("dob.invalid",)),
        (HTML, ("text_not_shown",)),
        (b"", ()),
        (b"{}", ()),
    ],
)
def test_codes_are_kept_and_texts_are_not(body, codes):
    assert judge(400, body).codes == codes


def test_a_value_that_was_sent_is_never_shown_as_a_code():
    private = private_words(
        {"last_name": "Smith", "city": "Email", "country": "ZA", "ubos": [{"dob": "1990-01-15"}]}
    )
    body = errors("smith", "last_name.smith", "1990-01-15", "email.taken", "last_name.invalid")
    verdict = classify(expects=Expects.UID, status=422, headers={}, body=body, private=private)
    assert verdict.outcome is TAKEN
    assert verdict.codes == (
        "text_not_shown",
        "last_name.text_not_shown",
        "email.taken",
        "last_name.invalid",
    )


def test_at_most_twenty_codes_are_kept():
    assert len(judge(400, errors(*(f"a.b{n}" for n in range(50)))).codes) == 20
