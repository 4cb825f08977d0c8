"""Merchants with their numbers."""

from django.db.models import Q

from accounts.models import User
from customers.models import Customer, Merchant
from portal.pages.standing import MerchantRow, Standing, standing_by_merchant

SHOWN_MAX = 200


def list_merchants(*, user: User, text: str = "") -> tuple[list[MerchantRow], bool]:
    """Merchants by name, at most 200, and whether there are more; `text` is part of a name, uid or e-mail."""
    merchants = Merchant.objects.visible_to(user)
    if text := text.replace("\x00", "").strip()[:100]:
        merchants = merchants.filter(Q(name__icontains=text) | Q(uid=text) | Q(email__istartswith=text))
    shown = list(merchants.order_by("-is_self", "name", "uid")[: SHOWN_MAX + 1])
    more, shown = len(shown) > SHOWN_MAX, shown[:SHOWN_MAX]
    standings = standing_by_merchant(Customer.objects.visible_to(user).going_on().filter(merchant__in=shown))
    return [MerchantRow(merchant, standings.get(merchant.pk, Standing())) for merchant in shown], more


def merchant_standing(merchant: Merchant) -> Standing:
    return standing_by_merchant(Customer.objects.filter(merchant=merchant, ended_at__isnull=True)).get(
        merchant.pk, Standing()
    )
