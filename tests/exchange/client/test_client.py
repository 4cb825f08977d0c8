"""What goes over the wire and what is made of the answers, against a server each test scripts."""

from __future__ import annotations

import pickle
import socket
import threading
import time
from datetime import UTC, date, datetime

import pytest

from exchange.client import (
    ClockProblem,
    Credentials,
    EmailTaken,
    ExchangeClient,
    ExchangePaused,
    KeyRefused,
    NotSendable,
    NotSigned,
    Outcome,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Rejected,
    ReplyTooLarge,
    Timeouts,
    Unreachable,
)
from exchange.client.signing import signature
from tests.exchange.client.conftest import KEY, SECRET

HASTY = Timeouts(connect=0.5, read=0.3, total=0.6, upload_read=0.3, upload_total=0.6)
BODY = {"entity_type": "individual", "email": "jane@acme.example", "last_name": "Canary"}


def failure(call, *args, **kwargs):
    with pytest.raises(Exception) as caught:
        call(*args, **kwargs)
    return caught.value


# What is sent


def test_a_create_is_signed_json_on_the_persona_path(client, server):
    server.replies(201, {"uid": "ID1"})
    client.create_customer({"email": "zoë@acme.example", "is_pip": False, "count": 5})
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/api/v2/persona/resource/customers")
    assert seen.headers["content-type"] == "application/json"
    assert seen.json == {"email": "zoë@acme.example", "is_pip": False, "count": 5}
    nonce = int(seen.headers["x-auth-nonce"])
    assert abs(nonce - time.time() * 1000) < 5000
    assert seen.headers["x-auth-signature"] == signature(KEY, SECRET, nonce)
    assert "x-auth-subaccount-uid" not in seen.headers


def test_every_request_has_its_own_increasing_nonce(client, server):
    server.replies(200, [])
    for _ in range(5):
        client.list_customers()
    nonces = [int(seen.headers["x-auth-nonce"]) for seen in server.seen]
    assert nonces == sorted(set(nonces))
    assert len(nonces) == 5


def test_a_failed_call_is_sent_once(client, server):
    server.replies(503, b"")
    failure(client.create_customer, BODY)
    failure(client.get_customer, "ID1")
    assert len(server.seen) == 2


def test_the_health_check_is_not_signed(client, server):
    assert client.alive() is True
    assert server.seen[0].path == "/api/v2/atlas/public/health/alive"
    assert not [name for name in server.seen[0].headers if name.startswith("x-auth")]


@pytest.mark.parametrize("status", [471, 503, 404, 302])
def test_an_exchange_that_does_not_say_200_is_not_alive(client, server, status):
    server.replies(status, b"")
    assert client.alive() is False


def test_a_uid_is_encoded_into_the_path(client, server):
    server.replies(200, {})
    client.get_customer("A/../B?c=1 é")
    assert server.seen[0].path == "/api/v2/persona/resource/customers/A%2F..%2FB%3Fc%3D1%20%C3%A9"


@pytest.mark.parametrize("uid", ["", "  ", ".", "..", None])
def test_a_uid_that_is_none_is_never_sent(client, server, uid):
    for call in (client.get_customer, client.list_merchant_customers):
        error = failure(call, uid)
        assert isinstance(error, NotSendable)
        assert error.outcome is Outcome.REFUSED
    assert server.seen == []


def test_lists_always_name_page_and_limit(client, server):
    server.replies(200, [])
    client.list_customers(3, 500, merchant_uid="M 1")
    client.list_merchants()
    client.list_merchant_customers("M1", page=2)
    assert [seen.path for seen in server.seen] == [
        "/api/v2/persona/resource/customers?page=3&limit=500&merchant_uid=M+1",
        "/api/v2/persona/resource/merchants?page=1&limit=100",
        "/api/v2/persona/resource/merchants/M1/customers?page=2&limit=1000",
    ]


def test_an_update_sends_what_is_given_and_nothing_else(client, server):
    server.replies(200, b"")
    assert client.update_customer("ID1", custom_id="R-1").uid == "ID1"
    assert (server.seen[0].method, server.seen[0].json) == ("PUT", {"custom_id": "R-1"})
    assert isinstance(failure(client.update_customer, "ID1"), NotSendable)


