"""How many customers stand where: one grouped query, whatever is made of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from customers.choices import EDITABLE_STAGES, OPEN_AT_EXCHANGE_STAGES, EntityType, Stage
from customers.models import Merchant

# Stages that are counted together, by the name that a list's filter has for them.
TOGETHER: dict[str, tuple[Stage, ...]] = {
    "open": tuple(stage for stage in Stage if stage not in (Stage.VERIFIED, Stage.REJECTED)),
    "not_submitted": EDITABLE_STAGES,
    "with_exchange": (Stage.SUBMITTED, *OPEN_AT_EXCHANGE_STAGES),
    "on_the_way": (Stage.SUBMITTED, Stage.AT_EXCHANGE),
}
# A list's filter of those with whom we have parted, wherever they stood; nowhere else are they counted.
ENDED = "ended"
TOGETHER_LABELS = {
    "open": _("Open: not verified, not rejected"),
    "not_submitted": _("Not submitted"),
    "with_exchange": _("With the exchange"),
    "on_the_way": _("On the way"),
}


@dataclass(slots=True)
class Standing:
    """Numbers of customers by stage and kind."""

    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, stage: str, kind: str, count: int) -> None:
        self.counts[stage, kind] = self.counts.get((stage, kind), 0) + count

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def at(self, *stages: str) -> int:
        """How many stand at any of `stages`."""
        return sum(count for (stage, _), count in self.counts.items() if stage in stages)

    def of(self, kind: str) -> int:
        return sum(count for (_, of_kind), count in self.counts.items() if of_kind == kind)

    @property
    def individuals(self) -> int:
        return self.of(EntityType.INDIVIDUAL)

    @property
    def businesses(self) -> int:
        return self.of(EntityType.BUSINESS)

    @property
    def drafts(self) -> int:
        return self.at(Stage.DRAFT)

    @property
    def ready(self) -> int:
        return self.at(Stage.COMPLETE)

    @property
    def open(self) -> int:
        return self.at(*TOGETHER["open"])

    @property
    def not_submitted(self) -> int:
        return self.at(*TOGETHER["not_submitted"])

    @property
    def with_exchange(self) -> int:
        return self.at(*TOGETHER["with_exchange"])

    @property
    def on_the_way(self) -> int:
        return self.at(*TOGETHER["on_the_way"])

    @property
    def in_review(self) -> int:
        return self.at(Stage.DOCUMENTS_SENT)

    @property
    def verified(self) -> int:
        return self.at(Stage.VERIFIED)

    @property
    def rejected(self) -> int:
        return self.at(Stage.REJECTED)

    @property
    def rows(self) -> list["StageRow"]:
        """One row per stage, in the order of the way; stages that nobody is at, too."""
        return [
            StageRow(
                stage,
                self.counts.get((stage, EntityType.INDIVIDUAL), 0),
                self.counts.get((stage, EntityType.BUSINESS), 0),
            )
            for stage in Stage
        ]

    @property
    def widest(self) -> int:
        return max((row.total for row in self.rows), default=0)


@dataclass(frozen=True, slots=True)
class StageRow:
    stage: Stage
    individuals: int
    businesses: int

    @property
    def total(self) -> int:
        return self.individuals + self.businesses


@dataclass(frozen=True, slots=True)
class MerchantRow:
    """One merchant and where its customers stand."""

    merchant: Merchant
    standing: Standing


def standing_by_merchant(customers: QuerySet) -> dict[UUID, Standing]:
    """The standing of each merchant that has customers among `customers`, by the merchant's id."""
    by_merchant: dict[UUID, Standing] = {}
    # The order is cleared: a default order would join the grouping.
    grouped = customers.order_by().values_list("merchant_id", "stage", "entity_type").annotate(Count("pk"))
    for merchant_id, stage, kind, count in grouped:
        by_merchant.setdefault(merchant_id, Standing()).add(stage, kind, count)
    return by_merchant


def standing_of(customers: QuerySet) -> Standing:
    """The standing of all of `customers` together; one grouped query."""
    return sum_of(standing_by_merchant(customers).values())


def sum_of(standings: Iterable[Standing]) -> Standing:
    """All of them together."""
    total = Standing()
    for standing in standings:
        for (stage, kind), count in standing.counts.items():
            total.add(stage, kind, count)
    return total
