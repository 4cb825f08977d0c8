"""Everything that is held about one person or business, as a zip with an index that a person can read.

For the customer, or for one beneficial owner (then nothing of the business and of the other owners). POPIA
section 23: whoever we hold data about may ask what it is.

    index.html            what is held, in words, with links to the files
    data.json             the same for programs, by the exchange's names
    documents/            every version of every document, byte for byte as it was handed in

Left out, and the index says so: who of the staff did what, which is about them, and why a legal hold was
placed.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.db.models import Model
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.text import slugify

from accounts import audit, policy
from accounts.models import AuditEntry, User
from customers.models import Customer, Ubo
from exchange.outbox.queries import intents_of
from kyc.acceptance import checked_reason
from kyc.documents import read_document
from kyc.models import Document
from kyc.records import PROFILE_FIELDS, UBO_FIELDS, customer_data, load_record
from kyc.retention.refusing import refused

_EXTENSIONS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One value: the field's name at the exchange, its label, and what is held."""

    name: str
    label: str
    value: Any


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    facts: list[Fact]


@dataclass(frozen=True, slots=True)
class Paper:
    """One version of a document, and where it lies in the zip."""

    path: str
    doc_type: str
    version: int
    added_at: datetime
    sent_at: datetime | None
    doc_number: str
    doc_expire: date | None
    doc_issued: date | None
    file_name: str


def export_subject(
    target: IO[bytes], *, customer: Customer, actor: User, reason: str, ubo: Ubo | None = None
) -> int:
    """Write the zip to `target`; how many documents it holds. The audit row is written before the first byte.

    Raises NotAllowed; Refused without a reason or after the data was destroyed; OSError or CannotOpen where a
    file can't be read: the zip is then not whole and must not be handed out.
    """
    policy.require(actor, "customer.export", customer.merchant.uid)
    reason = checked_reason(reason)
    if customer.is_erased:
        raise refused("erased", "This customer's data was destroyed.")
    audit.record(
        actor=actor,
        action="customer.export",
        subject_type="ubo" if ubo else "customer",
        subject_id=ubo.pk if ubo else customer.pk,
        customer_id=customer.pk,
        merchant_uid=customer.merchant.uid,
        reason=reason,
    )
    documents = list(
        Document.objects.filter(customer=customer, **({"ubo": ubo} if ubo else {}))
        .select_related("ubo")
        .order_by("ubo__position", "doc_type", "version")
    )
    papers = [_paper(document, number) for number, document in enumerate(documents, 1)]
    sections = _sections_of_owner(ubo) if ubo else _sections(customer)
    context = {
        "name": ubo.email if ubo else customer.reference,
        "made_at": timezone.localtime(),
        "sections": sections,
        "papers": papers,
        "events": _events(customer, ubo),
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", render_to_string("subject_export.html", context))
        archive.writestr("data.json", _as_json(context))
        for paper, document in zip(papers, documents, strict=True):
            document.customer = customer
            archive.writestr(paper.path, read_document(document), zipfile.ZIP_STORED)
    return len(papers)


def _sections(customer: Customer) -> list[Section]:
    record = load_record(customer)
    data = {name: value for name, value in customer_data(record).items() if "." not in name}
    sections = [
        Section(
            "Customer",
            _facts(
                customer, ["reference", "entity_type", *data, "uid", "exchange_state", "kyc_status", "stage"]
            ),
        ),
        Section(
            "Dates",
            _facts(
                customer,
                ["created_at", "updated_at", "submitted_at", "at_exchange_at", "verdict_at", "ended_at"],
            ),
        ),
    ]
    if record.profile is not None:
        sections.append(Section("Business profile", _facts(record.profile, PROFILE_FIELDS)))
    for ubo in record.ubos:
        sections += _sections_of_owner(ubo)
    decisions = [
        *(Fact(row.code, f"Warning accepted: {row.code}", row.reason) for row in record.accepted),
        *(Fact(row.doc_type, f"Waived: {row.doc_type}", row.reason) for row in record.waivers),
    ]
    decisions += [
        Fact(
            row.how, f"Relationship ended: {row.get_how_display()}", f"{row.ended_at:%Y-%m-%d}: {row.reason}"
        )
        for row in customer.endings.order_by("ended_at")
    ]
    told = [
        Fact(
            row.topic,
            str(row.topic),
            f"{row.state}, {row.updated_at:%Y-%m-%d %H:%M}" if row.updated_at else row.state,
        )
        for row in intents_of([customer.pk])
    ]
    return [
        section
        for section in (
            *sections,
            Section("Decided by staff", decisions),
            Section("Told to the exchange", told),
            *(section for path in settings.SUBJECT_EXPORT_SECTIONS for section in _held_by(path, customer)),
        )
        if section.facts
    ]


def _held_by(path: str, customer: Customer) -> list[Section]:
    """What another room holds about the customer, by the function that the settings name."""
    return import_string(path)(customer)


def _sections_of_owner(ubo: Ubo) -> list[Section]:
    return [Section(f"Beneficial owner {ubo.email}", _facts(ubo, [*UBO_FIELDS, "uid"]))]


def _facts(row: Model, names: Any) -> list[Fact]:
    """The fields of a row that hold something, in the order of `names`. A No is something, too."""
    held: dict[str, Fact] = {}
    for name in names:
        field = row._meta.get_field(name)
        value = getattr(row, name)
        if _is_something(value):
            held.setdefault(name, Fact(name, str(getattr(field, "verbose_name", name)), value))
    return list(held.values())


def _is_something(value: Any) -> bool:
    return value is not None and value != "" and value != []


def _paper(document: Document, number: int) -> Paper:
    extension = _EXTENSIONS.get(document.content_type, "bin")
    name = f"{number:03d}-{slugify(document.doc_type)}-v{document.version}.{extension}"
    return Paper(
        path=str(PurePosixPath("documents", name)),
        doc_type=document.doc_type,
        version=document.version,
        added_at=document.added_at,
        sent_at=document.sent_at,
        doc_number=document.doc_number or "",
        doc_expire=document.doc_expire,
        doc_issued=document.doc_issued,
        file_name=document.original_name or "",
    )


def _events(customer: Customer, ubo: Ubo | None) -> list[tuple[datetime, str]]:
    """What was done, without who of the staff did it: that is about them."""
    entries = AuditEntry.objects.filter(customer_id=customer.pk).order_by("at", "pk")
    if ubo is not None:
        owned = Document.objects.filter(ubo=ubo).values_list("pk", flat=True)
        entries = entries.filter(subject_id__in=[ubo.pk, *owned])
    return list(entries.values_list("at", "action"))


def _as_json(context: dict[str, Any]) -> str:
    data = {
        "made_at": context["made_at"],
        "data": {
            section.title: {fact.name: fact.value for fact in section.facts}
            for section in context["sections"]
        },
        "documents": [
            {name: getattr(paper, name) for name in Paper.__dataclass_fields__} for paper in context["papers"]
        ],
        "events": [{"at": at, "action": action} for at, action in context["events"]],
    }
    return json.dumps(data, default=_plain, ensure_ascii=False, indent=1)


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)