def test_a_value_that_is_no_json_is_never_sent(client, server):
    assert isinstance(failure(client.create_customer, {"x": float("nan")}), NotSendable)
    assert isinstance(failure(client.create_customer, {"x": "\ud800"}), NotSendable)
    assert server.seen == []


def test_proxies_and_credentials_of_the_environment_are_not_used(client, server, monkeypatch, tmp_path):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert client.alive() is True
    assert "authorization" not in server.seen[0].headers


def test_cookies_are_not_kept(client, server):
    server.replies(200, b"", {"Set-Cookie": "session=1; Path=/"})
    client.alive()
    client.alive()
    assert "cookie" not in server.seen[1].headers


def test_a_redirect_is_not_followed_and_its_outcome_is_unknown(client, server):
    server.replies(307, b"", {"Location": f"{server.base_url}/elsewhere"})
    assert isinstance(failure(client.create_customer, BODY), OutcomeUnknown)
    assert len(server.seen) == 1


def test_a_connection_is_kept_between_calls_but_not_after_a_long_idle_time(client, server, monkeypatch):
    peers = []
    server.answers(lambda handler, seen: (peers.append(handler.client_address[1]), handler.reply(200)))
    client.alive()
    client.alive()
    monkeypatch.setattr("exchange.client.client.MAX_IDLE_SECONDS", -1.0)
    client.alive()
    assert peers[0] == peers[1] != peers[2]


# Before the first byte


def test_a_nonce_source_that_raises_sends_nothing_and_keeps_its_cause(new_client, server):
    class ComeBack(Exception):
        retry_after = 1.5

    def nonce():
        raise ComeBack

    error = failure(new_client(nonce=nonce).create_customer, BODY)
    assert isinstance(error, NotSigned)
    assert (error.outcome, error.retry_after, error.cause) == (Outcome.NOT_APPLIED, 1.5, "ComeBack")
    assert isinstance(error.__cause__, ComeBack)
    assert server.seen == []


def test_a_refused_connection_is_not_applied(server):
    url = server.base_url
    server.close()
    client = ExchangeClient(url, credentials=Credentials(KEY, SECRET))
    error = failure(client.create_customer, BODY)
    assert isinstance(error, Unreachable)
    assert error.outcome is Outcome.NOT_APPLIED
    assert error.is_safe_to_repeat
    assert client.alive() is False


def test_a_name_that_is_not_known_is_not_applied():
    client = ExchangeClient("https://nowhere.invalid", credentials=Credentials(KEY, SECRET))
    assert isinstance(failure(client.create_customer, BODY), Unreachable)


def test_a_tls_failure_is_not_applied(server):
    address = server.base_url.replace("http://", "https://")
    client = ExchangeClient(address, credentials=Credentials(KEY, SECRET))
    assert isinstance(failure(client.create_customer, BODY), Unreachable)
    assert server.seen == []


# After the first byte

BROKEN = {
    "reset": lambda handler, seen: handler.reset(),
    "closed": lambda handler, seen: handler.raw(b""),
    "cut in the status line": lambda handler, seen: handler.raw(b"HTTP/1.1 20"),
    "cut in the headers": lambda handler, seen: handler.raw(b"HTTP/1.1 201 Created\r\nContent-Le"),
    "cut in the body": lambda handler, seen: handler.raw(
        b'HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{"uid":"ID1"}'
    ),
    "cut in a chunk": lambda handler, seen: handler.raw(
        b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n{"uid":"ID1"}\r\n'
    ),
    "no HTTP": lambda handler, seen: handler.raw(b"\x00\x01garbage\r\n\r\n"),
    "bad gzip": lambda handler, seen: handler.reply(201, b"no gzip", {"Content-Encoding": "gzip"}),
}


