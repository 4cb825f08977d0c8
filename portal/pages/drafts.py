"""The newest drafts, judged one by one: what holds them is not stored, so only so many are looked at."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import QuerySet

from customers.choices import Stage
from customers.models import Customer
from kyc.requirements import Requirement
from portal.pages.paging import newest_first
from portal.pages.whose_move import open_rows, requirements_for_list

DRAFTS_LOOKED_AT = 300


@dataclass(frozen=True, slots=True)
class LookedAt:
    """`drafts` with the requirements of each; `has_more`: there are older ones that were not looked at."""

    drafts: list[Customer] = field(default_factory=list)
    requirements: dict[UUID, list[Requirement]] = field(default_factory=dict)
    has_more: bool = False

    @property
    def doubted(self) -> list[UUID]:
        """The ids of those with a warning that nobody judged yet."""
        return [pk for pk, rows in self.requirements.items() if open_warnings(rows)]


def newest_drafts(customers: QuerySet[Customer], *, today: datetime.date) -> LookedAt:
    """The newest 300 drafts among `customers`, judged in a fixed number of queries."""
    drafts = customers.filter(stage=Stage.DRAFT).select_related("merchant")
    found = list(newest_first(drafts, after=None)[: DRAFTS_LOOKED_AT + 1])
    looked_at = found[:DRAFTS_LOOKED_AT]
    return LookedAt(looked_at, requirements_for_list(looked_at, today=today), len(found) > len(looked_at))


def open_warnings(rows: Sequence[Requirement]) -> list[Requirement]:
    return [row for row in open_rows(rows) if row.code.startswith("warning:")]
