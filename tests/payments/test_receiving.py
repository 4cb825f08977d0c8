"""What the exchange sends about a payment reference: proved, kept once, answered."""

import base64
import gzip
import hashlib
import hmac
import io
import json

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from gunicorn.http.errors import InvalidChunkSize

from accounts.models import User
from customers.models import Customer
from payments import receiving
from payments.models import PaymentReference, WebhookEvent
from payments.references import request_payment_reference
from vault.envelope import CannotOpen

BODY = json.dumps(
    {"event": "payment_reference.completed", "payment_reference_id": 123, "amount": "100.00"}
).encode()


@pytest.fixture
def reference(verified):
    return request_payment_reference(
        customer=verified, own_reference="INV-1", currency="zar", actor=User.objects.machine()
    )


def path_of(reference):
    return "/hooks/" + reference.webhook_url.partition("/hooks/")[2]


def signature(secret, body):
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def send(path, body=BODY, **headers):
    return Client(enforce_csrf_checks=True).post(
        path, body, content_type="application/json", headers={"X-Auth-Webhook": "", **headers}
    )


def signed(reference, body=BODY):
    return send(path_of(reference), body, **{"X-Auth-Webhook": signature(reference.webhook_secret, body)})


def test_a_signed_event_is_kept_byte_for_byte_and_answered(reference):
    body = '{"event": "payment_reference.failed", "error": "näh"}'.encode() + b"\xff\n"
    assert signed(reference, body).status_code == 200
    kept = WebhookEvent.objects.select_related("reference__customer").get()
    assert kept.body.encode("latin-1") == body
    cell = WebhookEvent.objects.values_list("body", flat=True).get()
    assert b"payment_reference" not in bytes(cell)


def test_the_same_event_again_is_answered_and_kept_once(reference):
    assert [signed(reference).status_code for _ in range(8)] == [200] * 8
    assert WebhookEvent.objects.count() == 1


def test_two_events_are_two(reference):
    signed(reference)
    signed(reference, BODY.replace(b"completed", b"failed"))
    assert WebhookEvent.objects.count() == 2


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "nonsense",
        "ä",
        base64.b64encode(b"x" * 32).decode(),
        signature("another secret", BODY),
        hmac.new(b"x", BODY, hashlib.sha256).hexdigest(),
    ],
)
def test_what_is_not_signed_with_the_addresss_secret_is_401_and_not_kept(reference, forged):
    from payments.receiving import Received, receive

    token = path_of(reference).split("/")[2]
    assert receive(token=token, raw=BODY, signature=forged) is Received.FORGED
    if forged.isascii():
        assert send(path_of(reference), **{"X-Auth-Webhook": forged}).status_code == 401
    assert not WebhookEvent.objects.exists()


def test_a_body_that_was_changed_on_its_way_is_401(reference):
    proof = signature(reference.webhook_secret, BODY)
    answer = send(path_of(reference), BODY.replace(b"100.00", b"900.00"), **{"X-Auth-Webhook": proof})
    assert answer.status_code == 401


def test_one_references_secret_opens_no_other_address(reference, verified):
    other = request_payment_reference(
        customer=verified, own_reference="INV-2", currency="zar", actor=User.objects.machine()
    )
    proof = signature(reference.webhook_secret, BODY)
    assert send(path_of(other), **{"X-Auth-Webhook": proof}).status_code == 401


@pytest.mark.parametrize("joined", [",", ", ", " "])
def test_two_signatures_are_none(reference, joined):
    proof = signature(reference.webhook_secret, BODY)
    answer = send(path_of(reference), **{"X-Auth-Webhook": f"{proof}{joined}{proof}"})
    assert answer.status_code == 401


def test_a_signature_of_the_same_json_written_anew_is_401(reference):
    proof = signature(reference.webhook_secret, json.dumps(json.loads(BODY), indent=1).encode())
    assert send(path_of(reference), **{"X-Auth-Webhook": proof}).status_code == 401


