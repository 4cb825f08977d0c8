"""What the list of customers shows: a page by key, each row with what comes next for it."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from customers.choices import OPEN_AT_EXCHANGE_STAGES, Stage
from customers.models import Customer, CustomerQuerySet
from customers.search import search_customers
from exchange.outbox.choices import PERSON_STATES
from exchange.outbox.models import Intent
from kyc.requirements import Requirement
from portal.pages.paging import PAGE_SIZE, Place, newest_first, take_page
from portal.pages.standing import ENDED, TOGETHER
from portal.pages.whose_move import Move, next_step, open_rows, requirements_for_list, whose_move

# What waits for whom is worked out, not stored: so many customers are looked at for one page, then the reader
# decides whether to look on.
LOOKED_AT_MAX = 600
_LOOK_STEP = 100


@dataclass(frozen=True, slots=True)
class Row:
    customer: Customer
    next_step: Requirement | None
    move: Move


@dataclass(frozen=True, slots=True)
class Listing:
    """One page. `next` is where the next begins; `looked_at` how many were looked at, if that was bounded."""

    rows: list[Row]
    next: Place | None
    looked_at: int | None = None


def list_customers(
    *, user: User, values: Mapping[str, str], after: Place | None, today: datetime.date
) -> Listing:
    """The page of customers that match the filters' `values` (see `CustomerFilters`), the newest first."""
    queryset = _narrowed(Customer.objects.visible_to(user).select_related("merchant"), values)
    if "waiting" in values or "needs" in values:
        return _look_through(queryset, values, after=after, today=today)
    page = take_page(queryset, after=after)
    return Listing(_rows(page.rows, today), page.next)


def _narrowed(queryset: CustomerQuerySet, values: Mapping[str, str]) -> QuerySet:
    stage = values.get("stage", "")
    if stage == ENDED:
        queryset = queryset.filter(ended_at__isnull=False)
    elif not values.get("q"):
        # Whoever is searched for is found, whether or not we have parted.
        queryset = queryset.going_on()
    if stage and stage != ENDED:
        queryset = queryset.filter(stage__in=TOGETHER.get(stage, (stage,)))
    if merchant := values.get("merchant"):
        queryset = queryset.filter(merchant__uid=merchant)
    if kind := values.get("kind"):
        queryset = queryset.filter(entity_type=kind)
    if country := values.get("country"):
        queryset = queryset.filter(
            Q(country=country) | Q(country_of_residence=country) | Q(business_profile__country=country)
        )
    if waiting := values.get("waiting"):
        queryset = queryset.filter(_may_wait_for(Move(waiting)))
    if needs := values.get("needs"):
        queryset = queryset.exclude(stage=Stage.VERIFIED)
        if needs == "submit" or needs.startswith("data:"):
            queryset = queryset.filter(stage__in=(Stage.DRAFT, Stage.COMPLETE))
    return search_customers(queryset, values.get("q", ""))


def _may_wait_for(move: Move) -> Q:
    """What a customer must be to wait for them at all: it spares looking at the others one by one."""
    for_a_person = Exists(Intent.objects.filter(lane_id=OuterRef("pk"), state__in=PERSON_STATES))
    if move == Move.EXCHANGE:
        return Q(stage__in=(Stage.SUBMITTED, *OPEN_AT_EXCHANGE_STAGES))
    if move == Move.STAFF:
        return Q(stage__in=(Stage.DRAFT, Stage.COMPLETE, Stage.REJECTED)) | Q(for_a_person)
    return Q(stage__in=(Stage.DRAFT, Stage.SUBMITTED, *OPEN_AT_EXCHANGE_STAGES))


def _rows(customers: Sequence[Customer], today: datetime.date) -> list[Row]:
    requirements = requirements_for_list(customers, today=today)
    return [
        Row(customer, next_step(requirements[customer.pk]), whose_move(requirements[customer.pk]))
        for customer in customers
    ]


def _look_through(
    queryset: QuerySet, values: Mapping[str, str], *, after: Place | None, today: datetime.date
) -> Listing:
    """A page of those for whom the worked-out part of the filters holds too."""
    found: list[Row] = []
    looked_at = 0
    for batch in _batches(queryset, after):
        requirements = requirements_for_list(batch, today=today)
        for customer in batch:
            rows = requirements[customer.pk]
            looked_at += 1
            if _matches(rows, values):
                found.append(Row(customer, next_step(rows), whose_move(rows)))
            if len(found) == PAGE_SIZE or looked_at == LOOKED_AT_MAX:
                return Listing(found, Place.of(customer), looked_at)
    return Listing(found, None)


def _batches(queryset: QuerySet, after: Place | None) -> Iterator[list[Customer]]:
    while batch := list(newest_first(queryset, after=after)[:_LOOK_STEP]):
        yield batch
        if len(batch) < _LOOK_STEP:
            return
        after = Place.of(batch[-1])


def _matches(rows: Sequence[Requirement], values: Mapping[str, str]) -> bool:
    if "waiting" in values and whose_move(rows) != values["waiting"]:
        return False
    needs = values.get("needs")
    # "warning" and "document" stand for all of their codes.
    return not needs or any(needs in (row.code, row.code.partition(":")[0]) for row in open_rows(rows))