def test_two_answers_to_one_call_are_none(client, server):
    """A gateway that answers early may take the rest of a form for a request, and refuse that."""
    first = b'HTTP/1.1 201 Created\r\nContent-Length: 13\r\n\r\n{"uid":"ID1"}'
    second = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
    server.answers(lambda handler, seen: handler.raw(first + second))
    error = failure(client.create_customer, BODY)
    assert isinstance(error, OutcomeUnknown)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", Outcome.REFUSED),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", Outcome.UNKNOWN),
    ],
    ids=["a refusal is heard", "a success can't be one"],
)
def test_an_answer_that_comes_before_the_form_has_left(answer, expected):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = ExchangeClient(
            f"http://127.0.0.1:{listener.getsockname()[1]}", credentials=Credentials(KEY, SECRET)
        )

        def answer_early():
            peer, _address = listener.accept()
            peer.recv(1_000)
            peer.sendall(answer)
            peer.shutdown(socket.SHUT_WR)
            # Half of it is taken, and then nobody reads on.
            peer.recv(1_000_000)
            time.sleep(0.3)
            peer.close()

        early = threading.Thread(target=answer_early)
        early.start()
        upload = {
            "uid": "ID1",
            "doc_type": "Selfie",
            "content": b"x" * 4_000_000,
            "content_type": "image/png",
        }
        error = failure(client.upload_document, target="customer", **upload)
        early.join()
    assert error.outcome is expected


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_is_unknown(client, server, script):
    server.answers(script)
    error = failure(client.create_customer, BODY)
    assert isinstance(error, OutcomeUnknown)
    assert (error.outcome, error.is_safe_to_repeat) == (Outcome.UNKNOWN, False)
    assert len(server.seen) == 1
    server.replies(201, {"uid": "ID2"})
    assert client.create_customer(BODY).uid == "ID2"


def test_an_exchange_that_hangs_is_unknown_after_the_read_timeout(new_client, server):
    server.answers(lambda handler, seen: (time.sleep(1.0), handler.raw(b"")))
    began = time.monotonic()
    assert isinstance(failure(new_client(timeouts=HASTY).create_customer, BODY), OutcomeUnknown)
    assert time.monotonic() - began < 0.8


def trickle(lead: bytes, piece: bytes):
    def script(handler, seen):
        handler.wfile.write(lead)
        for _ in range(30):
            time.sleep(0.1)
            handler.wfile.write(piece)
            handler.wfile.flush()
        handler.close_connection = True

    return script


@pytest.mark.parametrize(
    "script",
    [
        trickle(b"HTTP/1.1 201 Created\r\n", b"X-A: b\r\n"),
        trickle(b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n", b" "),
        trickle(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["headers", "body", "chunks"],
)
def test_an_exchange_that_trickles_is_unknown_at_the_total_deadline(new_client, server, script):
    server.answers(script)
    began = time.monotonic()
    assert isinstance(failure(new_client(timeouts=HASTY).create_customer, BODY), OutcomeUnknown)
    assert time.monotonic() - began < 1.0


def test_a_slow_taker_of_a_large_upload_is_not_held_to_the_connect_timeout(new_client, server):
    server.answers(lambda handler, seen: handler.reply(200))
    client = new_client(timeouts=Timeouts(connect=0.2, upload_read=5, upload_total=5))
    original = type(server._server).finish_request

    def late(self, request, address):
        time.sleep(0.6)
        original(self, request, address)

    server._server.finish_request = late.__get__(server._server)
    uploaded = client.upload_document(
        target="customer", uid="ID1", doc_type="Selfie", content=b"x" * 4_000_000, content_type="image/jpeg"
    )
    assert uploaded.status == 200


@pytest.mark.parametrize("encoding", [{}, {"Content-Encoding": "gzip"}])
def test_an_answer_over_one_megabyte_is_refused(client, server, encoding):
    import gzip

    body = b'{"uid":"' + b"A" * 1_000_000 + b'"}'
    server.replies(201, gzip.compress(body) if encoding else body, encoding)
    error = failure(client.create_customer, BODY)
    assert isinstance(error, ReplyTooLarge)
    assert error.outcome is Outcome.UNKNOWN
    error = failure(client.list_customers)
    assert error.is_safe_to_repeat
    assert "smaller pages" in str(error)


def test_an_answer_of_just_under_one_megabyte_is_read(client, server):
    server.replies(201, b'{"uid":"' + b"A" * 999_900 + b'"}')
    assert len(client.create_customer(BODY).uid) == 999_900


def test_a_lost_read_and_a_lost_update_may_be_repeated_and_a_lost_upload_may_not(client, server):
    server.replies(502, b"<html>")
    assert failure(client.get_customer, "ID1").is_safe_to_repeat
    assert failure(client.update_customer, "ID1", custom_id="R").is_safe_to_repeat
    upload = dict(target="customer", uid="ID1", doc_type="Selfie", content=b"x", content_type="image/png")
    assert not failure(client.upload_document, **upload).is_safe_to_repeat


# Errors


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"errors": ["authz.invalid_signature"]}, KeyRefused),
        (401, {"errors": ["authz.nonce_expired"]}, ClockProblem),
        (403, b"", ExchangePaused),
        (404, {"errors": ["record.not_found"]}, Refused),
        (422, {"errors": ["dob.invalid"]}, Rejected),
        (422, {"errors": ["email.taken"]}, EmailTaken),
        (429, b"Retry later", RateLimited),
        (471, b"", ExchangePaused),
        (500, {"errors": ["server.internal_error"]}, OutcomeUnknown),
    ],
)
def test_each_answer_has_its_class(client, server, status, body, expected):
    server.replies(status, body)
    error = failure(client.create_customer, BODY)
    assert type(error) is expected
    assert error.status == status
    assert abs((error.server_date - datetime.now(UTC)).total_seconds()) < 5
    assert str(error).startswith(error.happened[:-1])
    assert error.remedy


