"""What waits for a second person, in words, with what the reader can do about it."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.four_eyes import MATTERS, handler_of
from accounts.models import Decision, Proposal, User
from accounts.policy import may
from accounts.proposals import known_to, may_decide
from customers.models import Customer

SHOWN_MAX = 50
LATELY = datetime.timedelta(days=14)
DECIDED_SHOWN_MAX = 10


@dataclass(frozen=True, slots=True)
class Proposed:
    """One open proposal. `why_not`: why the reader can't decide it. `customer` only where they may see it.

    `has_lapsed`: what it was about has changed; it can only be taken back or refused.
    """

    proposal: Proposal
    title: str
    customer: Customer | None
    has_lapsed: bool
    may_decide: bool
    may_withdraw: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class Decided:
    proposal: Proposal
    title: str
    reference: str
    decision: Decision


def proposals_for(
    user: User, *, customer_id: UUID | None = None, subject_id: UUID | None = None
) -> tuple[list[Proposed], int]:
    """The first fifty open proposals that `user` may know of, and how many there are in all.

    Of one customer, or about one subject, where that is given.
    """
    rows = known_to(user).filter(decision="")
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    if subject_id is not None:
        rows = rows.filter(subject_id=subject_id)
    shown = list(rows[: SHOWN_MAX + 1])
    count = len(shown) if len(shown) <= SHOWN_MAX else rows.count()
    return _told(shown[:SHOWN_MAX], user), count


def decided_for(user: User) -> list[Decided]:
    """What became of the proposals that `user` made and somebody else decided lately, the newest first."""
    since = timezone.now() - LATELY
    rows = (
        Proposal.objects.filter(made_by=user, decided_at__gt=since)
        .exclude(decided_by=user)
        .select_related("decided_by")
        .order_by("-decided_at")[:DECIDED_SHOWN_MAX]
    )
    references = dict(
        Customer.objects.visible_to(user)
        .filter(pk__in=[row.customer_id for row in rows if row.customer_id])
        .values_list("pk", "reference")
    )
    return [
        Decided(
            row,
            str(MATTERS[row.action].label),
            references.get(row.customer_id, "") if row.customer_id else "",
            Decision(row.decision),
        )
        for row in rows
    ]


def _told(rows: list[Proposal], user: User) -> list[Proposed]:
    titles = _titles(rows)
    ids = {row.customer_id for row in rows if row.customer_id}
    customers = Customer.objects.visible_to(user).select_related("merchant").in_bulk(list(ids)) if ids else {}
    return [
        Proposed(
            proposal=row,
            title=titles.get(row.pk) or str(MATTERS[row.action].label),
            customer=customers.get(row.customer_id) if row.customer_id else None,
            has_lapsed=row.pk not in titles,
            may_decide=may_decide(row, user),
            may_withdraw=row.made_by_id == user.pk,
            why_not=_why_not(row, user),
        )
        for row in rows
    ]


def _titles(rows: Iterable[Proposal]) -> dict[UUID, str]:
    by_action: dict[str, list[Proposal]] = defaultdict(list)
    for row in rows:
        by_action[row.action].append(row)
    titles: dict[UUID, str] = {}
    for action, alike in by_action.items():
        titles |= handler_of(action).titles(alike)
    return titles


def _why_not(row: Proposal, user: User) -> str:
    if row.made_by_id == user.pk:
        return _("You proposed this, so somebody else has to decide it.")
    if row.subject_id == user.pk:
        return _("This is about yourself, so somebody else has to decide it.")
    if not may(user, row.action, row.merchant_uid or None):
        return _("Your roles don't let you decide this.")
    return ""
