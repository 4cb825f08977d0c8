import hashlib

import pytest

from .asking import BUSINESS_TYPES, JPEG, PDF, PNG, UPLOADS, business, individual

UBO_UPLOADS = "/api/v2/verification/ubos/documents"
MERCHANT_UPLOADS = "/api/v2/verification/merchants/documents"
PASSPORT = {"doc_type": "Passport", "doc_number": "A1234567", "doc_expire": "2090-01-01"}


def test_a_document_is_kept_byte_for_byte_with_what_was_said_of_it(asker, sandbox):
    uid = asker.uid()
    reply = asker.upload(PNG, "passport.PNG", customer_uid=uid, **PASSPORT)
    assert (reply.status_code, reply.json()) == (200, {"message": "Document uploaded successfully"})
    (held,) = sandbox.state()["documents"]
    assert held["owner_uid"] == uid
    assert held["is_ubo"] is False
    assert (held["doc_type"], held["doc_number"], held["doc_expire"]) == (
        "Passport",
        "A1234567",
        "2090-01-01",
    )
    assert (held["size"], held["sha256"]) == (len(PNG), hashlib.sha256(PNG).hexdigest())
    assert (held["content_type"], held["filename"]) == ("image/png", "passport.PNG")
    assert sandbox.document_bytes(held["id"]) == PNG
    effect = sandbox.oracle()[-1]
    assert (effect["route"], effect["uid"], effect["detail"]["sha256"]) == (
        "documents.upload",
        uid,
        held["sha256"],
    )


def test_the_same_document_twice_is_two_documents(asker, sandbox):
    uid = asker.uid()
    for _ in range(2):
        asker.upload(customer_uid=uid, doc_type="Selfie")
    assert [one["owner_uid"] for one in sandbox.state()["documents"]] == [uid, uid]


@pytest.mark.parametrize(
    ("content", "filename", "code"),
    [
        (b"", "scan.jpg", "upload.File size should be greater than 1 Byte"),
        (
            JPEG + b"x" * (4 * 1024 * 1024 - len(JPEG) + 1),
            "scan.jpg",
            "upload.File size should be less than 4194304 Bytes",
        ),
        (
            b"GIF89a" + b"x" * 50,
            "scan.gif",
            'upload.You are not allowed to upload "gif" files, allowed types: jpg, jpeg, png, pdf',
        ),
        (b"MZ" + b"x" * 50, "scan.jpg", "upload.invalid_content"),
        (b"GIF89a" + b"x" * 50, "scan.png", "upload.invalid_content"),
    ],
    ids=["empty", "too large", "gif", "program", "disguised"],
)
def test_a_file_that_is_not_allowed_is_refused(asker, sandbox, content, filename, code):
    reply = asker.upload(content, filename, customer_uid=asker.uid(), doc_type="Selfie")
    assert (reply.status_code, reply.json()["errors"]) == (422, [code])
    assert sandbox.state()["documents"] == []


def test_exactly_four_mebibytes_are_taken_and_a_lower_limit_can_be_set(asker, sandbox):
    content = JPEG + b"x" * (4 * 1024 * 1024 - len(JPEG))
    uid = asker.uid()
    assert asker.upload(content, customer_uid=uid, doc_type="Selfie").status_code == 200
    sandbox.set_faults(size_limit=4_000_000)
    assert asker.upload(content, customer_uid=uid, doc_type="Selfie").status_code == 422


def test_a_body_beyond_the_gateways_buffer_is_413(asker):
    reply = asker.upload(JPEG + b"x" * 10_000_001, customer_uid="ID1", doc_type="Selfie")
    assert (reply.status_code, reply.headers["Content-Type"]) == (413, "text/plain")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"doc_type": "passport"}, 400, "doc_type.inclusion"),
        ({"doc_type": "Liveness"}, 400, "doc_type.inclusion"),
        ({"doc_type": "Board Resolution"}, 400, "doc_type.inclusion"),
        ({"doc_type": "Green ID book"}, 400, "doc_type.inclusion"),
        ({}, 422, "resource.documents.missing_doc_type"),
        ({"doc_type": " "}, 422, "resource.documents.empty_doc_type"),
        ({"doc_type": "Passport", "doc_expire": "2090-01-01"}, 422, "resource.documents.missing_doc_number"),
        ({"doc_type": "Passport", "doc_number": "A1"}, 422, "resource.documents.invalid_format"),
        ({"doc_type": "Identity card back"}, 422, "resource.documents.missing_doc_number"),
        ({"doc_type": "Green Identity Book"}, 422, "resource.documents.missing_doc_number"),
        ({**PASSPORT, "doc_expire": "01/01/2090"}, 422, "resource.documents.expire_not_a_date"),
        ({**PASSPORT, "doc_expire": "2020-01-01"}, 422, "resource.documents.already_expired"),
        ({**PASSPORT, "doc_number": "N/A"}, 422, "doc_number.invalid"),
        ({**PASSPORT, "doc_number": "9" * 129}, 422, "doc_number.too_long"),
    ],
)
def test_what_is_said_of_an_individuals_document_must_be_right(asker, fields, status, code):
    reply = asker.upload(customer_uid=asker.uid(), **fields)
    assert reply.status_code == status
    assert code in reply.json()["errors"]