def test_a_taken_email_of_a_ubo_is_told_apart(client, server):
    server.replies(422, {"errors": ["ubos.0.email.taken"]})
    assert failure(client.create_customer, BODY).is_ubo_email is True
    server.replies(422, {"errors": ["email.taken"]})
    assert failure(client.create_customer, BODY).is_ubo_email is False


@pytest.mark.parametrize("status", [400, 401, 422, 500])
def test_an_error_holds_nothing_that_was_sent_or_answered(client, server, status):
    server.replies(status, {"errors": ["Canary", "canary", "last_name.canary", "jane@acme.example", "x.y"]})
    error = failure(client.create_customer, BODY)
    told = (
        f"{error} {error!r} {error.__dict__} {error.args} {error.__cause__!r} {error.__context__!r}".lower()
    )
    for secret in ("canary", "jane", KEY, SECRET, "x-auth"):
        assert secret not in told
    assert error.codes[-1] == "x.y"


def test_a_lost_answer_is_not_chained_to_the_signed_request(client, server):
    server.answers(BROKEN["closed"])
    error = failure(client.create_customer, BODY)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert error.cause == "EndedEarly"


def test_an_error_survives_pickling(client, server):
    server.replies(422, {"errors": ["ubos.0.email.taken"]})
    error = failure(client.create_customer, BODY)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.codes) == (EmailTaken, str(error), error.codes)
    assert again.is_ubo_email


@pytest.mark.parametrize("status", [400, 404, 422])
def test_an_upload_that_may_be_in_the_wrong_dialect_names_the_setting(client, server, status):
    server.replies(status, {"errors": ["customer_uid.missing"]})
    upload = dict(target="customer", uid="ID1", doc_type="Selfie", content=b"x", content_type="image/png")
    assert "EXCHANGE_DIALECT (now 2026-02)" in str(failure(client.upload_document, **upload))
    assert "EXCHANGE_DIALECT" not in str(failure(client.create_customer, BODY))


# Answers


def test_ubo_uids_come_from_uid_or_id_or_are_none(client, server):
    ubos = [{"uid": "U1", "email": "a@b.example"}, {"id": 7, "first_name": "J"}, {"last_name": "S****"}, None]
    server.replies(201, {"uid": 12, "ubos": ubos})
    created = client.create_customer(BODY)
    assert created.uid == "12"
    assert [ubo.uid for ubo in created.ubos] == ["U1", "7", None]
    assert created.ubos[2].last_name == "S****"
    assert created.server_date is not None
    assert "S****" not in repr(created)


def test_a_customer_is_read_however_little_came(client, server):
    server.replies(200, {})
    customer = client.get_customer("ID1")
    assert (customer.uid, customer.kyc_status, customer.state, customer.ubos) == ("ID1", None, None, ())
    assert (customer.profile, customer.phone, customer.business_profile) == ({}, {}, {})


