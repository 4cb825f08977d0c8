"""Submitting: the record is frozen and everything the exchange must know is written, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.four_eyes import SecondPersonNeeded, eyes_on, lapse_of_customers
from accounts.models import User
from accounts.roles import Eyes
from customers.choices import Stage
from customers.contention import gives_way
from customers.makers import own_of
from customers.models import Customer
from exchange.outbox import NewIntent, enqueue, withdraw_intents
from exchange.outbox.choices import OPEN_STATES, Topic
from kyc.canonical import canonical_digest
from kyc.documents import upload_intent
from kyc.models import Document
from kyc.records import Record, load_records
from kyc.requirements import Requirement, requirements, requirements_of
from kyc.stages import refresh_stage, set_stages

# Customers that are judged and frozen in one transaction: long enough to be quick, short enough to let
# other writers in.
CHUNK = 100


class NotReady(Exception):
    """The customer can't be submitted: `requirements` hold it; none if it was submitted before."""

    def __init__(self, held_by: Sequence[Requirement] = ()) -> None:
        self.requirements = list(held_by)
        super().__init__(", ".join(row.code for row in self.requirements) or "submitted already")


class CannotThaw(Exception):
    """The customer exists at the exchange, or may: its data can't be changed any more."""


@dataclass(slots=True)
class Submissions:
    """What became of many: `submitted` were frozen now, `held` by which rows, `already` had been before.

    `own`: nothing holds them but that the actor had a hand in them, so that somebody else must submit them.
    """

    submitted: list[Customer] = field(default_factory=list)
    held: dict[UUID, list[Requirement]] = field(default_factory=dict)
    already: list[Customer] = field(default_factory=list)
    own: list[Customer] = field(default_factory=list)


def can_submit(customer: Customer, *, today: date | None = None) -> bool:
    """Whether nothing holds the customer's submission."""
    if not customer.is_editable:
        return False
    rows = requirements(customer, today=today or timezone.localdate())
    return not any(row.holds_submission for row in rows)


def submit_for_onboarding(*, customer: Customer, actor: User, today: date | None = None) -> None:
    """Freeze the customer and write all its intents.

    Raises NotReady with what holds it, SecondPersonNeeded where the actor had a hand in it.
    """
    result = submit_many([customer], actor=actor, today=today)
    if result.own:
        raise SecondPersonNeeded(own_change())
    if not result.submitted:
        raise NotReady(result.held.get(customer.pk, ()))


def own_change() -> str:
    """Why somebody can't submit a customer themselves."""
    return _("You had a hand in this customer, its data or its documents, so somebody else has to submit it.")


def submit_many(
    customers: Iterable[Customer], *, actor: User, today: date | None = None, by_command: bool = False
) -> Submissions:
    """Submit those of the customers that nothing holds; what became of each.

    A hundred customers a transaction, each in a fixed number of queries: killed half-way and called again,
    it goes on with the rest.
    """
    today = today or timezone.localdate()
    result = Submissions()
    for chunk in _chunks(list(customers)):
        for merchant_uid in set(_merchant_uids(chunk)):
            policy.require(actor, "customer.submit", merchant_uid)
        done = _submit_chunk(chunk, actor, today, by_command)
        result.submitted += done.submitted
        result.held |= done.held
        result.already += done.already
        result.own += done.own
    return result


@gives_way
def thaw(*, customer: Customer, reason: str, actor: User) -> None:
    """Bring a submitted customer that the exchange turned down back to draft, so that it can be mended.

    `reason` is a code such as `rejected_by_exchange`. Its uploads are withdrawn; the intent to create it
    stays where it waits, since it tells what the exchange said, and makes way for the next submission's.
    Raises CannotThaw when the customer has a uid.
    """
    locked = Customer.objects.select_for_update().get(pk=customer.pk)
    if locked.is_editable:
        return
    if locked.uid is not None or locked.stage != Stage.SUBMITTED:
        raise CannotThaw(f"customer {customer.pk} is {locked.stage}")
    uploads = list(Document.objects.filter(customer=customer).values_list("pk", flat=True))
    withdraw_intents(lane=customer.pk, subject_ids=uploads)
    was = locked.submitted_digest
    stage_was = str(locked.stage)
    changes = {
        **{"stage": Stage.DRAFT, "submitted_digest": "", "updated_at": timezone.now()},
        # Whoever mends it now is its maker (`customers.makers`), and another one submits it.
        **{"submitted_by": None, "submitted_eyes": ""},
    }
    Customer.objects.filter(pk=customer.pk).update(**changes)
    for name, value in changes.items():
        setattr(customer, name, value)
    audit.record(
        actor=actor,
        action="customer.thaw",
        subject_type="customer",
        subject_id=customer.pk,
        customer_id=customer.pk,
        merchant_uid=customer.merchant.uid,
        reason=reason,
        details={"submitted_digest": was},
        changes={"stage": (stage_was, Stage.DRAFT.value)},
    )
    refresh_stage(customer)


def holding(rows: Iterable[Requirement]) -> list[Requirement]:
    """The rows that hold a submission."""
    return [row for row in rows if row.holds_submission]


