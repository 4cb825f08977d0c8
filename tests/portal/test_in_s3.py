"""Documents and the trail's heads in S3: from the page to the bucket, and when S3 fails."""

import io
import json
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.audit_exports import read_exports
from accounts.audit_rows import AuditEntry, AuditSeal
from accounts.sealing import seal
from kyc.document_copies import copy_of
from kyc.documents import read_document
from kyc.models import Document
from kyc.orphans import sweep_by_the_clock
from tests.kyc import files
from tests.portal.pages.people import an_individual
from tests.s3 import HEADS, an_s3
from vault import object_storage
from vault.object_storage import StoreFailed


@pytest.fixture(scope="module")
def server():
    with an_s3() as s3:
        yield s3


@pytest.fixture
def s3(server, settings, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setattr(object_storage, "TRIES", 1)
    server.empty()
    settings.STORAGES = {
        **settings.STORAGES,
        "documents": server.storage(),
        "audit_heads": server.storage(HEADS, location="portal/heads"),
    }
    return server


@pytest.fixture
def staff(client, thandi):
    client.force_login(thandi)
    return client


@pytest.fixture
def customer(corner_shop, thandi):
    return an_individual(corner_shop, thandi, documents=False)


def hand_in(staff, customer, content):
    file = SimpleUploadedFile("selfie.jpg", content, "image/jpeg")
    address = reverse("customer-add-document", args=[customer.pk])
    return staff.post(address, {"doc_type": "Selfie", "file": file}, follow=True)


def test_what_is_handed_in_lies_sealed_and_is_read_back_and_shown(s3, staff, customer):
    content = files.jpeg()
    assert hand_in(staff, customer, content).status_code == 200
    document = Document.objects.get()
    assert read_document(document) == content
    [(name, held)] = s3.held().items()
    assert name == document.file
    assert not any(content[place : place + 32] in held for place in range(0, len(content), 997))
    assert copy_of(document) == copy_of(document)
    assert len(s3.held()) == 2
    assert all(not held.startswith(b"\xff\xd8") for held in s3.held().values())
    assert staff.get(reverse("document-download", args=[document.pk])).getvalue() == content


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_where_s3_fails_the_person_is_told_and_neither_row_nor_file_is_left(s3, staff, customer, method):
    s3.fails.add(method)
    answer = hand_in(staff, customer, files.jpeg())
    assert answer.status_code == 200
    assert "did not take the file" in answer.text
    assert not Document.objects.exists()
    assert not AuditEntry.objects.filter(action="document.add").exists()
    s3.fails.clear()
    assert s3.held() == {}
    hand_in(staff, customer, files.jpeg())
    assert Document.objects.get().file in s3.held()


def test_what_can_not_be_read_is_said_on_the_page(s3, staff, customer):
    hand_in(staff, customer, files.jpeg())
    s3.fails.add("GET")
    document = Document.objects.get()
    page = staff.get(reverse("document-view", args=[document.pk]))
    assert page.status_code == 200
    assert page.context["viewer"].trouble
    assert staff.get(reverse("document-page", args=[document.pk, 0])).status_code == 404
    taken = staff.get(reverse("document-download", args=[document.pk]), follow=True)
    assert "the store is away" in str(*taken.context["messages"])
    assert not AuditEntry.objects.filter(action="document.download").exists()


def test_what_belongs_to_nobody_is_swept_there_too(s3, staff, customer):
    hand_in(staff, customer, files.jpeg())
    s3.put("documents/ab/cd/abcd.sealed", b"left behind")
    with time_machine.travel(timezone.now() + timedelta(days=60)):
        assert sweep_by_the_clock() == 1
    assert Document.objects.get().file in s3.held()


def test_heads_are_exported_below_their_prefix_and_read_back(s3, thandi):
    audit.record(actor=thandi, action="user.created", subject_type="user", subject_id=None)
    seal(signs=True)
    held = s3.held(HEADS)
    assert all(name.startswith("portal/heads/") for name in held)
    assert sorted(name.rpartition(".")[2] for name in held) == ["json", "pem"]
    [head] = read_exports().heads
    assert (head.number, read_exports().unreadable) == (1, [])
    out = io.StringIO()
    call_command("verify_audit", stdout=out)
    assert "Nothing was altered." in out.getvalue()


def test_a_head_is_never_written_over_another(s3, thandi):
    audit.record(actor=thandi, action="user.created", subject_type="user", subject_id=None)
    seal(signs=True)
    name = next(name for name in s3.held(HEADS) if name.endswith(".json"))
    forged = json.dumps({"payload": "{}", "signature": ""}).encode()
    s3.put(name, forged, HEADS)
    AuditSeal.objects.update(exported=0)
    with pytest.raises(OSError, match="another head"):
        seal(signs=True)
    assert s3.held(HEADS)[name] == forged


def test_while_s3_fails_the_chain_stands_and_the_next_run_exports(s3, thandi):
    audit.record(actor=thandi, action="user.created", subject_type="user", subject_id=None)
    s3.fails.add("PUT")
    with pytest.raises(StoreFailed):
        seal(signs=True)
    with pytest.raises(CommandError, match="could not be exported"):
        call_command("seal_audit")
    s3.fails.clear()
    call_command("seal_audit")
    assert [head.number for head in read_exports().heads] == list(
        range(1, AuditSeal.objects.get().exported + 1)
    )
    assert read_exports().heads
