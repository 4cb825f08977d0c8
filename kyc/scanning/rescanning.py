"""Files that wait for the scanner, asked about again until it answers."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit, policy
from accounts.models import User
from customers.models import Customer
from exchange.outbox import enqueue
from kyc.choices import Delivery, Scan
from kyc.documents import read_document, upload_intent
from kyc.models import Document
from kyc.scanning.asking import is_configured, verdict_on
from kyc.scanning.quarantine import quarantine_held
from kyc.stages import refresh_stage
from vault.envelope import CannotOpen

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 500


@dataclass(slots=True)
class Scanned:
    """What one round came to. `left`: still waiting; `unreadable`: the file could not be opened."""

    clean: int = 0
    infected: int = 0
    unreadable: int = 0
    left: int = 0


def waiting_for_scanner() -> Q:
    """The documents that wait: handed in while it was silent, or before there was one, and not sent yet."""
    waits = Q(scan=Scan.PENDING)
    if is_configured():
        waits |= Q(scan=Scan.NOT_SCANNED)
    return waits & Q(is_current=True, delivery=Delivery.NOT_SENT)


def scan_waiting(*, actor: User, most: int = MOST_AT_ONCE) -> Scanned:
    """Ask the scanner about the files that waited longest. It ends at the first that gets no answer."""
    policy.require(actor, "document.scan")
    done = Scanned()
    if not is_configured():
        done.left = Document.objects.filter(waiting_for_scanner()).count()
        return done
    documents = Document.objects.filter(waiting_for_scanner()).select_related("customer__merchant", "ubo")
    for document in documents.order_by("added_at", "pk")[:most]:
        try:
            content = read_document(document)
        except (OSError, CannotOpen) as error:
            logger.warning("scan_unreadable document=%s error=%s", document.pk, type(error).__name__)
            done.unreadable += 1
            continue
        verdict = verdict_on(content)
        if verdict.scan == Scan.CLEAN:
            done.clean += _pass(document, actor)
        elif verdict.scan == Scan.INFECTED:
            done.infected += quarantine_held(document, verdict.found, actor)
        else:
            break
    done.left = Document.objects.filter(waiting_for_scanner()).count()
    return done


def _pass(document: Document, actor: User) -> bool:
    """Let a document go on; one that was handed in after the submission goes to the exchange now."""
    with transaction.atomic():
        customer = (
            Customer.objects.select_for_update(of=("self",))
            .select_related("merchant")
            .get(pk=document.customer_id)
        )
        held = Document.objects.filter(pk=document.pk, is_current=True)
        if not held.exclude(scan=Scan.CLEAN).update(scan=Scan.CLEAN, scanned_at=timezone.now()):
            return False
        was_held_back = document.scan == Scan.PENDING and not customer.is_editable
        document.scan, document.customer = Scan.CLEAN, customer
        if was_held_back and not customer.ended_at:
            enqueue([upload_intent(document, replaces=_version_before(document))])
        audit.record(
            actor=actor,
            action="document.scan",
            subject_type="document",
            subject_id=document.pk,
            customer_id=customer.pk,
            merchant_uid=customer.merchant.uid,
            details={"doc_type": document.doc_type, "version": document.version},
        )
        refresh_stage(customer)
    return True


def _version_before(document: Document) -> UUID | None:
    before = Document.objects.filter(
        customer_id=document.customer_id,
        ubo=document.ubo,
        doc_type=document.doc_type,
        version__lt=document.version,
    ).exclude(scan=Scan.INFECTED)
    return before.order_by("-version").values_list("pk", flat=True).first()