@gives_way
def _submit_chunk(chunk: Sequence[Customer], actor: User, today: date, by_command: bool) -> Submissions:
    result = Submissions()
    # Whoever changes a customer takes this lock too: what is judged here is what is frozen.
    locked = {
        row.pk: row
        for row in Customer.objects.select_for_update(of=("self",))
        .select_related("merchant")
        .filter(pk__in=[customer.pk for customer in chunk])
        .order_by("pk")
    }
    records = load_records([customer for customer in locked.values() if customer.is_editable])
    rows = requirements_of(records, today=today)
    good: list[Record] = []
    for customer in chunk:
        record = records.get(customer.pk)
        if record is None:
            result.already.append(locked.get(customer.pk, customer))
        elif held_by := holding(rows[customer.pk]):
            result.held[customer.pk] = held_by
        else:
            good.append(record)
    eyes = _eyes_on(good, actor, by_command)
    ready = [record for record in good if record.customer.pk in eyes]
    own = {record.customer.pk for record in good if record.customer.pk not in eyes}
    set_stages([records[pk].customer for pk in (*result.held, *own)], rows)
    _freeze(ready, actor, eyes)
    by_id = {record.customer.pk: record.customer for record in ready}
    for customer in chunk:
        if customer.pk in by_id:
            _copy(by_id[customer.pk], customer)
            result.submitted.append(customer)
        elif customer.pk in result.held or customer.pk in own:
            customer.stage = locked[customer.pk].stage
            if customer.pk in own:
                result.own.append(customer)
    return result


def _eyes_on(records: Sequence[Record], actor: User, by_command: bool) -> dict[UUID, Eyes]:
    """How many eyes will have seen each when `actor` submits it; who needs another person is left out."""
    customers = [record.customer for record in records]
    # The machine is nobody's second person: whose each is, is not asked for it.
    own = set() if actor.is_machine else own_of(customers, actor)
    eyes = {}
    for customer in customers:
        maker_id = actor.pk if customer.pk in own else customer.made_by_id
        with suppress(SecondPersonNeeded):
            eyes[customer.pk] = eyes_on(
                "customer.submit", maker_id=maker_id, actor=actor, by_command=by_command
            )
    return eyes


_FROZEN_FIELDS = (
    "stage", "submitted_at", "submitted_by", "submitted_eyes", "submitted_digest", "updated_at",
)  # fmt: skip


def _copy(source: Customer, target: Customer) -> None:
    for name in _FROZEN_FIELDS:
        setattr(target, name, getattr(source, name))


def _freeze(records: Sequence[Record], actor: User, eyes: Mapping[UUID, Eyes]) -> None:
    if not records:
        return
    now = timezone.now()
    alike = {"stage": Stage.SUBMITTED, "submitted_at": now, "submitted_by": actor, "updated_at": now}
    customers = [record.customer for record in records]
    stages = {customer.pk: str(customer.stage) for customer in customers}
    for record in records:
        for name, value in alike.items():
            setattr(record.customer, name, value)
        record.customer.submitted_eyes = eyes[record.customer.pk]
        record.customer.submitted_digest = canonical_digest(record.customer, record.ubos, record.profile)
    # The digest is each one's own; what is alike is cheaper said once.
    Customer.objects.bulk_update(customers, ["submitted_digest"])
    for seen_by in set(eyes.values()):
        alike_ids = [customer.pk for customer in customers if customer.submitted_eyes == seen_by]
        Customer.objects.filter(pk__in=alike_ids).update(**alike, submitted_eyes=seen_by)
    lapse_of_customers([customer.pk for customer in customers], actor=actor)
    audit.record_many(_entry(record, stages[record.customer.pk], actor) for record in records)
    for record in records:
        if any(intent.state in OPEN_STATES for intent in record.intents):
            withdraw_intents(lane=record.customer.pk, code="submitted_again")
    enqueue([intent for record in records for intent in _intents(record)])


def _entry(record: Record, stage_was: str, actor: User) -> audit.AuditEntry:
    customer = record.customer
    return audit.entry(
        actor=actor,
        action="customer.submit",
        subject_type="customer",
        subject_id=customer.pk,
        customer_id=customer.pk,
        merchant_uid=customer.merchant.uid,
        changes={"stage": (stage_was, Stage.SUBMITTED.value)},
        details={
            "submitted_digest": customer.submitted_digest,
            "version": customer.version,
            "eyes": str(customer.submitted_eyes),
            "documents": [str(document.pk) for document in record.documents],
        },
    )


def _intents(record: Record) -> Iterator[NewIntent]:
    """Customer, reference, its documents, its UBOs' documents; all but the first wait for a uid."""
    customer = record.customer
    merchant_uid = customer.merchant.uid
    for topic, is_ready in ((Topic.CREATE, True), (Topic.SET_CUSTOM_ID, False)):
        yield NewIntent(topic, customer.pk, customer.pk, merchant_uid, is_ready=is_ready)
    ubos = {ubo.pk: ubo for ubo in record.ubos}
    for document in record.documents:
        if document.ubo_id:
            document.ubo = ubos[document.ubo_id]
        yield upload_intent(document)


def _merchant_uids(customers: Iterable[Customer]) -> Iterator[str]:
    return (customer.merchant.uid for customer in customers)


def _chunks(customers: Sequence[Customer]) -> Iterator[Sequence[Customer]]:
    for start in range(0, len(customers), CHUNK):
        yield customers[start : start + CHUNK]
