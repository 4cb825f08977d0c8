"""What blocks customers: what the outbox can't decide, rejections, doubts, and what drafts lack."""

import datetime
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policy import merchant_scope
from customers.choices import EntityType, Stage
from customers.models import Customer, CustomerQuerySet
from exchange.outbox.queries import waiting_for_staff
from kyc.requirements import Requirement
from portal.pages.drafts import LookedAt, newest_drafts
from portal.pages.overview.missing import COUNTED, drafts_without
from portal.pages.standing import Standing
from portal.pages.waiting.kinds import WaitingCounts, count_waiting, rejected_here
from portal.pages.waiting.queries import what_waits
from portal.pages.whose_move import open_rows

BLOCKERS_SHOWN = 7
# Up to here the documents that drafts lack are counted by the database. With 100,000 drafts on SQLite that
# took 1.4 s; above this the newest are judged, and the page says so.
COUNTED_DRAFTS_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Blocker:
    """How many customers one thing holds back.

    `query`: what its list is narrowed to; `is_waiting`: the list is that of what waits for staff, else of
    customers. `among`: only so many of the newest drafts were judged; 0: it is the count of all.
    """

    title: str
    customers: int
    query: dict[str, str]
    is_waiting: bool = False
    among: int = 0

    @property
    def address(self) -> str:
        return f"{reverse('waiting' if self.is_waiting else 'customers')}?{urlencode(self.query)}"


@dataclass(frozen=True, slots=True)
class Blockers:
    """`for_staff`: what a person here must move; `of_drafts`: what holds drafts, the commonest first."""

    for_staff: list[Blocker] = field(default_factory=list)
    of_drafts: list[Blocker] = field(default_factory=list)
    waiting: WaitingCounts = field(default_factory=WaitingCounts)
    # Not 0: warnings were looked for among so many of the newest drafts.
    among: int = 0


def work_out_blockers(*, user: User, standing: Standing, today: datetime.date) -> Blockers:
    """What blocks those whom `user` may see, who stand as `standing` says. A fixed number of queries."""
    customers = Customer.objects.visible_to(user).going_on()
    looked = newest_drafts(customers, today=today) if standing.drafts else LookedAt()
    among = len(looked.drafts) if looked.has_more else 0
    rejected = rejected_here(customers, standing)
    return Blockers(
        for_staff=_for_staff(customers, user, standing, rejected, looked.doubted, among),
        of_drafts=_of_drafts(customers, standing, looked, among, today),
        waiting=count_waiting(customers, user, standing, rejected, looked.doubted),
        among=among,
    )


def _for_staff(
    customers: CustomerQuerySet,
    user: User,
    standing: Standing,
    rejected: int,
    doubted: Collection[UUID],
    among: int,
) -> list[Blocker]:
    """Each with all whom it holds: somebody who is held by two stands in both numbers."""
    going_on = customers.filter(pk=OuterRef("lane_id"))
    stuck = waiting_for_staff(merchant_scope(user)).filter(Exists(going_on)).order_by()
    grouped = stuck.values_list("topic", "reason").annotate(count=Count("lane_id", distinct=True))
    rows = [
        Blocker(what_waits(topic, reason), count, {"what": "outbox", "topic": topic, "reason": reason}, True)
        for topic, reason, count in grouped.order_by("-count", "topic", "reason")
    ]
    if rejected:
        # Who was taken in from the exchange waits for nobody here; the list tells them apart one by one.
        others = {"waiting": "staff"} if rejected < standing.rejected else {}
        query = {"stage": Stage.REJECTED.value, **others}
        rows.append(Blocker(_("Rejected by the exchange"), rejected, query))
    if doubted:
        rows.append(
            Blocker(_("Warnings to judge"), len(doubted), {"stage": "draft", "needs": "warning"}, among=among)
        )
    return rows


def _of_drafts(
    customers: CustomerQuerySet, standing: Standing, looked: LookedAt, among: int, today: datetime.date
) -> list[Blocker]:
    judged, titles = _judged(looked)
    counts = [(code, count, among) for code, count in judged.items()]
    if among and standing.drafts <= COUNTED_DRAFTS_MAX:
        counted = drafts_without(
            customers.filter(stage=Stage.DRAFT).values("pk"),
            individuals=standing.counts.get((Stage.DRAFT, EntityType.INDIVIDUAL), 0),
            businesses=standing.counts.get((Stage.DRAFT, EntityType.BUSINESS), 0),
            today=today,
        )
        counts = [row for row in counts if row[0] not in COUNTED]
        counts += [(code, count, 0) for code, count in counted.items()]
    counts.sort(key=lambda row: (-row[1], row[0]))
    return [
        Blocker(titles.get(code) or _by_code(code), count, {"stage": "draft", "needs": code}, among=of)
        for code, count, of in counts[:BLOCKERS_SHOWN]
    ]


def _judged(looked: LookedAt) -> tuple[Counter[str], dict[str, str]]:
    """How many of those looked at are held by each code but warnings, and how it is called."""
    counts: Counter[str] = Counter()
    titles: dict[str, str] = {}
    for rows in looked.requirements.values():
        held_by = [
            row for row in open_rows(rows) if row.holds_submission and not row.code.startswith("warning:")
        ]
        counts.update({row.code for row in held_by})
        titles.update({row.code: _group_title(row) for row in held_by})
    return counts, titles


def _group_title(row: Requirement) -> str:
    """What all rows of this code have in common: documents by their name, the rest as the rule says it."""
    return _("Document: %(title)s") % {"title": row.title} if row.is_document else row.title


def _by_code(code: str) -> str:
    """The name of a document that none of the newest drafts lacks."""
    names = {
        "document:identity": _("Identity document"),
        "document:selfie": _("Selfie with the identity document"),
        "document:proof_of_address": _("Proof of address"),
    }
    return _("Document: %(title)s") % {"title": names.get(code, code.partition(":")[2])}
