"""Handing in a document, and reading it again.

In two steps, so that many can be prepared side by side: `prepare_document` judges, seals and stores the
file and needs no database; `save_prepared` writes the rows. `add_document` is both, for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.models import User
from customers.choices import Origin
from customers.contention import gives_way
from customers.models import Customer, Ubo
from customers.problems import ERROR, Problem, Refused
from exchange.outbox import NewIntent, enqueue
from exchange.outbox.choices import Topic
from kyc.choices import Scan
from kyc.contents import holders_of, others
from kyc.document_rules import document_subject
from kyc.document_versions import Slot, added_entry, current_versions, is_same, new_row
from kyc.models import Document
from kyc.preparing import DOCUMENTS, Infected, Prepared, discard, prepare_document
from kyc.requirements import is_asked_for, requirements_for_many
from kyc.scanning.quarantine import quarantine_new
from kyc.stages import refresh_stage
from kyc.turned_away import note_turned_away
from kyc.warnings import owner_kind, same_file_elsewhere
from vault import files
from vault.index_versions import writing
from vault.indexes import content_indexes

__all__ = [
    "Added",
    "Prepared",
    "add_document",
    "current_digests",
    "discard",
    "prepare_document",
    "read_document",
    "save_prepared",
    "upload_intent",
]

# A UBO's documents go to the exchange after its business's own.
UBO_ORDER = 1


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a document: the current row, its warnings, and whether it is a new version."""

    document: Document
    problems: tuple[Problem, ...]
    is_new: bool