@pytest.mark.parametrize(
    "fields",
    [
        {"doc_type": "Green Identity Book", "doc_number": "1"},
        {"doc_type": "Driver license", "doc_number": "1"},
        {"doc_type": "Drivers license back", "doc_number": "1", "doc_expire": "2090-01-01"},
        {"doc_type": "Proof of Address"},
        {"doc_type": "Source of Funds"},
    ],
)
def test_number_and_expiry_are_asked_for_only_where_a_paper_has_them(asker, fields):
    assert asker.upload(PDF, "scan.pdf", customer_uid=asker.uid(), **fields).status_code == 200


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, 200),
        ({"doc_number": "N/A", "doc_expire": "N/A"}, 200),
        ({"doc_number": "12345"}, 422),
        ({"doc_expire": "2090-01-01"}, 422),
    ],
)
def test_a_business_document_has_no_number_or_says_so(asker, more, status):
    reply = asker.upload(customer_uid=asker.uid(business()), doc_type="AML Policy", **more)
    assert reply.status_code == status


def test_exactly_one_owner_must_be_named_and_known(asker):
    made = asker.create(business()).json()
    ubo = made["ubos"][0]["uid"]
    assert asker.upload(doc_type="Selfie").json()["errors"][0].startswith("resource.documents.missing_")
    assert asker.upload(uid=made["uid"], doc_type="AML Policy").status_code == 422
    both = asker.upload(customer_uid=made["uid"], customer_ubo_uid=ubo, doc_type="Selfie")
    assert both.json()["errors"] == ["resource.documents.ambiguous_target"]
    for fields in (
        {"customer_uid": "ID0000000000"},
        {"customer_uid": ubo},
        {"customer_ubo_uid": made["uid"]},
    ):
        reply = asker.upload(doc_type="Selfie", **fields)
        assert (reply.status_code, reply.json()["errors"]) == (404, ["record.not_found"])


def test_one_file_named_upload_is_needed(asker, sandbox):
    uid = asker.uid()
    fields = {"customer_uid": uid, "doc_type": "Selfie"}
    array = asker.ask("POST", UPLOADS, data=fields, files={"upload[]": ("a.jpg", JPEG)})
    assert "resource.documents.missing_upload" in array.json()["errors"]
    two = asker.ask(
        "POST", UPLOADS, data=fields, files=[("upload", ("a.jpg", JPEG)), ("upload", ("b.jpg", JPEG))]
    )
    assert two.json()["errors"] == ["resource.documents.invalid_upload"]
    typed = asker.ask("POST", UPLOADS, data=b"x", headers_={"Content-Type": "multipart/form-data"})
    assert typed.status_code == 422
    assert asker.ask("POST", UPLOADS, json=fields).status_code == 422
    assert sandbox.state()["documents"] == []


def test_2025_11_names_customers_and_ubos_by_one_field(asker, sandbox):
    sandbox.set_faults(dialect="2025-11")
    made = asker.create(business()).json()
    ubo = made["ubos"][0]["uid"]
    assert asker.upload(customer_uid=ubo, doc_type="Source of Funds").status_code == 200
    assert asker.upload(customer_uid=made["uid"], doc_type="Tax Statement").status_code == 200
    assert asker.upload(customer_ubo_uid=ubo, doc_type="Selfie").status_code == 422
    assert [one["is_ubo"] for one in sandbox.state()["documents"]] == [True, False]


def test_2026_02_gives_ubos_a_field_of_their_own_and_no_source_of_funds(asker, sandbox):
    made = asker.create(business()).json()
    ubo = made["ubos"][1]["uid"]
    assert asker.upload(customer_ubo_uid=ubo, **PASSPORT).status_code == 200
    assert asker.upload(customer_ubo_uid=ubo, doc_type="Source of Funds").status_code == 400
    assert asker.upload(path=UBO_UPLOADS, uid=ubo, **PASSPORT).json() == {"error": "Not Found"}
    assert [one["owner_uid"] for one in sandbox.state()["documents"]] == [ubo]


def test_2026_04_tells_by_the_path_whose_document_it_is(asker, sandbox):
    sandbox.set_faults(dialect="2026-04")
    merchant = sandbox.add_merchant(name="Acme")
    made = asker.create(business()).json()
    ubo, person = made["ubos"][0]["uid"], asker.uid()
    assert asker.upload(uid=person, doc_type="Green ID book").status_code == 200
    assert asker.upload(uid=person, doc_type="Driver license").json()["errors"] == [
        "resource.documents.invalid_format"
    ]
    assert asker.upload(path=UBO_UPLOADS, uid=ubo, **PASSPORT).status_code == 200
    assert asker.upload(path=MERCHANT_UPLOADS, uid=merchant, doc_type="Tax Statement").status_code == 200
    assert asker.upload(uid=made["uid"], doc_type="AML Policy").status_code == 200
    assert asker.upload(uid=made["uid"], doc_type="AML Policy", doc_number="N/A").status_code == 422
    for path, uid in ((UPLOADS, ubo), (UBO_UPLOADS, person), (MERCHANT_UPLOADS, person)):
        assert asker.upload(path=path, uid=uid, doc_type="Selfie").status_code == 404
    assert asker.upload(customer_uid=person, doc_type="Selfie").status_code == 422


def test_any_takes_what_is_right_in_one_of_the_dialects(asker, sandbox):
    sandbox.set_faults(dialect="any")
    made = asker.create(business()).json()
    ubo, person = made["ubos"][0]["uid"], asker.uid(individual())
    assert asker.upload(customer_uid=ubo, **PASSPORT).status_code == 200
    assert asker.upload(customer_ubo_uid=ubo, **PASSPORT).status_code == 200
    assert asker.upload(path=UBO_UPLOADS, uid=ubo, **PASSPORT).status_code == 200
    assert asker.upload(uid=person, doc_type="Green ID book").status_code == 200
    business_document = {"doc_type": BUSINESS_TYPES[0], "doc_number": "N/A", "doc_expire": "N/A"}
    assert asker.upload(customer_uid=made["uid"], **business_document).status_code == 200
