"""What pages and commands show of the outbox. Every function runs a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Prefetch, QuerySet

from exchange.outbox.choices import OPEN_STATES, PERSON_STATES, IntentState
from exchange.outbox.database import now_ms, run, uuid_param
from exchange.outbox.enqueueing import in_chunks
from exchange.outbox.models import Attempt, Intent, Lane, moment

# What is done is counted too, and there may be very many of it.
ALL_STATES = tuple(IntentState)


@dataclass(frozen=True, slots=True)
class IntentRow:
    """The latest intent of a topic and subject."""

    id: UUID
    topic: str
    subject_id: UUID
    lane: UUID
    state: str
    reason: str
    error_code: str
    http_status: int | None
    is_ready: bool
    attempts_made: int
    generation: int
    due_at: datetime | None
    updated_at: datetime | None


def intents_of(lanes: Iterable[UUID]) -> list[IntentRow]:
    """The latest intent per topic and subject of these customers, closed ones too, in sending order."""
    latest: dict[tuple[str, UUID], IntentRow] = {}
    for chunk in in_chunks(list(lanes)):
        rows = (
            Intent.objects.filter(lane_id__in=chunk)
            .order_by("lane_id", "position", "generation", "created_ms")
            .values_list(
                *("id", "topic", "subject_id", "lane_id", "state", "reason", "error_code", "http_status"),
                *("is_ready", "attempts_made", "generation", "due_ms", "updated_ms"),
            )
        )
        for *plain, due_ms, updated_ms in rows:
            row = IntentRow(*[*plain, moment(due_ms), moment(updated_ms)])
            latest[row.topic, row.subject_id] = row
    return list(latest.values())


def history_of(lane: UUID) -> list[Intent]:
    """Every intent of a customer with its attempts (`intent.attempts.all()`), in the order of sending."""
    attempts = Prefetch("attempts", Attempt.objects.order_by("number"))
    return list(
        Intent.objects.filter(lane_id=lane)
        .order_by("position", "created_ms", "generation", "id")
        .prefetch_related(attempts)
    )


def counts(merchant_uids: Iterable[str] | None = None) -> dict[str, dict[str, int]]:
    """How many intents stand where: {topic: {state: count}}; of some merchants, or of all (None)."""
    intents = _of_merchants(merchant_uids)
    table: dict[str, dict[str, int]] = {}
    for topic, state, count in (
        intents.order_by().values_list("topic", "state").annotate(Count("id")).order_by("topic", "state")
    ):
        table.setdefault(topic, {})[state] = count
    return table


def waiting_for_staff(merchant_uids: Iterable[str] | None = None) -> QuerySet[Intent]:
    """What only a person can move: waiting for staff, and unknown; the longest waiting first."""
    return _of_merchants(merchant_uids).filter(state__in=PERSON_STATES).order_by("updated_ms", "id")


def reasons(merchant_uids: Iterable[str] | None = None) -> dict[tuple[str, str], int]:
    """How many wait for a person, by (topic, reason)."""
    rows = (
        _of_merchants(merchant_uids)
        .filter(state__in=PERSON_STATES)
        .order_by()
        .values_list("topic", "reason")
        .annotate(Count("id"))
    )
    return {(topic, reason): count for topic, reason, count in rows}


def oldest_due(merchant_uids: Iterable[str] | None = None) -> datetime | None:
    """Since when the longest due intent waits to be sent; None where nothing is due now."""
    lanes = Lane.objects.filter(due_ms__lte=now_ms())
    if merchant_uids is not None:
        lanes = lanes.filter(merchant_uid__in=list(merchant_uids))
    return moment(lanes.aggregate(Min("due_ms"))["due_ms__min"])


def open_count() -> int:
    """How many intents are not closed yet."""
    return Intent.objects.filter(state__in=OPEN_STATES).count()


def has_open(lane: UUID, topic: str) -> bool:
    """Whether the customer has an intent of this topic that is not closed."""
    # Asked after every upload, so without the detour over the ORM.
    return bool(
        run(
            "SELECT 1 FROM exchange_intent WHERE lane_id = %s AND topic = %s "
            "AND state NOT IN ('done', 'given_up') LIMIT 1",
            (uuid_param(lane), str(topic)),
        )
    )


def _of_merchants(merchant_uids: Iterable[str] | None) -> QuerySet[Intent]:
    intents = Intent.objects.all()
    return intents if merchant_uids is None else intents.filter(merchant_uid__in=list(merchant_uids))
