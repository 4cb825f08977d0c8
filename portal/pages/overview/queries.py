"""What the overview shows: how many stand where, whose move it is, what blocks them."""

import datetime
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

from django.core.cache import cache
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policy import merchant_scope
from customers.choices import Stage
from customers.models import Customer, Merchant
from portal.pages.paging import newest_first
from portal.pages.standing import MerchantRow, Standing, standing_by_merchant, sum_of
from portal.pages.whose_move import Move, open_rows, requirements_for_list, whose_move

# What blocks is worked out customer by customer: so many drafts are looked at, the answer is kept so long.
DRAFTS_LOOKED_AT = 300
BLOCKERS_KEPT_SECONDS = 15
BLOCKERS_SHOWN = 7
MERCHANTS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Blocker:
    """How many customers one requirement holds back."""

    code: str
    title: str
    customers: int


@dataclass(frozen=True, slots=True)
class Blockers:
    """What holds the drafts, the commonest first; `looked_at` of them were looked at."""

    rows: list[Blocker] = field(default_factory=list)
    looked_at: int = 0
    with_warnings: int = 0
    waiting_for_customer: int = 0


@dataclass(frozen=True, slots=True)
class Overview:
    standing: Standing
    merchants: list[MerchantRow]
    merchants_more: bool
    blockers: Blockers


def overview(*, user: User, today: datetime.date) -> Overview:
    """The numbers of everything `user` may see; one grouped query for the standing, whatever there is."""
    by_merchant = standing_by_merchant(Customer.objects.visible_to(user).going_on())
    standing = sum_of(by_merchant.values())
    busiest = sorted(by_merchant, key=lambda pk: by_merchant[pk].total, reverse=True)[:MERCHANTS_SHOWN]
    merchants = Merchant.objects.in_bulk(busiest)
    return Overview(
        standing=standing,
        merchants=[MerchantRow(merchants[pk], by_merchant[pk]) for pk in busiest],
        merchants_more=len(by_merchant) > len(busiest),
        blockers=_blockers(user, today) if standing.drafts else Blockers(),
    )


def _blockers(user: User, today: datetime.date) -> Blockers:
    key = _cache_key(user, today)
    blockers = cache.get(key)
    if blockers is None:
        blockers = work_out_blockers(user=user, today=today)
        cache.set(key, blockers, BLOCKERS_KEPT_SECONDS)
    return blockers


def _cache_key(user: User, today: datetime.date) -> str:
    """Users who see the same merchants share an answer."""
    scope = merchant_scope(user)
    seen = "all" if scope is None else sha256("\n".join(sorted(scope)).encode()).hexdigest()
    return f"blockers:{seen}:{today}:{get_language()}"


def work_out_blockers(*, user: User, today: datetime.date) -> Blockers:
    """What holds the newest drafts. A customer counts once for each code that holds it."""
    drafts = Customer.objects.visible_to(user).going_on().filter(stage=Stage.DRAFT).select_related("merchant")
    looked_at = list(newest_first(drafts, after=None)[:DRAFTS_LOOKED_AT])
    counts: Counter[str] = Counter()
    titles: dict[str, str] = {}
    with_warnings = waiting_for_customer = 0
    for rows in requirements_for_list(looked_at, today=today).values():
        held_by = [row for row in open_rows(rows) if row.holds_submission]
        counts.update({row.code for row in held_by})
        titles.update({row.code: _group_title(row.code, row.title) for row in held_by})
        with_warnings += any(row.code.startswith("warning:") for row in held_by)
        waiting_for_customer += whose_move(rows) == Move.CUSTOMER
    commonest = [Blocker(code, titles[code], count) for code, count in counts.most_common(BLOCKERS_SHOWN)]
    return Blockers(commonest, len(looked_at), with_warnings, waiting_for_customer)


def _group_title(code: str, title: str) -> str:
    """What all rows of this code have in common: documents by their name, the rest as the rule says it."""
    if code.startswith("document:"):
        return _("Document: %(title)s") % {"title": title}
    return title
