"""What the exchange holds at the end, and what we know of it."""

import hashlib
from pathlib import Path

import pytest
from django.test import override_settings

from customers.models import Customer, Merchant, Ubo
from exchange.outbox.key_clock import KeyClock
from exchange.outbox.models import ApiKeyClock, Attempt, Intent, Lane
from kyc.documents import read_document
from kyc.models import Document
from tests.factories import make_submitted_business, make_submitted_individual

pytestmark = pytest.mark.django_db(transaction=True)


def states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Intent.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def test_an_individual_arrives_once_with_its_documents_byte_for_byte(exchange, deliver):
    customer = make_submitted_individual()
    deliver()
    held = exchange.state()
    customer.refresh_from_db()
    (there,) = held["customers"]
    assert there["uid"] == customer.uid
    assert there["custom_id"] == customer.reference
    assert there["account_name"].endswith(f"[{customer.token}]")
    ours = {
        (document.doc_type, hashlib.sha256(read_document(document)).hexdigest())
        for document in customer.documents.all()
    }
    assert {(document["doc_type"], document["sha256"]) for document in held["documents"]} == ours
    assert len(held["documents"]) == 3
    assert customer.stage == "documents_sent"
    assert states() == {"done": 5}
    assert set(Document.objects.values_list("delivery", flat=True)) == {"sent"}


def test_a_business_arrives_with_its_owners_and_their_documents(exchange, deliver):
    customer = make_submitted_business(ubos=2)
    deliver()
    held = exchange.state()
    (there,) = held["customers"]
    ours = {ubo.email: ubo.uid for ubo in customer.ubos.all()}
    assert {ubo["email"]: ubo["uid"] for ubo in there["ubos"]} == ours
    for ubo in customer.ubos.all():
        theirs = [document for document in held["documents"] if document["owner_uid"] == ubo.uid]
        assert sorted(document["doc_type"] for document in theirs) == [
            "Passport",
            "Proof of Address",
            "Selfie",
        ]
    assert len(held["documents"]) == 9 + 2 * 3


def test_customers_of_a_merchant_arrive_under_it(exchange, deliver):
    uid = exchange.add_merchant(name="Corner Shop")
    make_submitted_individual(merchant=Merchant.objects.create(uid=uid, name="Corner Shop"))
    make_submitted_individual()
    deliver()
    assert {row["merchant_uid"] for row in exchange.state()["customers"]} == {uid, None}


def test_every_attempt_is_on_record_with_a_nonce_of_its_own(exchange, deliver):
    for _ in range(3):
        make_submitted_individual()
    deliver(lanes=3)
    attempts = list(Attempt.objects.all())
    assert len(attempts) == 15
    assert {attempt.outcome for attempt in attempts} == {"applied"}
    assert len({attempt.nonce for attempt in attempts}) == 15
    assert all(attempt.request_digest and attempt.finished_ms for attempt in attempts)
    assert exchange.state()["counts"]["repeated_nonces"] == 0


def test_a_lost_reply_to_a_create_is_found_again_and_never_sent_blindly(exchange, deliver):
    customer = make_submitted_individual()
    exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1})
    deliver()
    (there,) = exchange.state()["customers"]
    customer.refresh_from_db()
    assert (customer.uid, customer.stage) == (there["uid"], "documents_sent")
    create = Intent.objects.get(topic="customer.create")
    assert [(row.phase, row.outcome, row.reason) for row in create.attempts.order_by("number")] == [
        ("sent", "unknown", "no_answer"),
        ("looked", "applied", "token"),
    ]
    assert states() == {"done": 5}


def test_a_lost_reply_to_an_upload_flags_the_document_and_sends_it_once_more(exchange, deliver):
    make_submitted_individual()
    exchange.set_faults({"kind": "reset_after", "route": "documents*", "count": 1})
    deliver()
    assert len(exchange.state()["documents"]) == 4
    flagged = Document.objects.get(is_flagged=True)
    assert flagged.delivery == "sent"
    assert states() == {"done": 5}


def test_a_lost_reply_to_the_reference_is_sent_again(exchange, deliver):
    customer = make_submitted_individual()
    exchange.set_faults({"kind": "error_after", "method": "PUT", "count": 1})
    deliver()
    assert exchange.state()["customers"][0]["custom_id"] == customer.reference
    assert Intent.objects.get(topic="customer.set_custom_id").attempts.count() == 2
    assert states() == {"done": 5}


