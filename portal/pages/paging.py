"""Pages of a list, newest first, by key: no counting, no skipping, every page as fast as the first."""

import base64
import binascii
import datetime
import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after the row with this time and id."""

    at: datetime.datetime
    id: uuid.UUID

    @classmethod
    def of(cls, row: Any) -> "Place":
        return cls(row.created_at, row.pk)

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """The place that `str(place)` wrote; None for anything else, which means the first page."""
        try:
            said, _, key = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
            at, pk = datetime.datetime.fromisoformat(said), uuid.UUID(key)
            # Within the first or last hours of all years the database's own conversion would overflow.
            return cls(at.astimezone(datetime.UTC), pk) if at.tzinfo else None
        except (ValueError, OverflowError, binascii.Error):
            return None

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at.isoformat()}|{self.id}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Slice:
    """One page: its rows, and where the next begins (None: this is the last)."""

    rows: list
    next: Place | None


def newest_first(queryset: QuerySet, *, after: Place | None) -> QuerySet:
    """`queryset` in order of (created_at, id), the newest first, from `after` on."""
    if after is not None:
        # Spelled so that the index (created_at, id) serves it on SQLite and PostgreSQL alike.
        queryset = queryset.filter(created_at__lte=after.at).exclude(
            Q(created_at=after.at) & Q(pk__gte=after.id)
        )
    return queryset.order_by("-created_at", "-pk")


def take_page(queryset: QuerySet, *, after: Place | None, size: int = PAGE_SIZE) -> Slice:
    """The page of `size` rows that follows `after`. One query: a row more than shown tells of a next page."""
    rows = list(newest_first(queryset, after=after)[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    return Slice(rows, Place.of(rows[-1]) if more else None)
