"""Payment references: what is asked, which answers count, how they are read, what is never shown."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime

import pytest

from exchange.client import (
    DIALECTS,
    ExchangePaused,
    NotSendable,
    Outcome,
    OutcomeUnknown,
    PaymentReference,
    Refused,
    Rejected,
    Reply,
)
from exchange.client.bodies import payment_reference_body
from exchange.client.calls import Expects
from exchange.client.client import MAX_PAYMENTS_LIMIT
from exchange.client.outcomes import Reason, classify

PAYMENTS = "/api/v2/atlas/account/payments"
TOKEN = "5f0c0ffee5f0c0ffee5f0c0ffee5f0c0"  # noqa: S105 (made up)
HOOK = f"https://portal.example.com/hooks/{TOKEN}/"
HOOK_SECRET = "dGhpc0lz-YV90ZXN0_c2VjcmV0"  # noqa: S105 (made up)
BODY = payment_reference_body(uid="ID1", currency="zar", webhook_url=HOOK, webhook_secret=HOOK_SECRET)
SHOWN = {
    "id": 123,
    "reference": "PAY-ABC123",
    "uid": "ID1",
    "currency": "btc",
    "expected_amount": "100",
    "deposit_action": {"action": "aggregate"},
    "state": "pending_deposit",
    "webhook_url": HOOK,
    "webhook_protocol": "hmac",
    "created_at": "2024-01-15T10:30:00Z",
}


def failure(call, *args, **kwargs):
    with pytest.raises(Exception) as caught:
        call(*args, **kwargs)
    return caught.value


def shows_a_secret(text) -> bool:
    text = text.lower()
    words = (TOKEN, HOOK_SECRET, "portal.example.com", "c2vjcmv0", "dghpc0lz")
    return any(word.lower() in text for word in words)


# The body


def test_a_references_events_are_always_signed():
    assert BODY == {
        "uid": "ID1",
        "currency": "zar",
        "webhook_url": HOOK,
        "webhook_secret": HOOK_SECRET,
        "webhook_protocol": "hmac",
    }


def test_an_expected_amount_goes_as_text_and_only_where_there_is_one():
    known = {"uid": "ID1", "currency": "zar", "webhook_url": HOOK, "webhook_secret": HOOK_SECRET}
    assert payment_reference_body(**known, expected_amount="1000.50")["expected_amount"] == "1000.50"
    for empty in (None, ""):
        assert "expected_amount" not in payment_reference_body(**known, expected_amount=empty)


# The calls


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_three_calls_are_the_same_in_every_dialect(new_client, server, dialect):
    server.answers(
        lambda handler, seen: handler.reply(200, [SHOWN] if seen.path.startswith(f"{PAYMENTS}?") else SHOWN)
    )
    client = new_client(dialect=dialect)
    client.create_payment_reference(BODY)
    client.list_payment_references("I D1")
    client.list_payment_references("ID1", page=3, limit=5)
    client.get_payment_reference("12/3")
    assert [(seen.method, seen.path) for seen in server.seen] == [
        ("POST", PAYMENTS),
        ("GET", f"{PAYMENTS}?uid=I+D1&page=1&limit={MAX_PAYMENTS_LIMIT}"),
        ("GET", f"{PAYMENTS}?uid=ID1&page=3&limit=5"),
        ("GET", f"{PAYMENTS}/12%2F3"),
    ]
    assert server.seen[0].json == BODY
    assert all(seen.headers["x-auth-signature"] for seen in server.seen)


def test_a_page_has_at_most_a_hundred():
    assert MAX_PAYMENTS_LIMIT == 100


@pytest.mark.parametrize("nobody", ["", " ", ".", "..", None])
def test_neither_a_list_of_nobodys_nor_one_without_an_id_is_asked_for(client, server, nobody):
    for call in (client.list_payment_references, client.get_payment_reference):
        assert isinstance(failure(call, nobody), NotSendable)
    assert server.seen == []


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
def test_only_reading_may_be_repeated(dialect):
    calls = [dialect.calls[f"{verb}_payment_reference{s}"] for verb, s in (("get", ""), ("list", "s"))]
    assert all(call.is_safe_to_repeat for call in calls)
    create = dialect.calls["create_payment_reference"]
    assert (create.expects, create.is_safe_to_repeat) == (Expects.ID, False)


# Which answers count as a create


@pytest.mark.parametrize(
    "answer",
    [
        {"id": 123},
        {"id": "0a-1"},
        {"data": {"id": 123, "uid": "ID1"}},
        {"payment_reference": {"id": 123}},
        {"id": 123, "customer": {"id": 9, "uid": "ID1"}},
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_create_with_an_id_is_applied(client, server, status, answer):
    server.replies(status, answer)
    assert client.create_payment_reference(BODY).id in ("123", "0a-1")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"201",
        b"<html>",
        b'{"id":12',
        {},
        [],
        [{"id": 1}],
        {"id": None},
        {"id": ""},
        {"id": " "},
        {"id": True},
        {"id": 1.5},
        {"id": [1]},
        {"uid": "ID1", "reference": "PAY-1"},
        {"reference": "PAY-1", "customer": {"id": 9, "uid": "ID1"}},
        {"id": None, "data": {"id": 9}},
    ],
)
def test_a_create_without_an_id_is_unknown_and_is_not_repeated(client, server, answer):
    server.replies(201, answer)
    error = failure(client.create_payment_reference, BODY)
    assert isinstance(error, OutcomeUnknown)
    assert (error.outcome, error.reason) == (Outcome.UNKNOWN, Reason.UNREADABLE_SUCCESS)
    assert not error.is_safe_to_repeat
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (lambda handler, seen: handler.reset(), Reason.NO_ANSWER),
        (lambda handler, seen: handler.raw(b""), Reason.NO_ANSWER),
        (lambda handler, seen: handler.reply(500, b""), Reason.SERVER_FAILED),
        (lambda handler, seen: handler.reply(502, b"<html>"), Reason.SERVER_FAILED),
        (lambda handler, seen: handler.reply(302, b""), Reason.REDIRECTED),
        (lambda handler, seen: handler.reply(201, b" " * 1_000_001), Reason.TOO_LARGE),
    ],
)
def test_a_create_whose_reply_was_lost_is_unknown_and_is_not_repeated(client, server, script, reason):
    server.answers(script)
    error = failure(client.create_payment_reference, BODY)
    assert (error.outcome, error.reason, error.is_safe_to_repeat) == (Outcome.UNKNOWN, reason, False)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (422, {"errors": ["uid.doesnt_exist"]}, Rejected),
        (422, {"errors": ["account.currency.doesnt_exist", "expected_amount.non_positive"]}, Rejected),
        (422, b"", Rejected),
        (403, {"errors": ["user.ability.not_permitted"]}, Refused),
        (403, b"", ExchangePaused),
        (404, {"errors": ["record.not_found"]}, Refused),
        (405, {"errors": "server.method_not_allowed"}, Refused),
    ],
)
def test_a_create_that_was_turned_down_has_changed_nothing(client, server, status, body, expected):
    server.replies(status, body)
    error = failure(client.create_payment_reference, BODY)
    assert type(error) is expected
    assert error.outcome is not Outcome.UNKNOWN
    assert error.means == expected.means


def test_no_e_mail_of_an_account_is_taken_by_a_payment_reference():
    verdict = classify(expects=Expects.ID, status=422, body=b'{"errors":["email.taken"]}')
    assert verdict.outcome is Outcome.REJECTED


# What is made of the answers


def test_a_reference_is_read_in_full(client, server):
    server.replies(201, SHOWN)
    assert client.create_payment_reference(BODY) == PaymentReference(
        id="123",
        reference="PAY-ABC123",
        uid="ID1",
        currency="btc",
        expected_amount="100",
        state="pending_deposit",
        webhook_url=HOOK,
        webhook_protocol="hmac",
        created_at=datetime(2024, 1, 15, 10, 30, tzinfo=UTC),
        raw=SHOWN,
    )


def test_a_reference_is_read_however_little_came(client, server):
    server.replies(201, {"id": 5})
    made = client.create_payment_reference(BODY)
    named = ("reference", "uid", "currency", "expected_amount", "state", "webhook_url", "webhook_protocol")
    assert (made.id, [getattr(made, name) for name in named], made.created_at) == ("5", [None] * 7, None)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("expected_amount", 100, "100"),
        ("expected_amount", None, None),
        ("state", "on_hold", "on_hold"),
        ("state", ["pending"], None),
        ("webhook_url", "", None),
        ("webhook_url", {"url": HOOK}, None),
        ("created_at", "yesterday", None),
        ("created_at", 17, None),
    ],
)
def test_a_value_that_can_not_be_read_is_none_and_an_unknown_one_stays(client, server, name, value, read):
    server.replies(200, {**SHOWN, name: value})
    assert getattr(client.get_payment_reference("123"), name) == read


@pytest.mark.parametrize("answer", [{}, {"id": None}, {"id": ""}, {"id": 1.5}, {"customer": {"id": 9}}])
def test_details_that_repeat_no_id_are_those_of_the_id_that_was_asked_for(client, server, answer):
    server.replies(200, answer)
    found = client.get_payment_reference("123")
    assert (found.id, found.raw) == ("123", answer)


@pytest.mark.parametrize("wrapper", [None, "data", "payments", "payment_references"])
def test_a_list_is_read_bare_or_wrapped_and_rows_without_an_id_are_counted(client, server, wrapper):
    rows = [SHOWN, {"id": "x", "uid": "ID1"}, {"uid": "ID1", "reference": "PAY-1"}, {"id": True}, None]
    server.replies(200, {wrapper: rows} if wrapper else rows, {"Total": "7", "Page": "2", "Per-Page": "5"})
    page = client.list_payment_references("ID1", page=2, limit=5)
    assert [row.id for row in page.rows] == ["123", "x"]
    assert (page.page, page.per_page, page.total, page.unreadable) == (2, 5, 7, 3)


@pytest.mark.parametrize("answer", [b"", {}, {"id": 1}, b"<html>"])
def test_a_list_that_is_none_is_unknown_and_may_be_asked_for_again(client, server, answer):
    server.replies(200, answer)
    error = failure(client.list_payment_references, "ID1")
    assert isinstance(error, OutcomeUnknown)
    assert error.is_safe_to_repeat


def test_a_reference_that_is_not_there_is_refused(client, server):
    server.replies(404, {"errors": ["record.not_found"]})
    error = failure(client.get_payment_reference, "123")
    assert (type(error), error.status) == (Refused, 404)


# What is never shown


def test_neither_address_nor_secret_stands_in_what_is_printed(client, server):
    server.replies(200, {**SHOWN, "webhook_secret": HOOK_SECRET})
    made = client.create_payment_reference(BODY)
    server.replies(200, [{**SHOWN, "webhook_secret": HOOK_SECRET}])
    page = client.list_payment_references("ID1")
    assert made.webhook_url == page.rows[0].webhook_url == HOOK
    reply = Reply(201, SHOWN, {}, None)
    for told in (repr(made), str(made), repr(page), repr(reply), repr(client), f"{(made,)}"):
        assert not shows_a_secret(told)


@pytest.mark.parametrize("status", [400, 401, 422, 500])
@pytest.mark.parametrize(
    "echo",
    [HOOK, TOKEN, HOOK_SECRET, HOOK_SECRET.lower(), f"hook.{TOKEN}", f"webhook_secret.{HOOK_SECRET.lower()}"],
)
def test_an_error_that_repeats_address_or_secret_does_not_show_them(client, server, status, echo):
    shapes = (
        {"errors": [echo, f"webhook_url.{echo}", "x.y"]},
        {"errors": {"webhook_url": [echo]}},
        {"errors": f"{echo} is invalid"},
        {"error": echo},
        {"errors": [{"field": "webhook_url", "code": echo, "value": echo}]},
        echo.encode(),
        {"errors": {echo: ["invalid"]}},
    )
    for body in shapes:
        server.replies(status, body)
        error = failure(client.create_payment_reference, BODY)
        told = f"{error} {error!r} {error.__dict__} {error.args} {error.__cause__!r} {error.__context__!r}"
        assert not shows_a_secret(told + repr(pickle.loads(pickle.dumps(error)).__dict__)), body


def test_the_field_and_the_reason_are_shown_nevertheless(client, server):
    codes = ["webhook_url.invalid", "webhook_url.https_required", "currency.zar_disabled", "uid.doesnt_exist"]
    server.replies(422, {"errors": [*codes, f"webhook_url.{TOKEN}", "webhook_protocol.hmac_needs_secret"]})
    assert failure(client.create_payment_reference, BODY).codes == (
        *codes,
        "webhook_url.text_not_shown",
        "webhook_protocol.hmac_needs_secret",
    )


def test_a_lost_reply_is_not_chained_to_the_body_that_was_sent(client, server):
    server.answers(lambda handler, seen: handler.raw(b"HTTP/1.1 20"))
    error = failure(client.create_payment_reference, BODY)
    assert (error.__cause__, error.__context__) == (None, None)
    assert not shows_a_secret(json.dumps(error.__dict__, default=str))
