"""Merchants with their numbers."""

from dataclasses import dataclass

from django.db.models import Q

from accounts.models import User
from customers.choices import EDITABLE_STAGES, Stage
from customers.models import Customer, Merchant
from portal.pages.standing import Standing, standing_by_merchant

SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class MerchantRow:
    """One line of the list: the stages put together as the columns have them."""

    merchant: Merchant
    standing: Standing

    @property
    def total(self) -> int:
        return self.standing.total

    @property
    def not_submitted(self) -> int:
        return self.standing.at(*EDITABLE_STAGES)

    @property
    def on_the_way(self) -> int:
        return self.standing.at(Stage.SUBMITTED, Stage.AT_EXCHANGE)

    @property
    def in_review(self) -> int:
        return self.standing.at(Stage.DOCUMENTS_SENT)

    @property
    def verified(self) -> int:
        return self.standing.at(Stage.VERIFIED)

    @property
    def rejected(self) -> int:
        return self.standing.at(Stage.REJECTED)


def list_merchants(*, user: User, text: str = "") -> tuple[list[MerchantRow], bool]:
    """Merchants by name, at most 200, and whether there are more; `text` is part of a name, uid or e-mail."""
    merchants = Merchant.objects.visible_to(user)
    if text := text.replace("\x00", "").strip()[:100]:
        merchants = merchants.filter(Q(name__icontains=text) | Q(uid=text) | Q(email__istartswith=text))
    shown = list(merchants.order_by("-is_self", "name", "uid")[: SHOWN_MAX + 1])
    more, shown = len(shown) > SHOWN_MAX, shown[:SHOWN_MAX]
    standings = standing_by_merchant(Customer.objects.visible_to(user).filter(merchant__in=shown))
    return [MerchantRow(merchant, standings.get(merchant.pk, Standing())) for merchant in shown], more


def merchant_standing(merchant: Merchant) -> Standing:
    return standing_by_merchant(Customer.objects.filter(merchant=merchant)).get(merchant.pk, Standing())
