"""Topic `document.upload`: one document, byte for byte (002:2288, 002:2418, 002:2532)."""

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from accounts import audit
from accounts.audit_writing import statement_of
from customers.choices import Stage
from exchange.client import ExchangeClient, Uploaded
from exchange.outbox.choices import Reason, Topic
from exchange.outbox.claiming import Claim
from exchange.outbox.database import run, time_param, uuid_param
from exchange.outbox.handlers import AtOnce, Held, Prepared
from exchange.outbox.models import Intent
from exchange.outbox.queries import has_open
from exchange.outbox.together import Write, found_by
from kyc.choices import Delivery
from kyc.delivery.create_customer import bind_ubos
from kyc.delivery.held_record import HeldRecord, held_document, held_record
from kyc.delivery.ubo_match import match_ubos
from kyc.documents import read_document
from kyc.models import Document
from vault.envelope import CannotOpen
from vault.indexes import keyed_digest


def prepare(intent: Intent, claim: Claim) -> Prepared:
    """The file is opened before anything is sent.

    What opens is what was handed in: the seal binds the bytes to this row, and they were read back and
    compared when they were stored.
    """
    record = held_record(claim)
    document = held_document(claim, intent.subject_id)
    try:
        content = read_document(document)
    except CannotOpen:
        raise Held(Reason.CONTENT_CHANGED, "file_does_not_open") from None
    if len(content) != document.size:
        raise Held(Reason.CONTENT_CHANGED, "file")

    ubo_id = document.ubo_id
    is_ubo = ubo_id is not None

    def send(client: ExchangeClient) -> Uploaded:
        return client.upload_document(
            target="ubo" if is_ubo else "customer",
            uid=_ubo_uid(record, ubo_id, client) if ubo_id is not None else record.customer.uid or "",
            doc_type=document.doc_type,
            doc_number=document.doc_number or None,
            doc_expire=document.doc_expire,
            is_business=record.customer.is_business and not is_ubo,
            content=content,
            content_type=document.content_type,
        )

    parts = (document.pk, document.doc_type, document.doc_number, document.doc_expire, document.sha256)
    digest = keyed_digest("request", "|".join(map(str, parts)).encode())
    return Prepared(send, digest, "upload_document", is_upload=True)


def _ubo_uid(record: HeldRecord, ubo_id: UUID, client: ExchangeClient) -> str:
    """The UBO's uid; asked for where the create's answer had none (002:2547). Held if it is not certain."""
    uid = record.ubos[ubo_id].uid or record.learnt.get(ubo_id)
    if uid is None and record.customer.uid:
        named = client.get_customer(record.customer.uid).ubos
        record.learnt.update(match_ubos(record.ubos.values(), named))
        uid = record.learnt.get(ubo_id)
    if uid is None:
        raise Held(Reason.UBO_UID_UNKNOWN)
    return uid


def applied(intent: Intent, claim: Claim, reply: Uploaded) -> Reason | None:
    record = held_record(claim)
    if record.learnt:
        bind_ubos(record, record.learnt)
        record.learnt = {}
    now = timezone.now()
    found_by(_sent(record, intent, now))
    audit.record_many(_move_on(record, claim, now))
    return None


def at_once(intent: Intent, claim: Claim, reply: Uploaded, following: Intent) -> AtOnce | None:
    record = held_record(claim)
    # The customer's stage moves after the last document: with another one to come it stays.
    if following.topic != Topic.UPLOAD or record.learnt:
        return None
    return AtOnce(_sent(record, intent, timezone.now()))


def _sent(record: HeldRecord, intent: Intent, now: datetime) -> list[Write]:
    moved = _moved(record, intent, Delivery.SENT)
    # By hand, as it is done for each of many uploads: the ORM takes longer to word it than to run it.
    return [
        Write(
            "UPDATE kyc_document SET delivery = %s, sent_at = %s WHERE id = %s",
            (Delivery.SENT.value, time_param(now), uuid_param(intent.subject_id)),
        ),
        Write(*statement_of(_entry(record, "document.sent", intent.subject_id, moved))),
    ]


def _move_on(record: HeldRecord, claim: Claim, now: datetime) -> list[audit.AuditEntry]:
    """The customer's stage after its last document; the audit row where it moved."""
    if has_open(claim.lane, Topic.UPLOAD):
        return []
    at = time_param(now)
    moved = run(
        "UPDATE customers_customer SET stage = %s, documents_sent_at = %s, updated_at = %s "
        "WHERE id = %s AND stage = %s RETURNING id",
        (Stage.DOCUMENTS_SENT.value, at, at, uuid_param(claim.lane), Stage.AT_EXCHANGE.value),
    )
    stages = {"stage": (Stage.AT_EXCHANGE.value, Stage.DOCUMENTS_SENT.value)}
    return [_entry(record, "customer.documents_sent", None, stages)] if moved else []


def stopped(intent: Intent, claim: Claim, reason: Reason) -> None:
    if reason in (Reason.REJECTED_BY_EXCHANGE, Reason.REFUSED_BY_EXCHANGE):
        Document.objects.filter(pk=intent.subject_id).update(delivery=Delivery.REFUSED)
        record = held_record(claim)
        moved = _moved(record, intent, Delivery.REFUSED)
        audit.record_many([_entry(record, "document.refused", intent.subject_id, moved, reason)])


def unknown(intent: Intent, claim: Claim) -> None:
    """It may be there, missing or doubled: flagged for good. After the last resend the customer goes on."""
    record = held_record(claim)
    Document.objects.filter(pk=intent.subject_id).update(delivery=Delivery.UNKNOWN, is_flagged=True)
    moved = _moved(record, intent, Delivery.UNKNOWN)
    entries = [_entry(record, "document.outcome_unknown", intent.subject_id, moved)]
    audit.record_many(entries + _move_on(record, claim, timezone.now()))


def _moved(record: HeldRecord, intent: Intent, now: Delivery) -> audit.Changes:
    """What became of the document's delivery; before is told where the lane has read the document."""
    document = record.documents.get(intent.subject_id)
    return {"delivery": (str(document.delivery) if document is not None else None, now.value)}


def _entry(
    record: HeldRecord, action: str, document_id: UUID | None, changes: audit.Changes, reason: str = ""
) -> audit.AuditEntry:
    return audit.entry(
        actor=record.actor,
        action=action,
        subject_type="document" if document_id else "customer",
        subject_id=document_id or record.customer.pk,
        customer_id=record.customer.pk,
        merchant_uid=record.customer.merchant.uid,
        details={"reason": str(reason)} if reason else {},
        changes=changes,
    )