def test_what_the_exchange_rejects_is_thawed_and_says_why(exchange, deliver):
    customer = make_submitted_individual(occupation="Pirate")
    deliver()
    create = Intent.objects.get(topic="customer.create")
    assert (create.state, create.reason) == ("waiting_for_staff", "rejected_by_exchange")
    assert "occupation" in create.error_code
    customer.refresh_from_db()
    assert customer.is_editable


def test_a_taken_email_is_not_taken_for_ours(exchange, deliver):
    make_submitted_individual(email="same@example.com")
    with override_settings(OUTBOX_TOKEN_FORM="reference"):
        deliver()
    Lane.objects.all().delete()
    Customer.objects.all().delete()
    customer = make_submitted_individual(email="same@example.com")
    deliver()
    create = Intent.objects.get(topic="customer.create")
    assert create.reason == "email_taken_elsewhere"
    customer.refresh_from_db()
    assert customer.uid is None
    assert customer.is_editable


def test_content_that_changed_after_the_submission_is_not_sent(exchange, deliver):
    customer = make_submitted_individual()
    Customer.objects.filter(pk=customer.pk).update(first_name="Somebody")
    deliver()
    assert exchange.state()["customers"] == []
    assert Intent.objects.get(topic="customer.create").reason == "content_changed"
    assert Attempt.objects.count() == 0


def test_a_file_that_changed_is_not_sent(exchange, deliver, settings):
    customer = make_submitted_individual()
    document = customer.documents.get(doc_type="Selfie")
    stored = Path(settings.MEDIA_ROOT) / document.file
    stored.write_bytes(stored.read_bytes()[:-1] + b"!")
    deliver()
    assert {row["doc_type"] for row in exchange.state()["documents"]} == {"Passport", "Proof of Address"}
    assert Intent.objects.get(subject_id=document.pk).reason == "content_changed"


def test_owners_whose_uids_come_only_with_the_details_are_asked_for(exchange, deliver):
    customer = make_submitted_business(ubos=2)
    exchange.set_faults(ubo_uid_in_create=False)
    deliver()
    assert states() == {"done": 2 + 9 + 6}
    assert None not in set(customer.ubos.values_list("uid", flat=True))


def test_documents_of_owners_without_uids_wait_for_staff(exchange, deliver):
    make_submitted_business(ubos=1)
    exchange.set_faults(ubo_uid_in_create=False, ubo_uid_in_get=False)
    deliver()
    waiting = Intent.objects.filter(state="waiting_for_staff")
    assert set(waiting.values_list("reason", flat=True)) == {"ubo_uid_unknown"}
    assert waiting.count() == 3
    assert len(exchange.state()["documents"]) == 9
    assert not Ubo.objects.filter(uid__isnull=False).exists()


def test_an_exchange_that_is_down_costs_no_customer_its_tries(exchange, deliver, settings):
    make_submitted_individual()
    settings.EXCHANGE_BASE_URL = "http://127.0.0.1:9"
    deliver(until="nothing_due")
    create = Intent.objects.get(topic="customer.create")
    assert create.state == "pending"
    assert create.tries <= 5
    assert create.attempts.first().reason == "unreachable"


def test_a_limit_is_honoured_and_costs_no_tries(exchange, deliver):
    for _ in range(3):
        make_submitted_individual()
    exchange.set_faults({"kind": "rate_limited", "count": 3, "retry_after": 1})
    deliver()
    assert states() == {"done": 15}
    assert set(Intent.objects.values_list("tries", flat=True)) == {0}
    assert Attempt.objects.filter(reason="rate_limited").count() == 3


def test_a_refused_key_stops_everything_and_costs_no_tries(exchange, deliver, settings):
    settings.EXCHANGE_API_SECRET = "wrong"
    make_submitted_individual()
    deliver(until="nothing_due")
    create = Intent.objects.get(topic="customer.create")
    assert (create.state, create.tries) == ("pending", 0)
    assert create.attempts.get().error_codes == "authz.invalid_signature"


@pytest.mark.parametrize("skew_ms", [-20_000, 90_000])
def test_a_clock_that_is_off_is_learnt_from_the_exchange(exchange, deliver, skew_ms):
    make_submitted_individual()
    KeyClock().grant()
    ApiKeyClock.objects.update(skew_ms=skew_ms)
    deliver()
    assert states() == {"done": 5}
    assert ApiKeyClock.objects.get().skew_ms == 0
    assert Attempt.objects.filter(reason="clock").count() >= 1
