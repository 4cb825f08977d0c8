"""A database restored from a backup forgets what it sent since; nobody is doubled by it."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from customers.models import Customer
from exchange.outbox import enqueue
from exchange.outbox.decisions import retry, send_after_all
from exchange.outbox.models import Attempt, Intent, Lane, Orphan, Recovery
from kyc.documents import upload_intent
from kyc.models import Document
from kyc.reconciliation.status import outbox_status
from tests.factories import make_document, make_submitted_business, make_submitted_individual


@pytest.fixture
def restore(settings):
    """As the operator: the backup's database is in place, and the epoch is set."""

    def run() -> None:
        now = datetime.now(UTC) + timedelta(milliseconds=5)
        settings.RECOVERY_EPOCH = now.isoformat()
        settings.RECOVERY_EPOCH_MS = int(now.timestamp() * 1000)

    return run


def as_in_the_backup():
    """What was sent since the backup is forgotten here."""
    from django.db.models import F

    Intent.objects.update(
        state="pending", attempts_made=0, done_ms=None, due_ms=F("created_ms"), updated_ms=F("created_ms")
    )
    for intent in Intent.objects.all():
        intent.attempts.all().delete()
    Intent.objects.exclude(topic="customer.create").update(is_ready=False)
    Lane.objects.update(due_ms=0)
    for customer in Customer.objects.all():
        customer.ubos.update(uid=None)
    Customer.objects.update(uid=None, stage="submitted", at_exchange_at=None, documents_sent_at=None)
    Document.objects.update(delivery="not_sent", sent_at=None)


def test_what_was_sent_after_the_backup_is_found_and_nobody_is_doubled(exchange, deliver, restore):
    customers = [make_submitted_individual(), make_submitted_business(documents=["Board Resolution"])]
    deliver()
    as_in_the_backup()
    new = make_submitted_individual()
    restore()
    deliver()
    by_email = {row["email"]: row["uid"] for row in exchange.state()["customers"]}
    assert len(exchange.state()["customers"]) == 3
    for customer in [*customers, new]:
        customer.refresh_from_db()
        assert customer.uid == by_email[customer.email]
    assert set(Intent.objects.values_list("state", flat=True)) == {"done"}
    # The documents may have arrived before: each was sent once more, and says so.
    assert set(Document.objects.filter(customer__in=customers).values_list("is_flagged", flat=True)) == {True}
    assert set(new.documents.values_list("is_flagged", flat=True)) == {False}
    assert Recovery.objects.get().scanned_ms


def test_uploads_that_were_open_are_flagged_and_wait(exchange, deliver, restore):
    customer = make_submitted_individual()
    deliver()
    uploads = Intent.objects.filter(topic="document.upload")
    uploads.update(state="pending", due_ms=0, done_ms=None, attempts_made=0)
    Attempt.objects.filter(intent__in=uploads).delete()
    Lane.objects.update(due_ms=0)
    Intent.objects.update(updated_ms=0)
    restore()
    deliver()
    assert customer.documents.filter(is_flagged=True).count() == 3
    assert len(exchange.state()["documents"]) == 6


def test_a_customer_who_is_entered_again_is_found_before_anything_is_sent(exchange, deliver, restore):
    lost = make_submitted_individual()
    deliver()
    email, reference = lost.email, lost.reference
    Lane.objects.all().delete()
    Customer.objects.all().delete()
    restore()
    again = make_submitted_individual(email=email, reference=reference)
    deliver()
    again.refresh_from_db()
    (there,) = exchange.state()["customers"]
    assert again.uid == there["uid"]
    assert set(Intent.objects.values_list("state", flat=True)) == {"done"}
    assert not Intent.objects.get(topic="customer.create").attempts.filter(phase="sent").exists()


def test_nothing_is_sent_until_the_lists_were_read(exchange, deliver, restore):
    make_submitted_individual()
    restore()
    exchange.set_faults({"kind": "error_before", "route": "customers.list"})
    deliver(until="nothing_due")
    assert exchange.state()["customers"] == []
    assert Recovery.objects.get().scanned_ms is None
    exchange.clear_faults()
    deliver()
    assert len(exchange.state()["customers"]) == 1


def test_without_the_epoch_a_forgotten_customer_is_only_saved_by_its_email(exchange, deliver):
    """Teeth: with e-mails not unique there, forgetting doubles."""
    make_submitted_individual(documents=())
    deliver()
    as_in_the_backup()
    exchange.set_faults(racy_email_seconds=0.0, email_case="exact")
    Customer.objects.update(email="Other@example.com")
    from kyc.canonical import canonical_digest

    customer = Customer.objects.get()
    Customer.objects.update(submitted_digest=canonical_digest(customer, []))
    deliver()
    assert len(exchange.state()["customers"]) == 2


def test_accounts_that_nobody_here_is_bound_to_are_orphans(exchange, deliver):
    kept, lost, copied = (make_submitted_individual(documents=()) for _ in range(3))
    deliver()
    Lane.objects.filter(pk=lost.pk).delete()
    lost_token = lost.token
    Customer.objects.filter(pk=lost.pk).delete()
    Customer.objects.filter(pk=copied.pk).update(uid="SOMETHING-ELSE")
    with pytest.raises(SystemExit) as ended:
        call_command("find_orphans", stdout=StringIO())
    assert ended.value.code == 1
    found = {orphan.token: orphan.kind for orphan in Orphan.objects.all()}
    assert found == {lost_token: "no_customer", copied.token: "extra_copy"}
    out = StringIO()
    call_command("outbox_status", "--json", stdout=out)
    told = json.loads(out.getvalue())["orphans"]
    assert {orphan["reference"] for orphan in told} == {"", copied.reference}
    copied.refresh_from_db()
    Customer.objects.filter(pk=copied.pk).update(
        uid=next(orphan.uid for orphan in Orphan.objects.all() if orphan.kind == "extra_copy")
    )
    with pytest.raises(SystemExit):
        call_command("find_orphans", stdout=StringIO())
    assert Orphan.objects.count() == 1
    kept.refresh_from_db()


