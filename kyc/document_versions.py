"""Versions of documents: which one is current, and what makes the next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from accounts import audit
from accounts.models import User
from customers.models import Customer, Ubo
from kyc.choices import Scan
from kyc.contents import index_document, is_number_of
from kyc.models import Document
from kyc.preparing import Prepared
from vault.index_versions import Writing
from vault.indexes import content_indexes

# Whose document, and of which type: at most one version of each is current.
Slot = tuple[UUID, UUID | None, str]


def current_versions(customers: Mapping[UUID, Customer]) -> tuple[dict[Slot, Document], dict[Slot, int]]:
    """The current document of each slot, and the number of its last version, be that one in quarantine."""
    in_use = Q(is_current=True) | Q(scan=Scan.INFECTED)
    current: dict[Slot, Document] = {}
    last: dict[Slot, int] = {}
    for document in Document.objects.filter(in_use, customer_id__in=list(customers)):
        slot = (document.customer_id, document.ubo_id, document.doc_type)
        last[slot] = max(last.get(slot, 0), document.version)
        if document.is_current:
            document.customer = customers[document.customer_id]
            current[slot] = document
    return current, last


def is_same(document: Document, prepared: Prepared) -> bool:
    """Whether nothing new was handed in. Particulars that were left blank this time say nothing."""
    return (
        document.content_digest in content_indexes(prepared.sha256)
        and (not prepared.doc_number or is_number_of(document, prepared.doc_number))
        and prepared.doc_expire in (None, document.doc_expire)
        and prepared.doc_issued in (None, document.doc_issued)
    )


def new_row(
    customer: Customer,
    ubo: Ubo | None,
    prepared: Prepared,
    version: int,
    actor: User,
    now: datetime,
    indexing: Writing,
) -> Document:
    document = Document(
        id=prepared.id,
        customer=customer,
        ubo=ubo,
        doc_type=prepared.doc_type,
        version=version,
        doc_number=prepared.doc_number,
        doc_expire=prepared.doc_expire,
        doc_issued=prepared.doc_issued,
        original_name=prepared.original_name,
        file=prepared.file,
        content_type=prepared.content_type,
        size=prepared.size,
        sha256=prepared.sha256,
        pages=prepared.pages,
        scan=prepared.scan,
        scanned_at=now if prepared.scan == Scan.CLEAN else None,
        file_warnings=[
            {"code": problem.code, "message": problem.message, "remedy": problem.remedy}
            for problem in prepared.problems
            if problem.field == "file"
        ],
        added_by=actor,
        added_at=now,
    )
    index_document(document, indexing)
    return document


def added_entry(document: Document, actor: User) -> audit.AuditEntry:
    return audit.entry(
        actor=actor,
        action="document.add",
        subject_type="document",
        subject_id=document.pk,
        customer_id=document.customer_id,
        merchant_uid=document.customer.merchant.uid,
        details={
            "doc_type": document.doc_type,
            "version": document.version,
            "size": document.size,
            "ubo": str(document.ubo_id) if document.ubo_id else "",
        },
    )
