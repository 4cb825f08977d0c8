"""Handing in documents: what is kept, what is refused, what becomes of the file before."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.policy import NotAllowed
from customers.models import Customer
from customers.problems import Refused
from customers.services import change_customer
from exchange.outbox.models import Intent
from kyc.contents import keys_of_content
from kyc.documents import (
    add_document,
    current_digests,
    discard,
    prepare_document,
    read_document,
    save_prepared,
)
from kyc.models import Document
from kyc.orphans import sweep_files
from tests.customers.people import INDIVIDUAL, TODAY, UBO
from tests.kyc.files import pdf
from tests.kyc.onboarding import at_exchange, business, hand_in, individual, picture, submitted
from vault.envelope import CannotOpen

pytestmark = pytest.mark.django_db


@pytest.fixture
def lerato(corner_shop, thandi):
    return individual(corner_shop, thandi)


def codes(refused):
    return [(problem.subject, problem.field, problem.code) for problem in refused.value.problems]


def selfie_of(customer, ubo=None):
    """A selfie that passed the gate and has no row yet."""
    return prepare_document(
        customer.vault_key(),
        owner_kind="ubo" if ubo else customer.entity_type,
        ubo_email=ubo.email if ubo else "",
        doc_type="Selfie",
        content=picture(),
        filename="me.jpg",
        today=TODAY,
    )


def stored_files(settings):
    return sorted(str(path) for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


def test_a_document_is_read_back_byte_for_byte(lerato, thandi):
    content = pdf()
    added = hand_in(lerato, "Proof of Address", thandi, content=content)
    document = Document.objects.get(pk=added.document.pk)
    assert read_document(document) == content
    assert (document.content_type, document.size, document.version) == ("application/pdf", len(content), 1)
    assert (document.is_current, document.sha256) == (True, added.document.sha256)


def test_neither_the_file_nor_its_name_nor_its_number_lies_in_clear(lerato, thandi, settings):
    content = picture()
    add_document(
        customer=lerato,
        doc_type="Passport",
        content=content,
        filename="lerato-mokoena.jpg",
        doc_number="M00123456",
        doc_expire="2030-01-31",
        actor=thandi,
        today=TODAY,
    )
    (path,) = stored_files(settings)
    assert content[:64] not in Path(path).read_bytes()
    assert "lerato" not in path
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM kyc_document")
        dump = repr(cursor.fetchall())
    assert "M00123456" not in dump
    assert "mokoena" not in dump
    document = Document.objects.get()
    assert (document.original_name, document.doc_number) == ("lerato-mokoena.jpg", "M00123456")


def test_handing_in_leaves_one_audit_row_without_personal_data(lerato, thandi):
    added = hand_in(lerato, "Passport", thandi)
    entry = AuditEntry.objects.get(action="document.add")
    assert (entry.actor, entry.subject_id, entry.customer_id) == (thandi, added.document.pk, lerato.pk)
    assert "M00123456" not in repr(entry.details)


def test_the_same_bytes_again_change_nothing_and_leave_one_file(
    lerato, thandi, settings, django_capture_on_commit_callbacks
):
    content = picture()
    first = hand_in(lerato, "Passport", thandi, content=content)
    with django_capture_on_commit_callbacks(execute=True):
        second = hand_in(lerato, "Passport", thandi, content=content)
    assert not second.is_new
    assert second.document.pk == first.document.pk
    assert len(stored_files(settings)) == 1
    assert AuditEntry.objects.filter(action="document.add").count() == 1


def test_the_same_bytes_again_are_not_sent_again(lerato, thandi, django_capture_on_commit_callbacks):
    at_exchange(submitted(lerato, thandi))
    Document.objects.filter(doc_type="Selfie").update(delivery="refused")
    better = picture()
    added = hand_in(lerato, "Selfie", thandi, content=better).document
    sent = Intent.objects.filter(topic="document.upload").count()
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(Refused):
        hand_in(lerato, "Selfie", thandi, content=better)
    assert Document.objects.get(doc_type="Selfie", is_current=True).pk == added.pk
    assert Intent.objects.filter(topic="document.upload").count() == sent


def test_other_bytes_make_a_new_version_and_the_old_one_stays_readable(lerato, thandi):
    old, new = picture(), picture()
    first = hand_in(lerato, "Selfie", thandi, content=old).document
    second = hand_in(lerato, "Selfie", thandi, content=new)
    first.refresh_from_db()
    assert (second.is_new, second.document.version, second.document.is_current) == (True, 2, True)
    assert (first.is_current, first.superseded_at is not None) == (False, True)
    assert (read_document(first), read_document(second.document)) == (old, new)


def test_the_same_bytes_with_a_mended_expiry_make_a_new_version(lerato, thandi):
    content = picture()
    hand_in(lerato, "Passport", thandi, content=content)
    mended = hand_in(lerato, "Passport", thandi, content=content, doc_expire=date(2031, 1, 31))
    assert (mended.is_new, mended.document.version) == (True, 2)


def test_a_number_spelled_with_other_spaces_is_the_same_number(lerato, thandi):
    content = picture()
    hand_in(lerato, "Passport", thandi, content=content)
    again = hand_in(lerato, "Passport", thandi, content=content, doc_number="M 0012-3456")
    assert not again.is_new


def test_a_wrong_spelling_of_the_type_is_refused_and_names_the_nearest(lerato, thandi, settings):
    with pytest.raises(Refused) as refused:
        hand_in(lerato, "passport", thandi, doc_number="M1", doc_expire="2030-01-31")
    assert codes(refused) == [("document:passport", "doc_type", "unknown_doc_type")]
    assert "Passport" in refused.value.problems[0].remedy
    assert stored_files(settings) == []


def test_a_business_document_is_refused_of_a_person(lerato, thandi):
    with pytest.raises(Refused) as refused:
        hand_in(lerato, "Bank Statement", thandi)
    assert codes(refused) == [("document:Bank Statement", "doc_type", "unknown_doc_type")]


@pytest.mark.parametrize(
    ("particulars", "expected"),
    [
        ({"doc_number": ""}, ("doc_number", "required")),
        ({"doc_expire": None}, ("doc_expire", "required")),
        ({"doc_expire": "2026-11-20"}, ("doc_expire", "expired")),
        ({"doc_expire": "31/02/2030"}, ("doc_expire", "ambiguous_date")),
        ({"doc_issued": "2027-01-01"}, ("doc_issued", "in_the_future")),
    ],
)
def test_wrong_particulars_of_a_passport_are_refused(lerato, thandi, particulars, expected):
    with pytest.raises(Refused) as refused:
        hand_in(lerato, "Passport", thandi, **particulars)
    assert codes(refused) == [("document:Passport", *expected)]


def test_a_file_that_is_no_picture_is_refused_with_all_else_that_is_wrong(lerato, thandi, settings):
    with pytest.raises(Refused) as refused:
        hand_in(lerato, "Passport", thandi, content=b"<html>", doc_number="")
    assert {(problem.field, problem.subject) for problem in refused.value.problems} == {
        ("file", "document:Passport"),
        ("doc_number", "document:Passport"),
    }
    assert stored_files(settings) == []
    assert Document.objects.count() == 0


@pytest.mark.parametrize("content", [b"", b"x", b"\xff\xd8\xff" + b"0" * 3_999_998])
def test_an_empty_a_tiny_and_a_too_large_file_are_refused(lerato, thandi, content):
    with pytest.raises(Refused):
        hand_in(lerato, "Selfie", thandi, content=content)


def test_a_file_of_exactly_4_000_000_bytes_is_kept(lerato, thandi):
    content = picture()
    content += b"\0" * (4_000_000 - len(content))
    assert hand_in(lerato, "Selfie", thandi, content=content).document.size == 4_000_000


@pytest.mark.parametrize(
    "filename",
    [
        "../../etc/passwd",
        "a.jpg\0.php",
        "con.jpg",
        "\u202egpj.exe",
        "x" * 300 + ".jpg",
        "😀\r\nSet-Cookie: a.jpg",
    ],
)
def test_a_hostile_file_name_never_becomes_a_path(lerato, thandi, settings, filename):
    added = add_document(
        customer=lerato, doc_type="Selfie", content=picture(), filename=filename, actor=thandi, today=TODAY
    )
    (path,) = stored_files(settings)
    assert Path(path).stem == added.document.pk.hex
    assert not set(added.document.original_name) & set("\r\n\0/\\\u202e")
    assert len(added.document.original_name) <= 100


def test_a_file_without_a_name_is_named_after_its_type(lerato, thandi):
    added = add_document(
        customer=lerato, doc_type="Selfie", content=picture(), filename="", actor=thandi, today=TODAY
    )
    assert added.document.original_name == "selfie.jpg"


def test_a_stale_instance_does_not_decide_the_stage(lerato, thandi):
    stale = Customer.objects.get()
    changed = {**INDIVIDUAL, "id_number": "0202086471086"}
    change_customer(customer=lerato, data=changed, ubos=[], actor=thandi)
    for doc_type in ("Passport", "Selfie", "Proof of Address"):
        hand_in(stale, doc_type, thandi)
    assert (stale.stage, Customer.objects.get().stage) == ("draft", "draft")


def test_a_selfie_in_the_passports_slot_is_a_matter_for_people(lerato, thandi):
    content = picture()
    hand_in(lerato, "Selfie", thandi, content=content)
    assert hand_in(lerato, "Passport", thandi, content=content).is_new


def test_a_ubos_document_names_the_ubo_in_its_problems(corner_shop, thandi):
    acme = business(corner_shop, thandi)
    jane = acme.ubos.get()
    with pytest.raises(Refused) as refused:
        hand_in(acme, "Passport", thandi, ubo=jane, doc_number="")
    assert codes(refused) == [("ubo:jane@example.com/document:Passport", "doc_number", "required")]


def test_another_customers_ubo_is_never_taken(corner_shop, thandi, lerato):
    jane = business(corner_shop, thandi).ubos.get()
    with pytest.raises(ValueError, match="another customer"):
        hand_in(lerato, "Passport", thandi, ubo=jane)


def test_the_same_file_under_another_customer_is_a_warning(corner_shop, thandi, lerato):
    content = picture()
    hand_in(lerato, "Proof of Address", thandi, content=content)
    other = individual(corner_shop, thandi, reference="C-2", email="sipho@example.com")
    added = hand_in(other, "Proof of Address", thandi, content=content)
    assert [(problem.code, problem.severity) for problem in added.problems] == [
        ("same_file_elsewhere", "warning")
    ]


def test_who_may_not_add_stores_nothing(lerato, thandi, settings):
    thandi.is_active = False
    with pytest.raises(NotAllowed):
        hand_in(lerato, "Passport", thandi)
    assert stored_files(settings) == []


def test_a_submitted_customer_takes_only_what_is_asked_for(lerato, thandi, settings):
    submitted(lerato, thandi)
    before = stored_files(settings)
    with pytest.raises(Refused) as refused:
        hand_in(lerato, "Passport", thandi)
    assert codes(refused) == [("document:Passport", "doc_type", "not_asked_for")]
    assert stored_files(settings) == before


def test_a_refused_document_is_replaced_and_sent_at_once(lerato, thandi):
    at_exchange(submitted(lerato, thandi))
    old = Document.objects.get(doc_type="Passport")
    Document.objects.filter(pk=old.pk).update(delivery="refused")
    Intent.objects.filter(subject_id=old.pk).update(state="waiting_for_staff", reason="rejected_by_exchange")
    added = hand_in(lerato, "Passport", thandi)
    intent = Intent.objects.get(subject_id=added.document.pk)
    assert (intent.topic, intent.state, intent.is_ready) == ("document.upload", "pending", True)
    assert Intent.objects.get(subject_id=old.pk).state == "given_up"


def test_a_rejected_customer_may_hand_in_better_documents(lerato, thandi):
    at_exchange(submitted(lerato, thandi))
    lerato.stage = "rejected"
    lerato.save(update_fields=["stage"])
    added = hand_in(lerato, "Selfie", thandi)
    assert Intent.objects.filter(subject_id=added.document.pk, state="pending").exists()


@pytest.mark.parametrize("delivery", ["", "refused"])
def test_what_was_taken_in_from_the_exchange_takes_no_document(lerato, thandi, delivery):
    at_exchange(submitted(lerato, thandi))
    if delivery:
        # Whatever its rows ask for.
        Document.objects.filter(doc_type="Selfie").update(delivery=delivery)
    Customer.objects.update(origin="exchange", stage="rejected")
    lerato.refresh_from_db()
    with pytest.raises(Refused) as refused:
        hand_in(lerato, "Selfie", thandi)
    assert codes(refused) == [("document:Selfie", "doc_type", "not_asked_for")]
    assert "not handed over here" in refused.value.problems[0].message


def test_many_are_prepared_apart_and_saved_together(corner_shop, thandi):
    acme = business(
        corner_shop, thandi, ubos=(UBO, {**UBO, "email": "joe@example.com", "ownership_percentage": "40"})
    )
    jane, joe = acme.ubos.all()
    prepared = [(acme, ubo, selfie_of(acme, ubo)) for ubo in (jane, joe)]
    with transaction.atomic():
        added = save_prepared(prepared, actor=thandi, today=TODAY)
    assert [row.document.ubo for row in added] == [jane, joe]
    digests = current_digests([acme.pk])
    assert digests == {
        (acme.pk, ubo.pk, "Selfie"): row.document.content_digest
        for ubo, row in zip((jane, joe), added, strict=True)
    }
    assert keys_of_content(read_document(added[0].document)) == (added[0].document.content_digest,)


def test_saving_costs_the_same_number_of_queries_however_many(corner_shop, thandi):
    def queries(people):
        items = [(person, None, selfie_of(person)) for person in people]
        with CaptureQueriesContext(connection) as captured, transaction.atomic():
            save_prepared(items, actor=thandi, today=TODAY)
        return len(captured)

    people = [
        individual(corner_shop, thandi, reference=f"C-{n}", email=f"n{n}@example.com") for n in range(13)
    ]
    # Up to three audit rows are written one by one, more in bulk.
    assert queries(people[:4]) == queries(people[4:])


def test_a_failed_transaction_leaves_no_file(lerato, thandi, settings, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(Document.objects, "bulk_create", full)
    with pytest.raises(OSError, match="disk full"):
        hand_in(lerato, "Selfie", thandi)
    assert stored_files(settings) == []


def test_saving_outside_a_transaction_is_an_error(lerato, thandi, transactional_db):
    prepared = selfie_of(lerato)
    with pytest.raises(RuntimeError, match="transaction"):
        save_prepared([(lerato, None, prepared)], actor=thandi)
    discard([prepared])


def test_a_sweep_finds_old_orphans_and_spares_the_young_and_the_owned(lerato, thandi, settings):
    kept = hand_in(lerato, "Selfie", thandi).document
    orphan = selfie_of(lerato)
    now = timezone.now()
    assert sweep_files(now=now) == []
    tomorrow = now + timedelta(days=1, minutes=1)
    assert sweep_files(now=tomorrow, is_dry=True) == [orphan.file]
    assert sweep_files(now=tomorrow) == [orphan.file]
    assert [Path(path).stem for path in stored_files(settings)] == [kept.pk.hex]
    assert read_document(kept)


def test_a_file_swapped_with_another_customers_does_not_open(corner_shop, thandi, lerato, settings):
    other = individual(corner_shop, thandi, reference="C-2", email="sipho@example.com")
    mine = hand_in(lerato, "Selfie", thandi).document
    theirs = hand_in(other, "Selfie", thandi).document
    root = Path(settings.MEDIA_ROOT)
    (root / mine.file).write_bytes((root / theirs.file).read_bytes())
    with pytest.raises(CannotOpen):
        read_document(mine)
