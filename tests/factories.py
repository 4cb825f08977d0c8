"""Customers that stand submitted, made as rows: real sealed files, real intents, no gate and no rules.

For tests of what comes after the submission. Tests of what comes before use the services themselves.
"""

import hashlib
import uuid
from datetime import date
from decimal import Decimal
from itertools import count

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Eyes
from customers.choices import Origin, Stage
from customers.models import BusinessProfile, Customer, Merchant, Ubo, vault_owner
from exchange.outbox import NewIntent, enqueue
from exchange.outbox.choices import Topic
from kyc.canonical import canonical_digest
from kyc.contents import index_document
from kyc.documents import upload_intent
from kyc.models import Document
from vault import files
from vault.envelope import new_data_key
from vault.index_versions import writing
from vault.tokens import correlation_token

PERSON_DOCUMENTS = ("Passport", "Selfie", "Proof of Address")
BUSINESS_DOCUMENTS = (
    "Board Resolution",
    "Company Registration",
    "AML Policy",
    "Business License",
    "Business Proof of Address",
    "Shareholder Certificate",
    "Incorporation Certificate",
    "Bank Statement",
    "Tax Statement",
)
# The smallest picture that is one: 1 by 1, grey.
JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300"
    + "01" * 64
    + "ffc0000b080001000101011100ffc40014000100000000000000000000000000000009"
    "ffc40014100100000000000000000000000000000000ffda0008010100003f0054ff00ffd9"
)
PERSON = {
    "first_name": "Lerato",
    "last_name": "Mokoena",
    "dob": date(1990, 2, 8),
    "address": "350 Moon Street",
    "postcode": "7350",
    "city": "Gqeberha",
    "country": "ZA",
    "nationality": "ZA",
    "id_number": "9002086471085",
    "phone_number": "+27822904047",
    "occupation": "Historian",
    "source_of_funds": "Salary or Wages",
}
_numbers = count(1)


def make_customer(*, merchant: Merchant | None = None, entity_type: str = "individual", **fields) -> Customer:
    """A draft, with fields that the exchange takes; `fields` replace them."""
    number = next(_numbers)
    merchant = merchant or Merchant.objects.own()
    pk = fields.pop("id", None) or uuid.uuid4()
    email = fields.pop("email", f"person-{number}@example.com")
    _key, wrapped = new_data_key(vault_owner(pk))
    person = PERSON | {"country_of_residence": "ZA"} if entity_type == "individual" else {}
    customer = Customer(
        **{
            **person,
            "id": pk,
            "merchant": merchant,
            "reference": f"REF-{number:05d}-{pk.hex[:6]}",
            "entity_type": entity_type,
            "origin": Origin.PACK,
            "wrapped_key": wrapped,
            "email": email,
            "email_key": email.casefold(),
            "phone_number": "+27822904047",
            "token": correlation_token(merchant.uid, entity_type, email),
            **fields,
        }
    )
    customer.save(force_insert=True)
    if entity_type == "business":
        BusinessProfile.objects.create(
            customer=customer,
            company_name=f"Acme {number} (Pty) Ltd",
            registration_number=f"2020/{number:06d}/07",
            registration_country="ZA",
            industry="Financial Services",
            purpose_of_account="Payment processing",
            expected_monthly_volume_usd=Decimal(500000),
            address="1 Long Street",
            city="Cape Town",
            postcode="8001",
            country="ZA",
        )
    return customer


def make_ubo(customer: Customer, **fields) -> Ubo:
    number = next(_numbers)
    email = fields.pop("email", f"owner-{number}@example.com")
    return Ubo.objects.create(
        **{
            **PERSON,
            "customer": customer,
            "position": customer.ubos.count(),
            "email": email,
            "email_key": email.casefold(),
            "first_name": "Jane",
            "last_name": "Smith",
            "occupation": "Top Executive",
            "source_of_funds": "Business Income",
            "ownership_percentage": Decimal(30),
            **fields,
        }
    )


def make_document(customer: Customer, doc_type: str, *, ubo: Ubo | None = None, size: int = 0) -> Document:
    """A current document with bytes of its own, sealed and stored; padded to `size`."""
    pk = uuid.uuid4()
    content = JPEG + pk.bytes + b"\0" * max(0, size - len(JPEG) - 16)
    sha256 = hashlib.sha256(content).hexdigest()
    is_identity = doc_type == "Passport"
    document = Document(
        id=pk,
        customer=customer,
        ubo=ubo,
        doc_type=doc_type,
        doc_number="M00123456" if is_identity else "",
        doc_expire=date(2035, 1, 31) if is_identity else None,
        original_name="scan.jpg",
        file=files.store(customer.vault_key(), "kyc_document", pk, content),
        content_type="image/jpeg",
        size=len(content),
        sha256=sha256,
        added_by=User.objects.machine(),
    )
    with transaction.atomic():
        index_document(document, writing())
        document.save(force_insert=True)
    return document


def submit(customer: Customer) -> Customer:
    """Freeze it and write its intents, whatever it lacks."""
    customer.stage, customer.submitted_at = Stage.SUBMITTED, timezone.now()
    customer.submitted_by, customer.submitted_eyes = User.objects.machine(), Eyes.COMMAND
    customer.submitted_digest = canonical_digest(customer, list(customer.ubos.all()))
    merchant_uid = customer.merchant.uid
    with transaction.atomic():
        customer.save()
        enqueue(
            [
                NewIntent(Topic.CREATE, customer.pk, customer.pk, merchant_uid),
                NewIntent(Topic.SET_CUSTOM_ID, customer.pk, customer.pk, merchant_uid, is_ready=False),
                *(upload_intent(document) for document in customer.documents.filter(is_current=True)),
            ]
        )
    return customer


def make_submitted_individual(*, documents=PERSON_DOCUMENTS, document_size: int = 0, **fields) -> Customer:
    """An individual with its documents, submitted."""
    customer = make_customer(**fields)
    for doc_type in documents:
        make_document(customer, doc_type, size=document_size)
    return submit(customer)


def make_submitted_business(*, ubos: int = 1, documents=BUSINESS_DOCUMENTS, **fields) -> Customer:
    """A business with its documents and UBOs with theirs, submitted."""
    customer = make_customer(entity_type="business", **fields)
    for doc_type in documents:
        make_document(customer, doc_type)
    for _ in range(ubos):
        ubo = make_ubo(customer)
        for doc_type in PERSON_DOCUMENTS:
            make_document(customer, doc_type, ubo=ubo)
    return submit(customer)
