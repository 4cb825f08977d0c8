"""What waits for staff: doubts to judge, customers to submit, what the outbox can't decide by itself."""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field

from accounts.models import User
from accounts.policy import merchant_scope
from customers.choices import Stage
from customers.models import Customer
from exchange.outbox.choices import Reason
from exchange.outbox.queries import reasons, waiting_for_staff
from kyc.models import Document
from kyc.requirements import Requirement
from kyc.scanning.rescanning import waiting_for_scanner
from portal.pages.customer.sent import SentIntent, described, titles_of
from portal.pages.paging import newest_first
from portal.pages.proposals.queries import Decided, Proposed, decided_for, proposals_for
from portal.pages.whose_move import requirements_for_list

# Drafts are judged one by one to find the open warnings: so many, then the page says that there are more.
DRAFTS_LOOKED_AT = 300
SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class Doubted:
    customer: Customer
    warnings: list[Requirement]


@dataclass(slots=True)
class Stuck:
    """One intent that only a person can move, and whose it is."""

    sent: SentIntent
    customer: Customer


@dataclass(slots=True)
class StuckGroup:
    """What waits for the same reason: in plain words what happened, and what to do or to ask the exchange."""

    title: str
    remedy: str
    count: int
    rows: list[Stuck] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Waiting:
    """`*_count` count all, the lists hold the first. Doubts are counted among the drafts looked at."""

    proposals: list[Proposed]
    proposal_count: int
    decided: list[Decided]
    stuck: list[StuckGroup]
    stuck_count: int
    doubted: list[Doubted]
    doubted_count: int
    drafts_looked_at: int
    has_more_drafts: bool
    ready: list[Customer]
    ready_count: int
    rejected: list[Customer]
    rejected_count: int
    unscanned: list[Customer]
    unscanned_count: int

    @property
    def is_empty(self) -> bool:
        return not (
            self.proposals or self.stuck or self.doubted or self.ready or self.rejected or self.unscanned
        )


def waiting(*, user: User, today: datetime.date) -> Waiting:
    """Everything that waits for staff among what `user` may see, in a fixed number of queries."""
    customers = Customer.objects.visible_to(user).going_on().select_related("merchant")
    proposals, proposal_count = proposals_for(user)
    doubted, looked_at, has_more = _doubted(customers, today)
    stuck = _stuck(user)
    ready = customers.filter(stage=Stage.COMPLETE)
    rejected = customers.filter(stage=Stage.REJECTED)
    # A scanner that answers takes minutes at most: what stands here for longer is a matter for who runs it.
    held = Document.objects.filter(waiting_for_scanner()).values("customer")
    unscanned = customers.filter(pk__in=held)
    return Waiting(
        proposals=proposals,
        proposal_count=proposal_count,
        decided=decided_for(user),
        stuck=stuck,
        stuck_count=sum(group.count for group in stuck),
        doubted=doubted[:SHOWN_MAX],
        doubted_count=len(doubted),
        drafts_looked_at=looked_at,
        has_more_drafts=has_more,
        ready=list(newest_first(ready, after=None)[:SHOWN_MAX]),
        ready_count=ready.count(),
        rejected=list(newest_first(rejected, after=None)[:SHOWN_MAX]),
        rejected_count=rejected.count(),
        unscanned=list(unscanned.order_by("created_at", "pk")[:SHOWN_MAX]),
        unscanned_count=unscanned.count(),
    )


def _doubted(customers, today: datetime.date) -> tuple[list[Doubted], int, bool]:
    drafts = list(newest_first(customers.filter(stage=Stage.DRAFT), after=None)[: DRAFTS_LOOKED_AT + 1])
    looked_at = drafts[:DRAFTS_LOOKED_AT]
    requirements = requirements_for_list(looked_at, today=today)
    found = []
    for customer in looked_at:
        warnings = [
            row for row in requirements[customer.pk] if row.code.startswith("warning:") and not row.is_done
        ]
        if warnings:
            found.append(Doubted(customer, warnings))
    return found, len(looked_at), len(drafts) > len(looked_at)


def _stuck(user: User) -> list[StuckGroup]:
    """By reason, the longest waiting first; at most fifty intents in all, each group with its whole count."""
    scope = merchant_scope(user)
    intents = list(waiting_for_staff(scope)[:SHOWN_MAX])
    if not intents:
        return []
    customers = (
        Customer.objects.visible_to(user).select_related("merchant").in_bulk({i.lane_id for i in intents})
    )
    titles = titles_of(intents, user)
    counts: dict[str, int] = defaultdict(int)
    for (_topic, reason), count in reasons(scope).items():
        counts[reason] += count
    groups: dict[str, StuckGroup] = {}
    for intent in intents:
        customer = customers.get(intent.lane_id)
        if customer is None:
            continue
        sent = described(intent, titles.get(intent.subject_id, ""), customer, user=user)
        group = groups.get(intent.reason) or groups.setdefault(
            intent.reason, StuckGroup(*_words(intent.reason, sent), counts[intent.reason])
        )
        group.rows.append(Stuck(sent, customer))
    return list(groups.values())


def _words(reason: str, sent: SentIntent) -> tuple[str, str]:
    if reason not in Reason.values:
        return sent.label, ""
    return str(Reason(reason).label), Reason(reason).remedy
