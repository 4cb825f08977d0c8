"""What the outbox holds, and each thing in it that needs a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from customers.models import Customer, Ubo
from exchange.outbox import queries
from exchange.outbox.choices import IntentState, Reason, Topic
from exchange.outbox.enqueueing import in_chunks
from exchange.outbox.models import Intent, Orphan
from kyc.models import Document


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits for a person, or was sent with an unknown outcome.

    `reference`: the customer's. `ubo_email`, `doc_type`: "" where it is not about one. `state`: the intent's.
    `is_flagged`: the document may be missing or doubled at the exchange. `code`: the exchange's or ours.
    """

    reference: str
    ubo_email: str
    topic: str
    doc_type: str
    reason: str
    state: str
    code: str = ""
    is_flagged: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """`counts`: {topic: {state: count}}. `orphans`: accounts there that no customer here is bound to."""

    counts: dict[str, dict[str, int]]
    items: list[Item]
    orphans: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def outbox_status(merchant_uids: Sequence[str] | None = None) -> Status:
    """The whole status, of some merchants or of all (None). Queries grow with what needs a person only."""
    return Status(
        counts=queries.counts(merchant_uids),
        items=sorted(
            _items(merchant_uids),
            key=lambda item: (item.reference, item.topic, item.ubo_email, item.doc_type),
        ),
        orphans=list(_orphans(merchant_uids)),
    )


def _items(merchant_uids: Sequence[str] | None) -> Iterator[Item]:
    waiting = list(queries.waiting_for_staff(merchant_uids))
    flagged = Document.objects.filter(is_flagged=True)
    if merchant_uids is not None:
        flagged = flagged.filter(customer__merchant__uid__in=list(merchant_uids))
    doubtful = set(flagged.values_list("pk", flat=True))
    uploads = {intent.subject_id for intent in waiting if intent.topic == Topic.UPLOAD}
    documents = _documents(uploads | doubtful)
    references = _references({intent.lane_id for intent in waiting})
    for intent in waiting:
        if intent.topic != Topic.UPLOAD:
            yield _item(intent, references.get(intent.lane_id, ""))
        elif intent.subject_id not in doubtful:
            reference, ubo_email, doc_type = documents.get(intent.subject_id, ("", "", ""))
            yield _item(intent, reference, ubo_email, doc_type)
    yield from _flagged(doubtful, documents)


def _flagged(doubtful: set[UUID], documents: dict[UUID, tuple[str, str, str]]) -> Iterator[Item]:
    """Each flagged document once, with the state of its latest upload."""
    latest: dict[UUID, Intent] = {}
    for chunk in in_chunks(list(doubtful)):
        for intent in Intent.objects.filter(topic=Topic.UPLOAD, subject_id__in=chunk).order_by("generation"):
            latest[intent.subject_id] = intent
    for pk in doubtful:
        last = latest.get(pk)
        waits = last is not None and last.state == IntentState.WAITING_FOR_STAFF
        reference, ubo_email, doc_type = documents[pk]
        yield Item(
            reference=reference,
            ubo_email=ubo_email,
            topic=Topic.UPLOAD.value,
            doc_type=doc_type,
            reason=last.reason if waits and last else Reason.UPLOAD_OUTCOME_UNKNOWN.value,
            state=last.state if last else "",
            code=last.error_code if waits and last else "",
            is_flagged=True,
        )


def _item(intent: Intent, reference: str, ubo_email: str = "", doc_type: str = "") -> Item:
    return Item(reference, ubo_email, intent.topic, doc_type, intent.reason, intent.state, intent.error_code)


def _documents(ids: set[UUID]) -> dict[UUID, tuple[str, str, str]]:
    """Reference, UBO's e-mail and type of each document."""
    found: dict[UUID, tuple[str, str, str]] = {}
    for chunk in in_chunks(list(ids)):
        rows = Document.objects.filter(pk__in=chunk)
        emails = dict(
            Ubo.objects.filter(pk__in=rows.values_list("ubo_id", flat=True)).values_list("pk", "email")
        )
        for pk, reference, ubo_id, doc_type in rows.values_list(
            "pk", "customer__reference", "ubo_id", "doc_type"
        ):
            found[pk] = (reference, emails.get(ubo_id, ""), doc_type)
    return found


def _references(ids: set[UUID]) -> dict[UUID, str]:
    found: dict[UUID, str] = {}
    for chunk in in_chunks(list(ids)):
        found |= dict(Customer.objects.filter(pk__in=chunk).values_list("pk", "reference"))
    return found


def _orphans(merchant_uids: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    orphans = Orphan.objects.order_by("merchant_uid", "uid")
    if merchant_uids is not None:
        orphans = orphans.filter(merchant_uid__in=list(merchant_uids))
    for row in orphans.values("uid", "merchant_uid", "kind", "custom_id", "reference"):
        yield dict(row)
