"""Bodies that no form of ours takes: 413 before they are read, or 400; never a fault, and nothing is kept."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import AuditEntry
from kyc.models import Document
from portal.body_limit import LARGEST_BODY_BYTES
from tests.kyc import files
from tests.portal.pages.people import an_individual

BOUNDARY = "b0undary"


class Unread(io.RawIOBase):
    """A body that must not be looked at."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        raise AssertionError("the body was read")


@pytest.fixture
def customer(corner_shop, thandi):
    return an_individual(corner_shop, thandi, documents=False)


def announce(client, address: str, length: int, body: io.IOBase | None = None):
    return client.generic(
        "POST",
        address,
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        **{"CONTENT_LENGTH": str(length), "wsgi.input": body or Unread()},
    )


def adds(customer) -> str:
    return reverse("customer-add-document", args=[customer.pk])


def test_25_megabytes_are_refused_before_any_of_it_is_read(staff, customer):
    answer = announce(staff, adds(customer), 25_000_000)
    assert answer.status_code == 413
    assert "too large" in answer.content.decode()
    assert not Document.objects.exists()
    assert AuditEntry.objects.get(outcome="refused").reason == "too_large"


def test_exactly_the_limit_is_let_through(staff, customer):
    answer = announce(staff, adds(customer), LARGEST_BODY_BYTES, io.BytesIO())
    assert answer.status_code in (302, 400)


def test_a_program_is_told_with_a_code(staff, customer):
    answer = announce(staff, reverse("api-customer-submit", args=[customer.pk]), LARGEST_BODY_BYTES + 1)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_nobody_writes_into_the_trail_who_is_not_signed_in(client, db):
    assert announce(client, "/accounts/login/", 25_000_000).status_code == 413
    assert not AuditEntry.objects.filter(outcome="refused").exists()


def test_a_file_that_is_a_little_too_large_is_named_on_the_page(staff, customer):
    file = SimpleUploadedFile("p.jpg", files.jpeg() + bytes(6_000_000), "image/jpeg")
    answer = staff.post(adds(customer), {"doc_type": "Passport", "file": file}, follow=True)
    assert answer.status_code == 200
    assert "4 MB" in answer.content.decode()
    assert not Document.objects.exists()


@pytest.mark.parametrize("length", ["-1", "many", ""])
def test_a_length_that_is_none_is_no_fault(staff, customer, length):
    answer = announce(staff, adds(customer), length, io.BytesIO())
    assert answer.status_code in (302, 400)
    assert not Document.objects.exists()


def form(*parts: tuple[str, bytes]) -> bytes:
    return (
        b"".join(
            f"--{BOUNDARY}\r\nContent-Disposition: form-data; {about}\r\n\r\n".encode() + body + b"\r\n"
            for about, body in parts
        )
        + f"--{BOUNDARY}--\r\n".encode()
    )


def send(client, customer, *parts: tuple[str, bytes]):
    return client.generic(
        "POST", adds(customer), form(*parts), content_type=f"multipart/form-data; boundary={BOUNDARY}"
    )


@pytest.mark.parametrize(
    "parts",
    [
        [(f'name="field{number}"', b"x") for number in range(1_000)],
        [(f'name="file{number}"; filename="{number}.jpg"', b"x") for number in range(1_000)],
    ],
    ids=["fields", "files"],
)
def test_a_thousand_parts_are_no_form(staff, customer, parts):
    assert send(staff, customer, *parts).status_code == 400
    assert not Document.objects.exists()


def test_a_file_without_a_name_is_no_file_and_the_field_is_named(staff, customer):
    answer = send(staff, customer, ('name="doc_type"', b"Passport"), ('name="file"', files.jpeg()))
    assert answer.status_code == 302
    assert "File:" in staff.get(answer["Location"]).content.decode()
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("content", "claimed", "held_as"),
    [
        (files.jpeg(), "text/html", "image/jpeg"),
        (files.jpeg(), "application/pdf", "image/jpeg"),
        (files.jpeg(), "", "image/jpeg"),
    ],
)
def test_the_bytes_tell_the_kind_whatever_the_sender_says(staff, customer, content, claimed, held_as):
    file = SimpleUploadedFile("p.jpg", content, claimed)
    staff.post(adds(customer), {"doc_type": "Selfie", "file": file})
    assert Document.objects.get().content_type == held_as
