"""Who waits for staff, by what presses most. A customer is of one kind: it counts once and stands once."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.policy import merchant_scope
from customers.choices import Origin, Stage
from customers.models import CustomerQuerySet
from exchange.outbox.queries import waiting_for_staff
from portal.pages.standing import Standing


class Kind(models.TextChoices):
    """In the order of the page: whoever is of several kinds stands with the first."""

    OUTBOX = "outbox", _("The outbox can't go on by itself")
    REJECTED = "rejected", _("Rejected by the exchange")
    WARNINGS = "warnings", _("Warnings to judge")
    READY = "submit", _("Ready to submit")


@dataclass(frozen=True, slots=True)
class WaitingCounts:
    """How many customers are of each kind. `warnings` are counted among the drafts that were looked at."""

    outbox: int = 0
    rejected: int = 0
    warnings: int = 0
    ready: int = 0

    @property
    def total(self) -> int:
        return self.outbox + self.rejected + self.warnings + self.ready

    def of(self, kind: str) -> int:
        names = {Kind.OUTBOX: "outbox", Kind.REJECTED: "rejected", Kind.WARNINGS: "warnings"}
        return getattr(self, names.get(Kind(kind), "ready"))


def with_the_outbox(customers: CustomerQuerySet, user: User, reason: str = "", topic: str = "") -> QuerySet:
    """Those of `customers` with something to be told that only a person can move."""
    intents = waiting_for_staff(merchant_scope(user)).order_by()
    if reason:
        intents = intents.filter(reason=reason)
    if topic:
        intents = intents.filter(topic=topic)
    return customers.filter(pk__in=intents.values("lane_id"))


def of_kind(kind: Kind, customers: CustomerQuerySet, user: User, doubted: Collection[UUID]) -> QuerySet:
    """Those of `customers` that are of this kind. `doubted`: who has open warnings."""
    stuck = with_the_outbox(customers, user)
    if kind == Kind.OUTBOX:
        return stuck
    others = customers.exclude(pk__in=waiting_for_staff(merchant_scope(user)).order_by().values("lane_id"))
    if kind == Kind.WARNINGS:
        return others.filter(pk__in=list(doubted), stage=Stage.DRAFT)
    if kind == Kind.REJECTED:
        return others.filter(stage=Stage.REJECTED).exclude(origin=Origin.EXCHANGE)
    return others.filter(stage=Stage.COMPLETE)


def rejected_here(customers: CustomerQuerySet, standing: Standing) -> int:
    """How many of `customers` were rejected that a person here can do something about: whoever was taken in
    from the exchange was handed over elsewhere, and is mended there."""
    if not standing.rejected:
        return 0
    return standing.rejected - customers.filter(stage=Stage.REJECTED, origin=Origin.EXCHANGE).count()


def count_waiting(
    customers: CustomerQuerySet, user: User, standing: Standing, rejected: int, doubted: Collection[UUID]
) -> WaitingCounts:
    """Each of `customers`, who stand as `standing` says, counted once. Two queries, by index.

    `rejected`: as `rejected_here` counts them.
    """
    stuck = with_the_outbox(customers, user)
    by_stage = dict(stuck.order_by().values_list("stage").annotate(Count("pk")))
    both = stuck.filter(pk__in=list(doubted)).count() if doubted else 0
    return WaitingCounts(
        outbox=sum(by_stage.values()),
        rejected=rejected - by_stage.get(Stage.REJECTED, 0),
        warnings=len(doubted) - both,
        ready=standing.ready - by_stage.get(Stage.COMPLETE, 0),
    )