def test_with_references_for_tokens_the_search_says_what_it_misses_and_the_comparison_lists_it(
    exchange, deliver, settings
):
    settings.OUTBOX_TOKEN_FORM = "reference"
    lost, copied = (make_submitted_individual(documents=()) for _ in range(2))
    deliver()
    lost.refresh_from_db()
    Lane.objects.filter(pk=lost.pk).delete()
    Customer.objects.filter(pk=lost.pk).delete()
    Customer.objects.filter(pk=copied.pk).update(uid="SOMETHING-ELSE")
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("find_orphans", stdout=out)
    assert list(Orphan.objects.values_list("kind", flat=True)) == ["extra_copy"]
    assert "none is counted" in out.getvalue()
    assert "manage.py reconcile" in out.getvalue()
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("reconcile", stdout=out)
    assert f"{lost.uid} (self): Not made by this portal" in out.getvalue()


def test_with_references_for_tokens_who_is_entered_again_is_found_by_theirs(
    exchange, deliver, restore, settings
):
    settings.OUTBOX_TOKEN_FORM = "reference"
    lost = make_submitted_individual(documents=())
    deliver()
    lost.refresh_from_db()
    Lane.objects.filter(pk=lost.pk).delete()
    Customer.objects.filter(pk=lost.pk).delete()
    restore()
    again = make_submitted_individual(documents=(), reference=lost.reference, email=lost.email)
    deliver()
    again.refresh_from_db()
    assert (again.uid, len(exchange.state()["customers"])) == (lost.uid, 1)


def test_with_tokens_it_has_nothing_to_say_of_that(exchange, deliver):
    out = StringIO()
    call_command("find_orphans", stdout=out)
    assert "reference" not in out.getvalue()


def put_back(intent, attempts):
    """The intent and its document as the backup has them."""
    intent.attempts.exclude(pk__in=[attempt.pk for attempt in attempts]).delete()
    intent.save()
    Document.objects.filter(pk=intent.subject_id).update(delivery="refused", sent_at=None)


def retried_and_forgotten(exchange, deliver):
    """A refused upload that staff had sent again after the backup was made; as it stands in the backup."""
    make_submitted_individual(documents=("Selfie",))
    exchange.set_faults({"kind": "error_before", "status": 403, "route": "documents*", "count": 1})
    deliver()
    upload = Intent.objects.get(topic="document.upload")
    before = Intent.objects.get(pk=upload.pk), list(upload.attempts.all())
    assert before[0].state == "waiting_for_staff"
    retry(upload)
    deliver()
    assert len(exchange.state()["documents"]) == 1
    put_back(*before)
    return upload


def test_an_upload_that_waited_for_staff_and_is_retried_after_the_restore_is_flagged(
    exchange, deliver, restore
):
    upload = retried_and_forgotten(exchange, deliver)
    restore()
    deliver()
    upload.refresh_from_db()
    assert (upload.state, upload.reason) == ("waiting_for_staff", "refused_by_exchange")
    assert Document.objects.get().is_flagged
    retry(upload)
    deliver()
    assert len(exchange.state()["documents"]) == 2
    document = Document.objects.get()
    assert (document.is_flagged, document.delivery) == (True, "sent")
    assert upload.attempts.filter(phase="lost", outcome="unknown", reason="restored").count() == 1
    (item,) = outbox_status().items
    assert (item.doc_type, item.is_flagged) == ("Selfie", True)


def test_unless_the_epoch_is_set_the_same_retry_doubles_it_and_nobody_knows(exchange, deliver):
    """Teeth: the flag comes from the recovery."""
    upload = retried_and_forgotten(exchange, deliver)
    retry(upload)
    deliver()
    assert len(exchange.state()["documents"]) == 2
    assert outbox_status().items == []


def test_a_document_that_is_added_again_after_the_restore_is_flagged(exchange, deliver, restore):
    customer = make_submitted_individual(documents=())
    deliver()
    customer.refresh_from_db()
    restore()
    document = make_document(customer, "Selfie")
    with transaction.atomic():
        enqueue([upload_intent(document)])
    deliver()
    document.refresh_from_db()
    assert (document.is_flagged, document.delivery) == (True, "sent")
    assert [row.phase for row in Intent.objects.get(subject_id=document.pk).attempts.order_by("number")] == [
        "looked",
        "lost",
        "sent",
    ]


def test_a_recovery_that_is_taken_up_again_doubts_nothing_twice(exchange, deliver, restore):
    upload = retried_and_forgotten(exchange, deliver)
    restore()
    exchange.set_faults({"kind": "error_before", "route": "customers.list"})
    for _ in range(2):
        deliver(until="nothing_due")
    exchange.clear_faults()
    deliver()
    assert upload.attempts.filter(phase="lost").count() == 1


def test_what_staff_send_after_all_is_found_if_they_had_it_sent_after_the_backup(exchange, deliver, restore):
    customer = make_submitted_individual()
    deliver()
    as_in_the_backup()
    # In the backup it waits for staff, who had it sent afterwards.
    create = Intent.objects.filter(topic="customer.create")
    create.update(state="waiting_for_staff", reason="create_outcome_unknown", unknown_tries=3)
    restore()
    send_after_all(create.get())
    deliver()
    customer.refresh_from_db()
    (there,) = exchange.state()["customers"]
    assert customer.uid == there["uid"]
    assert not create.get().attempts.filter(phase="sent").exists()
