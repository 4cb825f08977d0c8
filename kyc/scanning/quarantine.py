"""A file in which the scanner found something: kept sealed for those who look into it, served to nobody."""

from __future__ import annotations

import uuid
from contextlib import suppress
from hashlib import sha256

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts import audit
from accounts.models import User
from customers.models import Customer, Ubo
from kyc.choices import Scan
from kyc.contents import index_document
from kyc.gate import safe_display_name
from kyc.gate.sniff import sniff
from kyc.models import Document
from kyc.preparing import DOCUMENTS
from kyc.stages import refresh_stage
from vault import files
from vault.index_versions import writing


def quarantine_new(
    *,
    customer: Customer,
    ubo: Ubo | None,
    doc_type: str,
    content: bytes,
    filename: str,
    found: str,
    actor: User,
) -> Document:
    """Keep a file that was handed in and refused as infected: a version that never was the current one."""
    pk = uuid.uuid4()
    kind = sniff(content)
    name = files.store(customer.vault_key(), DOCUMENTS, pk, content)
    try:
        with transaction.atomic():
            indexing = writing()
            Customer.objects.select_for_update().get(pk=customer.pk)
            versions = Document.objects.filter(customer=customer, ubo=ubo, doc_type=doc_type)
            document = Document(
                id=pk,
                customer=customer,
                ubo=ubo,
                doc_type=doc_type,
                version=(versions.aggregate(last=Max("version"))["last"] or 0) + 1,
                is_current=False,
                original_name=safe_display_name(filename, doc_type, kind.extension),
                file=name,
                content_type=kind.content_type,
                size=len(content),
                sha256=sha256(content).hexdigest(),
                scan=Scan.INFECTED,
                scan_found=found,
                scanned_at=timezone.now(),
                superseded_at=timezone.now(),
                added_by=actor,
            )
            index_document(document, indexing)
            document.save(force_insert=True)
            _write_down(document, actor)
    except BaseException:
        with suppress(OSError):
            files.remove(name)
        raise
    return document


def quarantine_held(document: Document, found: str, actor: User) -> bool:
    """Take a document that waited for the scanner out of use; False where it had gone out already."""
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(pk=document.customer_id)
        now = timezone.now()
        waiting = Document.objects.filter(pk=document.pk, delivery="not_sent").exclude(scan=Scan.INFECTED)
        is_taken = waiting.update(
            scan=Scan.INFECTED, scan_found=found, scanned_at=now, is_current=False, superseded_at=now
        )
        if is_taken:
            document.scan, document.scan_found = Scan.INFECTED, found
            _write_down(document, actor)
            refresh_stage(customer)
    return bool(is_taken)


def _write_down(document: Document, actor: User) -> None:
    audit.record(
        actor=actor,
        action="document.quarantine",
        subject_type="document",
        subject_id=document.pk,
        customer_id=document.customer_id,
        merchant_uid=document.customer.merchant.uid,
        details={
            "doc_type": document.doc_type,
            "version": document.version,
            "found": document.scan_found,
            "size": document.size,
        },
    )
