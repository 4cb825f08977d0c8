"""The list of intents: a page by key, each row with whose it is, what it waits for and since when."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.policy import may, merchant_scope
from customers.models import Customer
from exchange.outbox.choices import IntentState, Reason, Topic
from exchange.outbox.database import now_ms
from exchange.outbox.groups import LATELY_MS, Group, group_of, in_groups
from exchange.outbox.models import Intent, moment
from portal.pages.customer.sent import titles_of
from portal.pages.paging import PAGE_SIZE, Place
from portal.pages.sync.filters import DONE_LATELY, groups_of

_ENDED = (Group.DONE, Group.GIVEN_UP)


@dataclass(frozen=True, slots=True)
class Row:
    """One intent in words. `about`: the document; `next_at`: when it is due, where that is ahead.

    `sees_customer`: whether the reader may; who runs the technical side alone is told no names.
    """

    intent: Intent
    customer: Customer
    sees_customer: bool
    title: str
    about: str
    group: Group
    reason: str
    since: datetime.datetime | None
    next_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Listing:
    rows: list[Row]
    next: Place | None


def list_intents(*, user: User, values: Mapping[str, str], after: Place | None) -> Listing:
    """The page of intents that match the filters' `values`: who waits longest first, what ended last first.

    Four queries, none of them a count.
    """
    now = now_ms()
    groups = groups_of(values.get("state", ""))
    intents = in_groups(_visible_intents(user), groups, now)
    for name, field in (("topic", "topic"), ("reason", "reason"), ("merchant", "merchant_uid")):
        if value := values.get(name):
            intents = intents.filter(**{field: value})
    if values.get("state") == DONE_LATELY:
        intents = intents.filter(done_ms__gt=now - LATELY_MS)
    has_ended = all(group in _ENDED for group in groups)
    found = list(_in_order(intents, after, has_ended)[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    more = len(found) > PAGE_SIZE
    return Listing(_rows(shown, user, now), _place(shown[-1], has_ended) if more else None)


def _visible_intents(user: User) -> QuerySet[Intent]:
    scope = merchant_scope(user, "sync.view")
    return Intent.objects.all() if scope is None else Intent.objects.filter(merchant_uid__in=scope)


def _in_order(intents: QuerySet[Intent], after: Place | None, has_ended: bool) -> QuerySet[Intent]:
    field = "done_ms" if has_ended else "updated_ms"
    if has_ended:
        # Said aloud, or the index of what has ended is not used.
        intents = intents.filter(done_ms__isnull=False)
    if after is not None:
        at = round(after.at.timestamp() * 1000)
        beyond, edge = ("lt", "lte") if has_ended else ("gt", "gte")
        # Spelled so that an index by the time serves it.
        intents = intents.filter(**{f"{field}__{edge}": at}).filter(
            Q(**{f"{field}__{beyond}": at}) | Q(**{f"pk__{beyond}": after.id})
        )
    sign = "-" if has_ended else ""
    return intents.order_by(f"{sign}{field}", f"{sign}pk")


def _place(intent: Intent, has_ended: bool) -> Place:
    at = moment(intent.done_ms if has_ended else intent.updated_ms)
    assert at is not None  # the order is by it
    return Place(at, intent.pk)


def _rows(intents: list[Intent], user: User, now: int) -> list[Row]:
    customers = (
        Customer.objects.visible_to(user, "sync.view")
        .select_related("merchant")
        .in_bulk({intent.lane_id for intent in intents})
    )
    titles = titles_of(intents, user)
    return [
        row_of(intent, customers[intent.lane_id], titles.get(intent.subject_id, ""), now, user)
        for intent in intents
        if intent.lane_id in customers
    ]


def row_of(intent: Intent, customer: Customer, about: str, now: int, user: User) -> Row:
    """An intent in words, at `now` (epoch milliseconds by the database's clock)."""
    group = group_of(intent, now)
    is_ahead = intent.state == IntentState.PENDING and intent.is_ready and not intent.is_held
    return Row(
        intent=intent,
        customer=customer,
        sees_customer=may(user, "customer.view", intent.merchant_uid),
        title=str(Topic(intent.topic).label),
        about=about,
        group=group,
        reason=str(Reason(intent.reason).label) if intent.reason else "",
        since=moment(intent.done_ms) if group in _ENDED else intent.updated_at,
        next_at=intent.due_at if is_ahead else None,
    )
