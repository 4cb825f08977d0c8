"""Intents are written in the transaction of the change that the exchange must know."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Q

from exchange.outbox.choices import (
    GOES_FIRST,
    LOOKS_FIRST,
    POSITIONS,
    REPLACEABLE_REASONS,
    UNKNOWN_REASONS,
    IntentState,
    Topic,
)
from exchange.outbox.database import now_ms, now_sql, run, true_sql, uuid_param
from exchange.outbox.doorbell import ring
from exchange.outbox.models import Intent, Lane
from exchange.outbox.together import Write
from exchange.outbox.turns import go_first, take_turns

# SQLite takes a limited number of parameters in one statement.
CHUNK = 500
Item = TypeVar("Item")
# What a restored database may have forgotten and be asked for anew. A payment reference that is asked for
# anew has a webhook address of its own: it was never sent.
_MAY_BE_FORGOTTEN = (Topic.CREATE, Topic.UPLOAD)


@dataclass(frozen=True, slots=True)
class NewIntent:
    """One thing to tell the exchange.

    `topic`: a Topic's value. `subject_id`: the customer's or the document's id. `lane`: the customer's id.
    `merchant_uid`: whose backlog it is. `is_ready`: False while its subject has no uid yet. `order`: within
    the topic, lower goes first (a UBO's documents: 1). `replaces`: the superseded version of the subject,
    whose intent is withdrawn if nothing of it reached the exchange.
    """

    topic: str
    subject_id: UUID
    lane: UUID
    merchant_uid: str
    is_ready: bool = True
    order: int = 0
    replaces: UUID | None = None


class OutsideTransaction(RuntimeError):
    """An intent must be written together with the change that it stands for."""


def enqueue(intents: Iterable[NewIntent]) -> int:
    """Write the intents in the caller's transaction, and ring the doorbell when it commits; how many.

    An intent that waits for staff with nothing done at the exchange makes way for a new generation.
    Raises OutsideTransaction; IntegrityError (`one_open_intent_per_subject`) where one is under way.
    """
    wanted = list(intents)
    if not connection.in_atomic_block:
        raise OutsideTransaction("enqueue needs the transaction of the change itself")
    if not wanted:
        return 0
    now = now_ms()
    ranks = _ranks(wanted)
    for chunk in in_chunks(wanted):
        _make_lanes(chunk, now, ranks)
        replaced = [new.replaces for new in chunk if new.replaces]
        if replaced:
            withdraw_intents(subject_ids=replaced)
        generations = _generations_after(chunk, now)
        Intent.objects.bulk_create(
            Intent(
                topic=new.topic,
                subject_id=new.subject_id,
                lane_id=new.lane,
                merchant_uid=new.merchant_uid,
                is_ready=new.is_ready,
                position=POSITIONS[Topic(new.topic)] + new.order,
                due_ms=now,
                generation=generations.get((new.topic, new.subject_id), 1),
                created_ms=now,
                updated_ms=now,
                **_looked_for_first(new),
            )
            for new in chunk
        )
    transaction.on_commit(ring)
    return len(wanted)


def open_intents(lane: UUID, subject_ids: Sequence[UUID] | None = None) -> int:
    """Make the lane's waiting intents claimable: all of them, or those of the given subjects; how many."""
    now, lane_param = now_sql(), uuid_param(lane)
    some, params = "", [lane_param]
    if subject_ids is not None:
        some = f"AND subject_id IN ({', '.join(['%s'] * len(subject_ids)) or 'NULL'})"
        params += [uuid_param(subject) for subject in subject_ids]
    opened = run(
        f"UPDATE exchange_intent SET is_ready = {true_sql()}, due_ms = {now}, updated_ms = {now} "
        f"WHERE lane_id = %s AND state = 'pending' AND NOT is_ready {some} RETURNING id",
        params,
    )
    if opened:
        run(
            f"UPDATE exchange_lane SET due_ms = {now} WHERE id = %s AND (due_ms IS NULL OR due_ms > {now})",
            [lane_param],
        )
    return len(opened)


def opening_of(lane: UUID, but: UUID) -> Write:
    """What `open_intents` writes, for a lane that is claimed, all but for one of its intents."""
    now = now_sql()
    return Write(
        f"UPDATE exchange_intent SET is_ready = {true_sql()}, due_ms = {now}, updated_ms = {now} "
        f"WHERE lane_id = %s AND state = 'pending' AND NOT is_ready AND id <> %s",
        (uuid_param(lane), uuid_param(but)),
    )


def withdraw_intents(
    lane: UUID | None = None, subject_ids: Sequence[UUID] | None = None, code: str = "withdrawn"
) -> int:
    """Give up what is pending, or waits for staff with nothing done there; how many.

    What is being sent and what is unknown stays: it may have happened.
    """
    mine = Intent.objects.filter(
        Q(state=IntentState.PENDING) | Q(state=IntentState.WAITING_FOR_STAFF, reason__in=REPLACEABLE_REASONS)
    )
    if lane is not None:
        mine = mine.filter(lane_id=lane)
    if subject_ids is not None:
        mine = mine.filter(subject_id__in=subject_ids)
    now = now_ms()
    return mine.update(
        state=IntentState.GIVEN_UP, is_ready=False, error_code=code, updated_ms=now, done_ms=now
    )


def in_chunks(items: Sequence[Item], size: int = CHUNK) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _looked_for_first(new: NewIntent) -> dict[str, object]:
    """After a restore it may have been sent and forgotten: every create is looked for before it is sent, and
    so is every upload whose customer has a uid."""
    epoch, topic = settings.RECOVERY_EPOCH_MS, Topic(new.topic)
    if epoch is None or topic not in _MAY_BE_FORGOTTEN or not new.is_ready:
        return {}
    return {
        "state": IntentState.UNKNOWN,
        "reason": UNKNOWN_REASONS[topic],
        "error_code": LOOKS_FIRST,
        "unknown_ms": epoch,
        "look_ms": now_ms(),
    }


def _ranks(wanted: Sequence[NewIntent]) -> dict[UUID, int]:
    """Whose turn each lane is, where it has something to do now."""
    urgent = {new.lane: new.merchant_uid for new in wanted if new.is_ready and new.topic in GOES_FIRST}
    others = {new.lane: new.merchant_uid for new in wanted if new.is_ready and new.lane not in urgent}
    ranks = take_turns(list(others.items()))
    return ranks | go_first(list(urgent.items())) if urgent else ranks


def _make_lanes(chunk: Sequence[NewIntent], now: int, ranks: Mapping[UUID, int]) -> None:
    merchants = {new.lane: new.merchant_uid for new in chunk}
    due = {new.lane for new in chunk if new.is_ready}
    # In one order everywhere, so that two submissions can't lock each other out.
    for is_due in (True, False):
        lanes = [
            Lane(
                id=lane,
                merchant_uid=merchants[lane],
                due_ms=now if is_due else None,
                rank=ranks.get(lane, 0),
            )
            for lane in sorted(merchants)
            if (lane in due) is is_due
        ]
        if is_due:
            Lane.objects.bulk_create(
                lanes, update_conflicts=True, unique_fields=["id"], update_fields=["due_ms", "rank"]
            )
        else:
            Lane.objects.bulk_create(lanes, ignore_conflicts=True)


def _generations_after(chunk: Sequence[NewIntent], now: int) -> dict[tuple[str, UUID], int]:
    """The next generation of each subject that has intents already; what they wait for is closed."""
    subjects, topics = {new.subject_id for new in chunk}, {new.topic for new in chunk}
    before = Intent.objects.filter(subject_id__in=subjects, topic__in=topics)
    known = {
        (topic, subject): generation + 1
        for topic, subject, generation in before.values_list("topic", "subject_id").annotate(
            Max("generation")
        )
    }
    if known:
        before.filter(state=IntentState.WAITING_FOR_STAFF, reason__in=REPLACEABLE_REASONS).update(
            state=IntentState.GIVEN_UP, error_code="submitted_again", updated_ms=now, done_ms=now
        )
    return known
