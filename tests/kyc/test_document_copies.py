"""The copies that are shown: made when first asked for, kept sealed, gone with the document."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from PIL import Image

from customers.models import Customer
from kyc import document_copies
from kyc.document_copies import NoCopy, copy_of, names_of
from kyc.documents import add_document, read_document
from kyc.models import Document
from kyc.orphans import sweep_files
from tests.customers.people import TODAY
from tests.kyc.files import pdf
from tests.kyc.onboarding import hand_in, individual, picture
from vault import files
from vault.envelope import CannotOpen

pytestmark = pytest.mark.django_db


@pytest.fixture
def lerato(corner_shop, thandi):
    return individual(corner_shop, thandi)


@pytest.fixture
def selfie(lerato, thandi):
    return hand_in(lerato, "Selfie", thandi).document


@pytest.fixture
def statement(lerato, thandi):
    return add_document(
        customer=lerato,
        doc_type="Proof of Address",
        content=pdf(3),
        filename="a.pdf",
        actor=thandi,
        today=TODAY,
    ).document


def stored(settings):
    return sorted(path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


def test_handing_in_makes_no_copy(selfie, settings):
    assert len(stored(settings)) == 1


def test_a_copy_is_made_once_and_kept_sealed_beside_the_original(selfie, settings, monkeypatch):
    first = copy_of(selfie)
    assert Image.open(io.BytesIO(first.content)).size == (1200, 850)
    assert stored(settings) == [f"{selfie.pk.hex}.page0.sealed", f"{selfie.pk.hex}.sealed"]
    assert first.content[:64] not in (Path(settings.MEDIA_ROOT) / names_of(selfie)[0]).read_bytes()
    monkeypatch.setattr(document_copies, "ask", None)
    assert copy_of(Document.objects.get()) == first


def test_the_original_stays_as_it_came(lerato, thandi):
    content = picture()
    document = hand_in(lerato, "Selfie", thandi, content=content).document
    copy = copy_of(document)
    assert read_document(document) == content
    assert copy.content != content
    assert content[-6:] not in copy.content


def test_each_page_of_a_pdf_has_its_copy(statement, settings):
    assert [copy_of(statement, page).pages for page in range(3)] == [3, 3, 3]
    assert len(stored(settings)) == 4
    assert statement.pages == 3


@pytest.mark.parametrize("page", [3, -1, 50, 10**9])
def test_there_are_no_other_pages(statement, page):
    with pytest.raises(NoCopy, match="no_such_page"):
        copy_of(statement, page)


def test_a_picture_has_one_page(selfie):
    with pytest.raises(NoCopy, match="no_such_page"):
        copy_of(selfie, 1)


def test_what_is_in_quarantine_has_no_copy(selfie):
    selfie.scan = "infected"
    with pytest.raises(NoCopy, match="quarantined"):
        copy_of(selfie)


def test_a_damaged_copy_is_made_again(selfie, settings):
    copy_of(selfie)
    path = Path(settings.MEDIA_ROOT) / names_of(selfie)[0]
    path.write_bytes(path.read_bytes()[:-1])
    assert Image.open(io.BytesIO(copy_of(selfie).content)).size == (1200, 850)
    assert files.load(selfie.vault_key(), "kyc_document", selfie.pk, names_of(selfie)[0], part="page0")


def test_a_copy_in_the_originals_place_does_not_open_as_it_nor_another_page(statement, settings):
    copy_of(statement, 0)
    root = Path(settings.MEDIA_ROOT)
    (root / statement.file).write_bytes((root / names_of(statement)[0]).read_bytes())
    with pytest.raises(CannotOpen):
        read_document(statement)
    with pytest.raises(CannotOpen):
        files.load(statement.vault_key(), "kyc_document", statement.pk, names_of(statement)[0], part="page1")


def test_a_copy_that_can_not_be_kept_is_shown_all_the_same(selfie, monkeypatch, caplog):
    def full(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(files, "store", full)
    assert copy_of(selfie).pages == 1
    assert "copy_not_kept" in caplog.text


def test_a_file_that_can_not_be_drawn_has_no_copy_and_leaves_none(selfie, monkeypatch, settings, caplog):
    def unsafe(*args, **kwargs):
        raise document_copies.Unsafe("time")

    monkeypatch.setattr(document_copies, "ask", unsafe)
    with pytest.raises(NoCopy, match="time"):
        copy_of(selfie)
    assert len(stored(settings)) == 1
    assert "copy_not_made" in caplog.text


def test_what_is_no_picture_is_not_shown_whatever_the_cell_says(selfie, monkeypatch):
    from kyc.jail.keeper import Answer

    monkeypatch.setattr(
        document_copies, "ask", lambda *args, **kwargs: Answer({"pages": 1}, b"<html>", 0, True)
    )
    with pytest.raises(NoCopy, match="nonsense"):
        copy_of(selfie)


def test_two_who_make_the_same_copy_leave_one(selfie, settings):
    content = copy_of(selfie).content
    document_copies._keep(selfie, 0, document_copies.Copy(content, 1))
    assert len(stored(settings)) == 2


def test_a_sweep_spares_the_copies_of_a_document_and_takes_those_of_none(selfie, settings):
    copy_of(selfie)
    later = timezone.now() + timedelta(days=1, minutes=1)
    assert sweep_files(now=later) == []
    Document.objects.all().delete()
    assert len(sweep_files(now=later)) == 2
    assert stored(settings) == []


def test_a_copy_does_not_open_without_the_customers_key(selfie):
    copy_of(selfie)
    Customer.objects.update(wrapped_key=b"")
    with pytest.raises(CannotOpen, match="destroyed"):
        copy_of(Document.objects.get())
