"""Uploads whose replies are lost: sent once more, the same bytes, and flagged for good."""

import hashlib
from collections import Counter

import pytest

from exchange.outbox.models import Attempt, Intent
from kyc.documents import read_document
from kyc.models import Document
from kyc.reconciliation.status import outbox_status
from tests.factories import make_submitted_business, make_submitted_individual


def copies(exchange):
    return Counter((row["owner_uid"], row["sha256"]) for row in exchange.state()["documents"])


def of_flagged(exchange, document):
    sha256 = hashlib.sha256(read_document(document)).hexdigest()
    return sum(count for (_, digest), count in copies(exchange).items() if digest == sha256)


@pytest.mark.parametrize(("fault", "expected"), [("reset_after", 2), ("reset_before", 1)])
def test_a_lost_reply_is_answered_by_one_more_send_and_the_flag_stays(exchange, deliver, fault, expected):
    customer = make_submitted_individual()
    exchange.set_faults({"kind": fault, "route": "documents*", "count": 1})
    deliver()
    flagged = Document.objects.get(is_flagged=True)
    assert of_flagged(exchange, flagged) == expected
    assert flagged.delivery == "sent"
    customer.refresh_from_db()
    assert customer.stage == "documents_sent"
    digests = set(
        Attempt.objects.filter(intent__subject_id=flagged.pk, phase="sent").values_list(
            "request_digest", flat=True
        )
    )
    assert len(digests) == 1


@pytest.mark.parametrize("fault", ["error_after", "error_before"])
def test_unknown_twice_it_is_finished_flagged_and_never_sent_again(exchange, deliver, fault):
    customer = make_submitted_individual(documents=("Selfie",))
    exchange.set_faults({"kind": fault, "route": "documents*"})
    deliver()
    deliver()
    upload = Intent.objects.get(topic="document.upload")
    assert (upload.state, upload.reason) == ("done", "upload_outcome_unknown")
    assert upload.attempts.filter(phase="sent").count() == 2
    flagged = Document.objects.get()
    assert (flagged.is_flagged, flagged.delivery) == (True, "unknown")
    customer.refresh_from_db()
    assert customer.stage == "documents_sent"
    (item,) = outbox_status().items
    assert (item.reference, item.doc_type, item.reason) == (
        customer.reference,
        "Selfie",
        "upload_outcome_unknown",
    )


def test_with_no_resends_it_is_finished_at_once(exchange, deliver, settings):
    settings.UPLOAD_UNKNOWN_RESENDS = 0
    make_submitted_individual(documents=("Selfie",))
    exchange.set_faults({"kind": "reset_after", "route": "documents*", "count": 1})
    deliver()
    assert Intent.objects.get(topic="document.upload").attempts.count() == 1
    assert Document.objects.get().is_flagged


def test_owners_documents_are_sent_again_to_the_same_owner(exchange, deliver):
    customer = make_submitted_business(ubos=2, documents=["Board Resolution"])
    exchange.set_faults({"kind": "error_after", "route": "documents*", "count": 3}, ubo_uid_in_create=False)
    deliver()
    uids = set(customer.ubos.values_list("uid", flat=True))
    assert None not in uids
    assert Document.objects.filter(is_flagged=True).count() == 3
    assert sum(copies(exchange).values()) == 7 + 3
    assert set(Intent.objects.values_list("state", flat=True)) == {"done"}


def test_a_resend_that_the_exchange_refuses_for_its_limit_asks_staff(exchange, deliver):
    make_submitted_individual(documents=("Selfie",))
    exchange.set_faults({"kind": "reset_after", "route": "documents*", "count": 1}, doc_limit=1)
    deliver()
    upload = Intent.objects.get(topic="document.upload")
    assert (upload.state, upload.reason) == ("waiting_for_staff", "upload_outcome_unknown")
    assert sum(copies(exchange).values()) == 1
    (item,) = outbox_status().items
    assert item.is_flagged
    assert "limit" in item.code


def test_without_the_flag_a_doubled_document_is_named_nowhere(exchange, deliver, monkeypatch):
    """Teeth: the status rests on the flag."""
    monkeypatch.setattr("kyc.delivery.upload_document.unknown", lambda intent, claim: None)
    make_submitted_individual(documents=("Selfie",))
    exchange.set_faults({"kind": "reset_after", "route": "documents*", "count": 1})
    deliver()
    assert sum(copies(exchange).values()) == 2
    assert outbox_status().items == []
