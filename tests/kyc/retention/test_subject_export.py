"""A subject's export holds everything that is held: a new field is in it, or named here as left out."""

import io
import json
import zipfile

import pytest

from customers.models import BusinessProfile, Customer, Ubo
from kyc.models import Document
from kyc.retention.rows import Ending, How
from kyc.retention.subject_export import export_subject
from tests.factories import make_submitted_business, make_submitted_individual

pytestmark = pytest.mark.django_db

# Look-ups, keys and what the portal counts by; who of the staff did it; what only repeats another field.
OF_OURS = {
    "id", "customer", "merchant", "ubo", "position", "version", "wrapped_key", "token", "email_key",
    "id_number_index", "phone_index", "doc_number_index", "index_version", "submitted_digest",
    "content_digest", "sha256", "file", "size", "pages", "content_type", "made_by", "submitted_by",
    "submitted_eyes", "added_by", "polled_at", "documents_sent_at", "superseded_at", "is_current",
    # What the gate and the scanner said of a file, and how sure its sending was.
    "file_warnings", "scan", "scan_found", "scanned_at", "delivery", "is_flagged",
    # How it came to us, and what its requests were called.
    "origin", "external_verification_url",
}  # fmt: skip


def exported(customer, actor):
    target = io.BytesIO()
    export_subject(target, customer=customer, actor=actor, reason="Asked by letter.")
    archive = zipfile.ZipFile(target)
    return json.loads(archive.read("data.json")), archive.read("index.html").decode()


def test_every_field_of_a_customer_is_in_it_or_named_as_ours(thandi, monkeypatch):
    monkeypatch.setattr("kyc.retention.subject_export._is_something", lambda value: True)
    told = {"original_name"}  # as file_name
    for customer in (make_submitted_business(ubos=1), make_submitted_individual()):
        data, _index = exported(customer, thandi)
        told |= {name for section in data["data"].values() for name in section}
        told |= {name for paper in data["documents"] for name in paper}
    for model in (Customer, BusinessProfile, Ubo, Document):
        names = {field.name for field in model._meta.concrete_fields}
        assert names - told - OF_OURS == set(), model.__name__


def test_a_no_and_a_files_name_are_told_too(thandi):
    customer = make_submitted_business(ubos=1)
    data, index = exported(customer, thandi)
    (owner,) = [facts for title, facts in data["data"].items() if title.startswith("Beneficial owner")]
    assert owner["is_pip"] is False
    assert "<td>No</td>" in index
    document = customer.documents.first()
    assert document.original_name in {paper["file_name"] for paper in data["documents"]}


def test_how_and_why_the_relationship_ended_is_in_it(thandi):
    customer = make_submitted_individual()
    Ending.objects.create(
        customer=customer, how=How.REJECTED, reason="Adverse media.", ended_by=thandi, eyes="one"
    )
    data, index = exported(customer, thandi)
    assert "Adverse media." in data["data"]["Decided by staff"]["rejected"]
    assert "Adverse media." in index