def test_a_packed_body_is_what_was_signed_or_refused(reference):
    packed, secret = gzip.compress(BODY), reference.webhook_secret
    of_content = {"X-Auth-Webhook": signature(secret, BODY), "Content-Encoding": "gzip"}
    assert send(path_of(reference), packed, **of_content).status_code == 401
    of_bytes = {**of_content, "X-Auth-Webhook": signature(secret, packed)}
    assert send(path_of(reference), packed, **of_bytes).status_code == 200
    assert WebhookEvent.objects.select_related("reference__customer").get().body.encode("latin-1") == packed


@pytest.mark.parametrize(
    "body", [b'{"event": "of.another.kind"}', BODY.replace(b"123", b"999"), b"", b"no JSON"]
)
def test_an_event_that_nobody_knows_is_kept(reference, body):
    assert signed(reference, body).status_code == 200
    assert WebhookEvent.objects.count() == 1


def test_an_address_that_nobody_has_is_404(reference):
    proof = signature(reference.webhook_secret, BODY)
    assert send("/hooks/" + "0" * 32 + "/", **{"X-Auth-Webhook": proof}).status_code == 404


def test_after_the_customers_data_was_destroyed_the_address_is_nobodys(reference):
    path, proof = path_of(reference), signature(reference.webhook_secret, BODY)
    Customer.objects.filter(pk=reference.customer_id).update(wrapped_key=b"", ended_at=timezone.now())
    assert send(path, **{"X-Auth-Webhook": proof}).status_code == 404


def test_a_body_that_is_far_too_large_is_413_and_not_kept(reference):
    assert signed(reference, b"x" * 64_001).status_code == 413
    assert signed(reference, b"x" * 64_000).status_code == 200


@pytest.mark.parametrize("failure", [OperationalError("gone"), CannotOpen("another version")])
def test_while_it_cannot_be_kept_the_exchange_is_asked_to_send_it_again(reference, monkeypatch, failure):
    def broken(**_):
        raise failure

    monkeypatch.setattr("payments.receiving.receive", broken)
    client = Client(raise_request_exception=False)
    answer = client.post(path_of(reference), BODY, content_type="application/json")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


class BrokenOff(io.BytesIO):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def read(self, *_):
        raise self.error


def test_a_body_in_chunks_is_read_to_its_end(reference):
    def in_chunks(body):
        return Client().generic(
            "POST",
            path_of(reference),
            headers={
                "Transfer-Encoding": "chunked",
                "X-Auth-Webhook": signature(reference.webhook_secret, body),
            },
            **{"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True},
        )

    assert in_chunks(BODY).status_code == 200
    assert WebhookEvent.objects.select_related("reference__customer").get().body.encode("latin-1") == BODY
    assert in_chunks(b"x" * 64_001).status_code == 413


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"CONTENT_LENGTH": "100"}, ConnectionResetError()),
        ({"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}, ConnectionResetError()),
        # gunicorn's, of a chunk that is none.
        ({"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}, InvalidChunkSize(b"zz")),
    ],
)
def test_a_body_that_breaks_off_is_no_fault_of_ours(reference, caplog, how, error):
    answer = Client().generic("POST", path_of(reference), **how, **{"wsgi.input": BrokenOff(error)})
    assert answer.status_code == 400
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.django_db(transaction=True)
def test_an_event_that_comes_while_its_customers_data_is_destroyed_is_not_said_to_be_kept(
    reference, monkeypatch
):
    path, proof = path_of(reference), signature(reference.webhook_secret, BODY)
    digest = receiving.keyed_digest

    def meanwhile(*given):
        PaymentReference.objects.all().delete()
        return digest(*given)

    monkeypatch.setattr(receiving, "keyed_digest", meanwhile)
    assert send(path, **{"X-Auth-Webhook": proof}).status_code == 404


def test_nothing_but_a_post_is_taken(reference):
    assert Client().get(path_of(reference)).status_code == 405


def test_neither_address_nor_secret_nor_body_is_logged(reference, caplog):
    caplog.set_level("DEBUG")
    secret, token = reference.webhook_secret, path_of(reference).split("/")[2]
    signed(reference)
    send(path_of(reference), **{"X-Auth-Webhook": "forged"})
    send("/hooks/" + "0" * 32 + "/")
    told = "\n".join(str(record.__dict__) for record in caplog.records if record.name.startswith("payments"))
    assert "webhook_forged" in told
    assert not any(text in told for text in (secret, token, "100.00"))
    assert PaymentReference.objects.count() == 1
