"""What the overview shows: how many stand where, whose move it is, what blocks them."""

import datetime
from dataclasses import dataclass
from hashlib import sha256

from django.utils.translation import get_language

from accounts.models import User
from accounts.policy import merchant_scope
from customers.models import Customer, Merchant
from exchange.kept import kept
from portal.pages.overview.blockers import Blockers, work_out_blockers
from portal.pages.standing import MerchantRow, Standing, standing_by_merchant, sum_of

# What blocks is worked out customer by customer: the answer is kept so long.
BLOCKERS_KEPT_SECONDS = 15
MERCHANTS_SHOWN = 8


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
        blockers=_blockers(user, standing, today) if standing.total else Blockers(),
    )


def _blockers(user: User, standing: Standing, today: datetime.date) -> Blockers:
    return kept(
        _cache_key(user, today),
        BLOCKERS_KEPT_SECONDS,
        lambda: work_out_blockers(user=user, standing=standing, today=today),
    )


def _cache_key(user: User, today: datetime.date) -> str:
    """Users who see the same merchants share an answer."""
    scope = merchant_scope(user)
    seen = "all" if scope is None else sha256("\n".join(sorted(scope)).encode()).hexdigest()
    return f"blocked:{seen}:{today}:{get_language()}"
