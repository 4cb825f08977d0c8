import datetime

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from kyc.models import Document
from tests.portal.pages import people
from vault import files as store


@pytest.fixture
def passport(corner_shop, thandi):
    customer = people.an_individual(corner_shop, thandi, documents=False, reference='C "7"/ä')
    return people.hand_in(customer, thandi, "Passport", doc_number="P1234567", doc_expire="2031-01-01")


def download(client, document):
    return client.get(reverse("document-download", args=[document.pk]))


def test_the_file_comes_as_it_was_handed_in(passport, staff):
    from kyc.documents import read_document

    response = download(staff, passport)

    assert response.status_code == 200
    assert response.content == read_document(passport)
    assert response.headers["Content-Type"] == "image/jpeg"


def test_a_browser_may_neither_show_nor_keep_nor_guess_it(passport, staff):
    headers = download(staff, passport).headers

    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in headers["Cache-Control"]


def test_the_file_is_named_by_us_in_a_way_every_browser_reads(passport, staff):
    disposition = download(staff, passport).headers["Content-Disposition"]

    assert "filename*=utf-8''C%20%227%22/%C3%A4-passport-v1.jpg" in disposition or (
        "filename*=utf-8''C%20%227%22%2F%C3%A4-passport-v1.jpg" in disposition
    )
    assert "\n" not in disposition


def test_who_took_it_is_written_down(passport, staff, thandi):
    download(staff, passport)

    entry = AuditEntry.objects.get(action="document.download")
    assert (entry.actor, entry.subject_id, entry.customer_id) == (thandi, passport.pk, passport.customer_id)
    assert entry.details == {"doc_type": "Passport", "version": 1}


def test_a_kind_that_is_not_known_comes_as_mere_bytes(passport, staff):
    Document.objects.filter(pk=passport.pk).update(content_type="text/html")

    assert download(staff, passport).headers["Content-Type"] == "application/octet-stream"


def test_a_file_that_is_missing_from_the_store_is_said_and_not_written_down_as_taken(passport, staff):
    store.remove(passport.file)
    response = staff.get(reverse("document-download", args=[passport.pk]), follow=True)

    assert "can&#x27;t be opened" in response.text
    assert not AuditEntry.objects.filter(action="document.download").exists()


def test_who_is_not_signed_in_gets_the_sign_in(passport, client):
    response = download(client, passport)

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")


def test_the_second_factor_is_asked_for_anew(passport, staff, time_machine):
    time_machine.move_to(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=6))
    assert "/accounts/" in download(staff, passport).headers["Location"]
    assert not AuditEntry.objects.filter(action="document.download").exists()
