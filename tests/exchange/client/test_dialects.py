"""Each dialect's uploads, as the exact parts that arrive."""

from __future__ import annotations

import pytest

from exchange.client import DIALECTS, NotSendable
from exchange.client.calls import Expects
from exchange.client.dialects import Dialect
from exchange.client.uploads import MAX_FILE_BYTES, file_name

CUSTOMERS = "/api/v2/verification/customers/documents"
UBOS = "/api/v2/verification/ubos/documents"
BYTES = b"\xff\xd8\xff\r\n--boundary\r\n\x00"


def upload(client, **changes):
    return client.upload_document(
        **{
            "target": "customer",
            "uid": "ID1",
            "doc_type": "Drivers license back",
            "doc_number": "DL 1",
            "doc_expire": "2030-12-31",
            "content": BYTES,
            "content_type": "image/jpeg",
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("dialect", "target", "path", "field"),
    [
        ("2025-11", "customer", CUSTOMERS, "customer_uid"),
        ("2025-11", "ubo", CUSTOMERS, "customer_uid"),
        ("2026-02", "customer", CUSTOMERS, "customer_uid"),
        ("2026-02", "ubo", CUSTOMERS, "customer_ubo_uid"),
        ("2026-04", "customer", CUSTOMERS, "uid"),
        ("2026-04", "ubo", UBOS, "uid"),
    ],
)
def test_a_persons_document_arrives_with_exactly_these_parts(
    new_client, server, dialect, target, path, field
):
    upload(new_client(dialect=dialect), target=target)
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", path)
    assert seen.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert seen.parts == [
        (field, None, None, b"ID1"),
        ("doc_type", None, None, b"Drivers license back"),
        ("doc_number", None, None, b"DL 1"),
        ("doc_expire", None, None, b"2030-12-31"),
        ("upload", "drivers-license-back.jpg", "image/jpeg", BYTES),
    ]


@pytest.mark.parametrize(("dialect", "blank"), [("2025-11", b"N/A"), ("2026-02", b"N/A"), ("2026-04", None)])
def test_a_business_document_has_the_dialects_blank_for_number_and_expiry(new_client, server, dialect, blank):
    upload(
        new_client(dialect=dialect), is_business=True, doc_type="AML Policy", content_type="application/pdf"
    )
    fields = {name: value for name, _, _, value in server.seen[0].parts}
    assert (fields.get("doc_number"), fields.get("doc_expire")) == (blank, blank)


def test_a_businesss_ubo_keeps_the_persons_number(new_client, server):
    upload(new_client(), target="ubo", is_business=True)
    assert ("doc_number", None, None, b"DL 1") in server.seen[0].parts


@pytest.mark.parametrize("empty", [None, ""])
def test_a_number_that_is_not_known_is_left_out(new_client, server, empty):
    upload(new_client(), doc_type="Selfie", doc_number=empty, doc_expire=empty)
    assert [part[0] for part in server.seen[0].parts] == ["customer_uid", "doc_type", "upload"]


@pytest.mark.parametrize("body", [b"", b"201", b"<html>", b'{"status":"ok"}'])
@pytest.mark.parametrize("status", [200, 201, 204])
def test_an_upload_succeeds_with_any_2xx_and_any_body(new_client, server, status, body):
    if status == 204:
        body = b""
    server.replies(status, body)
    assert upload(new_client()).status == status


@pytest.mark.parametrize(
    "changes",
    [
        {"content": b""},
        {"content": b"x" * (MAX_FILE_BYTES + 1)},
        {"content_type": "image/gif"},
        {"uid": ""},
        {"target": "merchant"},
    ],
)
def test_what_the_exchange_could_not_take_is_not_sent(new_client, server, changes):
    with pytest.raises(NotSendable, match="Nothing was sent"):
        upload(new_client(), **changes)
    assert server.seen == []


@pytest.mark.parametrize(
    ("doc_type", "content_type", "name"),
    [
        ("Passport", "image/jpeg", "passport.jpg"),
        ("Proof of Address", "application/pdf", "proof-of-address.pdf"),
        ("Pässport/../x", "image/png", "p-ssport-x.png"),
        ("护照", "image/png", "document.png"),
        ("Passport", "image/heic", None),
    ],
)
def test_the_file_name_is_made_of_the_document_type(doc_type, content_type, name):
    assert file_name(doc_type, content_type) == name


def test_a_call_that_a_dialect_does_not_have_is_not_sent(new_client, server):
    narrow = Dialect("narrow", {"alive": DIALECTS["2026-02"].calls["alive"]}, {}, None)
    with pytest.raises(NotSendable, match="narrow has no call “list_merchants”"):
        new_client(dialect=narrow).list_merchants()
    assert server.seen == []


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
def test_a_dialects_table_is_whole(dialect):
    assert all(name == call.name for name, call in dialect.calls.items())
    assert all(f"upload_{target}_document" in dialect.calls for target in dialect.upload_fields)
    assert all(call.path.startswith("/api/v2/") for call in dialect.calls.values())
    creates = [call for call in dialect.calls.values() if call.expects is Expects.UID]
    assert [call.name for call in creates] == ["create_customer"]
    assert not any(call.is_safe_to_repeat for call in (*creates, dialect.calls["upload_ubo_document"]))