def save_prepared(
    items: Sequence[tuple[Customer, Ubo | None, Prepared]], *, actor: User, today: date | None = None
) -> list[Added]:
    """Write the rows of prepared documents in the caller's transaction; one result for each, in order.

    The same bytes with the same particulars as the current version change nothing; anything else becomes a
    new version and supersedes it. Documents of submitted customers are taken only where a requirement asks
    for them, and are sent to the exchange at once; otherwise Refused. Stages are not refreshed: bulk callers
    call `refresh_stages` once. When the transaction fails, call `discard`.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("save_prepared needs the transaction of the change it is part of")
    customers = {customer.pk: customer for customer, _ubo, _prepared in items}
    for merchant_uid, stage in {(row.merchant.uid, row.stage) for row in customers.values()}:
        policy.require(actor, "document.add", merchant_uid, stage)
    indexing = writing()
    _refuse_unasked(items, today or timezone.localdate())
    now = timezone.now()
    current, last = current_versions(customers)
    holders = holders_of(content_indexes(prepared.sha256) for _customer, _ubo, prepared in items)
    new: list[tuple[Document, Document | None]] = []
    added = []
    for customer, ubo, prepared in items:
        slot = (customer.pk, ubo.pk if ubo else None, prepared.doc_type)
        before = current.get(slot)
        if before is not None and is_same(before, prepared):
            transaction.on_commit(partial(discard, [prepared]))
            added.append(Added(before, prepared.problems, is_new=False))
            continue
        if before is not None:
            before.is_current, before.superseded_at = False, now
        last[slot] = last.get(slot, 0) + 1
        document = current[slot] = new_row(customer, ubo, prepared, last[slot], actor, now, indexing)
        new.append((document, before))
        problems = prepared.problems
        if others(holders, content_indexes(prepared.sha256), customer.pk):
            problems += (same_file_elsewhere(document_subject(prepared.doc_type, ubo.email if ubo else "")),)
        added.append(Added(document, problems, is_new=True))
    superseded = [before.pk for _document, before in new if before is not None]
    Document.objects.filter(pk__in=superseded).update(is_current=False, superseded_at=now)
    Document.objects.bulk_create([document for document, _before in new], batch_size=500)
    audit.record_many(added_entry(document, actor) for document, _before in new)
    _note_maker((document.customer for document, _before in new), actor)
    _send_asked_for(new)
    return added


def add_document(
    *,
    customer: Customer,
    ubo: Ubo | None = None,
    doc_type: str,
    content: bytes,
    filename: str,
    doc_number: str = "",
    doc_expire: date | str | None = None,
    doc_issued: date | str | None = None,
    actor: User,
    today: date | None = None,
) -> Added:
    """Hand in one document and refresh the customer's stage. Raises Refused; see `save_prepared`.

    What is refused is written down; what the virus scanner refuses is kept in quarantine.
    """
    today = today or timezone.localdate()
    policy.require(actor, "document.add", customer.merchant.uid, customer.stage)
    if ubo is not None and ubo.customer_id != customer.pk:
        raise ValueError("the UBO belongs to another customer")
    try:
        prepared = prepare_document(
            customer.vault_key(),
            owner_kind=owner_kind(customer, ubo),
            ubo_email=ubo.email if ubo else "",
            doc_type=doc_type,
            content=content,
            filename=filename,
            doc_number=doc_number,
            doc_expire=doc_expire,
            doc_issued=doc_issued,
            today=today,
        )
        try:
            return _add(customer, ubo, prepared, actor, today)
        except BaseException:
            discard([prepared])
            raise
    except Refused as refused:
        note_turned_away(customer, ubo, doc_type, len(content), refused, actor)
        if isinstance(refused, Infected):
            quarantine_new(
                customer=customer,
                ubo=ubo,
                doc_type=doc_type,
                content=content,
                filename=filename,
                found=refused.found,
                actor=actor,
            )
        raise


@gives_way
def _add(customer: Customer, ubo: Ubo | None, prepared: Prepared, actor: User, today: date) -> Added:
    locked = Customer.objects.select_for_update().get(pk=customer.pk)
    customer.stage, customer.uid = locked.stage, locked.uid
    customer.made_by_id = locked.made_by_id
    added = save_prepared([(customer, ubo, prepared)], actor=actor, today=today)[0]
    # Judged from the row as it stands, not from what the caller read some time ago.
    refresh_stage(locked, today=today)
    customer.stage = locked.stage
    return added


def read_document(document: Document) -> bytes:
    """The file as it was handed in, byte for byte. Raises FileNotFoundError or CannotOpen."""
    return files.load(document.vault_key(), DOCUMENTS, document.pk, document.file)


def current_digests(customer_ids: Iterable[UUID]) -> dict[Slot, str]:
    """The content digests of the current documents of these customers; one query."""
    rows = Document.objects.filter(customer_id__in=list(customer_ids), is_current=True).values_list(
        "customer_id", "ubo_id", "doc_type", "content_digest"
    )
    return {(customer_id, ubo_id, doc_type): digest for customer_id, ubo_id, doc_type, digest in rows}


def _note_maker(customers: Iterable[Customer], actor: User) -> None:
    """Whoever hands in a document has changed what will be submitted."""
    others = {row.pk: row for row in customers if row.is_editable and row.made_by_id != actor.pk}
    if others:
        Customer.objects.filter(pk__in=list(others)).update(made_by=actor)
        for row in others.values():
            row.made_by = actor


def _refuse_unasked(items: Sequence[tuple[Customer, Ubo | None, Prepared]], today: date) -> None:
    """Refused for documents of submitted customers that no requirement asks for, and for all of those that
    were taken in from the exchange: nothing is ever sent to an account that somebody else made."""
    frozen = {customer.pk: customer for customer, _ubo, _prepared in items if not customer.is_editable}
    if not frozen:
        return
    rows = requirements_for_many(list(frozen.values()), today=today)
    problems = [
        _unasked(customer, prepared.doc_type, ubo.email if ubo else "")
        for customer, ubo, prepared in items
        if customer.pk in frozen
        and (
            customer.origin == Origin.EXCHANGE
            or not is_asked_for(rows[customer.pk], prepared.doc_type, ubo.email if ubo else "")
        )
    ]
    if problems:
        raise Refused(problems)


def _unasked(customer: Customer, doc_type: str, ubo_email: str) -> Problem:
    if customer.origin == Origin.EXCHANGE:
        message = _("The customer was not handed over here: its record is only read, and takes no documents.")
        remedy = _("Whoever handed it over to the exchange gives it documents there.")
    else:
        message = _("The customer was submitted already, and nobody asks for this document now.")
        remedy = _("It is wanted again if the exchange refuses the file or rejects the customer.")
    subject = document_subject(doc_type, ubo_email)
    return Problem("not_asked_for", subject, "doc_type", ERROR, message, remedy)


def _send_asked_for(new: Sequence[tuple[Document, Document | None]]) -> None:
    """What was asked for after the submission goes to the exchange as soon as its subject has a uid.

    What the virus scanner has not passed yet follows when it has (`kyc.scanning.rescanning`).
    """
    enqueue(
        upload_intent(document, replaces=before.pk if before else None)
        for document, before in new
        if not document.customer.is_editable and document.scan != Scan.PENDING
    )


def upload_intent(document: Document, *, replaces: UUID | None = None) -> NewIntent:
    """The intent to send this document. It waits until its subject has a uid at the exchange."""
    subject = document.ubo or document.customer
    return NewIntent(
        topic=Topic.UPLOAD,
        subject_id=document.pk,
        lane=document.customer_id,
        merchant_uid=document.customer.merchant.uid,
        is_ready=bool(subject.uid),
        order=UBO_ORDER if document.ubo_id else 0,
        replaces=replaces,
    )