def test_a_masked_customer_is_read(client, server):
    answer = {
        "uid": "ID1",
        "account_name": "N [T]",
        "custom_id": None,
        "state": "frozen",
        "kyc_status": "replaced",
        "created_at": "2024-01-01T00:00:00.000Z",
        "profiles": [{"last_name": "S****", "dob": "1990-01-**"}],
        "phone": {"number": "27*****4567"},
    }
    server.replies(200, answer)
    customer = client.get_customer("ID1")
    assert (customer.state, customer.kyc_status, customer.custom_id) == ("frozen", "replaced", None)
    assert customer.created_at == datetime(2024, 1, 1, tzinfo=UTC)
    assert customer.profile["dob"] == "1990-01-**"
    assert (customer.entity_type, customer.raw) == ("individual", answer)


def test_a_business_is_told_by_its_profile(client, server):
    server.replies(200, {"customer": {"uid": "B1", "business_profile": {"legal_name": "A"}, "level": 1}})
    customer = client.get_customer("B1")
    assert (customer.entity_type, customer.business_profile) == ("business", {"legal_name": "A"})


@pytest.mark.parametrize("value", [None, "", "yesterday", 17, ["2024"], True])
def test_a_creation_time_that_can_not_be_read_is_none(client, server, value):
    server.replies(200, {"uid": "ID1", "created_at": value})
    assert client.get_customer("ID1").created_at is None


@pytest.mark.parametrize(
    "wrap", [lambda rows: rows, lambda rows: {"data": rows}, lambda rows: {"customers": rows}]
)
def test_a_list_is_read_bare_or_wrapped(client, server, wrap):
    rows = [{"uid": "ID1", "kyc_status": "verified"}, {"uid": 2}, {"state": "active"}, None]
    server.replies(200, wrap(rows), {"Page": "2", "per-page": "50", "TOTAL": "120"})
    page = client.list_customers(2, 50)
    assert [row.uid for row in page.rows] == ["ID1", "2"]
    assert (page.page, page.per_page, page.total, page.unreadable) == (2, 50, 120, 2)
    assert page.server_date is not None


def test_missing_pagination_headers_are_no_matter(client, server):
    server.replies(200, [], {"Total": "many"})
    page = client.list_customers(4, 10)
    assert (page.rows, page.page, page.per_page, page.total) == ((), 4, 10, None)


def test_merchants_are_named_by_account_or_company(client, server):
    server.replies(
        200,
        [
            {"uid": "M1", "account_name": "One", "state": "active", "email": "a@b.example"},
            {"uid": "M2", "business_profile": {"legal_name": "Two Ltd"}},
            {"uid": "M3"},
        ],
    )
    assert [merchant.name for merchant in client.list_merchants().rows] == ["One", "Two Ltd", None]


# Addresses


@pytest.mark.parametrize(
    "url",
    [
        "https://trade.example.com",
        "https://trade.example.com/",
        "https://trade.example.com:8443",
        "http://127.0.0.1:8001",
        "http://localhost:8001",
        "http://[::1]:8001",
    ],
)
def test_an_origin_is_accepted(url):
    ExchangeClient(url, credentials=Credentials(KEY, SECRET))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "trade.example.com",
        "ftp://trade.example.com",
        "https://",
        "http://trade.example.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "https://user:pass@trade.example.com",
        "https://trade.example.com/api",
        "https://trade.example.com?x=1",
        "https://trade.example.com#x",
        "https://trade.example.com:port",
        "https://[::1",
    ],
)
def test_what_is_no_origin_is_refused_in_plain_words(url):
    with pytest.raises(ValueError, match="^EXCHANGE_BASE_URL ") as caught:
        ExchangeClient(url, credentials=Credentials(KEY, SECRET))
    assert "pass" not in str(caught.value).replace("password", "")


def test_an_unknown_dialect_names_the_known_ones(new_client):
    with pytest.raises(ValueError, match="2025-11, 2026-02, 2026-04"):
        new_client(dialect="2027-01")


def test_a_date_is_accepted_for_a_documents_expiry(client, server):
    client.upload_document(
        target="customer",
        uid="ID1",
        doc_type="Passport",
        doc_number="M1",
        doc_expire=date(2030, 1, 31),
        content=b"x",
        content_type="image/jpeg",
    )
    assert ("doc_expire", None, None, b"2030-01-31") in server.seen[0].parts
