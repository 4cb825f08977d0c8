"""The viewer: an officer sees the document beside the data it confirms, and never the file itself."""

import io

import pytest
from django.urls import reverse
from PIL import Image

from accounts.models import AuditEntry
from kyc.documents import read_document
from kyc.models import Document
from tests.kyc.files import pdf
from tests.portal.pages import people
from vault import files as store


@pytest.fixture
def lerato(corner_shop, thandi):
    return people.an_individual(corner_shop, thandi)


@pytest.fixture
def passport(lerato):
    return Document.objects.get(customer=lerato, doc_type="Passport")


def view(client, document):
    return client.get(reverse("document-view", args=[document.pk]))


def page(client, document, number=0):
    return client.get(reverse("document-page", args=[document.pk, number]))


def test_the_document_stands_beside_what_it_confirms(passport, staff):
    text = view(staff, passport).text
    assert f'src="{reverse("document-page", args=[passport.pk, 0])}"' in text
    for label in ("Document number", "Date of birth", "ID number", "Nationality"):
        assert label in text
    assert "Selfie" in text  # the next one
    assert "Proof of Address" not in text  # not the one after


def test_what_is_masked_stays_masked_beside_the_document(passport, lerato, staff):
    text = view(staff, passport).text
    assert "••••••" in text
    for value in (lerato.id_number, lerato.doc_number, "1991-04-17", "17 April 1991"):
        assert value not in text


def test_its_picture_is_a_copy_and_not_the_file(passport, staff):
    response = page(staff, passport)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/jpeg")
    assert response.content != read_document(passport)
    assert Image.open(io.BytesIO(response.content)).format == "JPEG"


def test_a_picture_may_load_nothing_be_kept_nowhere_and_shown_by_no_other_site(passport, staff):
    headers = page(staff, passport).headers
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'; img-src 'self'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in headers["Cache-Control"]
    assert headers["Content-Disposition"].startswith("inline;")
    assert passport.original_name not in headers["Content-Disposition"]


def test_who_looked_at_which_page_is_written_down(passport, staff, thandi):
    view(staff, passport)
    assert not AuditEntry.objects.filter(action="document.view").exists()
    page(staff, passport)
    entry = AuditEntry.objects.get(action="document.view")
    assert (entry.actor, entry.subject_id, entry.customer_id) == (thandi, passport.pk, passport.customer_id)
    assert entry.details == {"doc_type": "Passport", "version": 1, "page": 1}


def test_every_page_of_a_pdf_is_shown(lerato, thandi, staff):
    statement = people.hand_in(lerato, thandi, "Proof of Address", content=pdf(3))
    text = view(staff, statement).text
    assert "3 pages" in text
    assert all(reverse("document-page", args=[statement.pk, number]) in text for number in range(3))
    assert [page(staff, statement, number).status_code for number in (0, 2, 3)] == [200, 200, 404]
    assert AuditEntry.objects.filter(action="document.view").count() == 2


def test_a_document_in_quarantine_is_shown_to_nobody(passport, staff):
    Document.objects.filter(pk=passport.pk).update(scan="infected", scan_found="Eicar", is_current=False)
    text = view(staff, passport).text
    assert "In quarantine" in text
    assert "Eicar" in text
    assert "<img" not in text
    assert page(staff, passport).status_code == 404
    response = staff.get(reverse("document-download", args=[passport.pk]), follow=True)
    assert "quarantine" in response.text
    assert not AuditEntry.objects.filter(action__in=["document.view", "document.download"]).exists()


def test_a_document_that_waits_for_the_scanner_can_be_looked_at_and_not_taken(passport, staff):
    Document.objects.filter(pk=passport.pk).update(scan="pending")
    assert page(staff, passport).status_code == 200
    response = staff.get(reverse("document-download", args=[passport.pk]), follow=True)
    assert "has not passed this file yet" in response.text


def test_a_file_that_is_gone_is_said(passport, staff):
    store.remove(passport.file)
    assert "be opened" in view(staff, passport).text
    assert page(staff, passport).status_code == 404


def test_who_may_not_look_behind_the_mask_sees_no_document(passport, client, viewer):
    client.force_login(viewer)
    assert view(client, passport).status_code == 403
    assert page(client, passport).status_code == 403
    text = client.get(reverse("customer-detail", args=[passport.customer_id])).text
    assert "Passport" in text
    assert reverse("document-view", args=[passport.pk]) not in text


def test_another_merchants_document_is_not_there(passport, client, db):
    from tests.accounts.people import a_person

    stranger = a_person("stranger@aggregator.example", "officer", merchants=("CCT0000000009",))
    client.force_login(stranger)
    assert view(client, passport).status_code == 404
    assert page(client, passport).status_code == 404
