"""Reading a whole list of the exchange, whatever its order and however rows shift meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from exchange.client import ExchangeError, Outcome, Page, ReplyTooLarge

log = logging.getLogger(__name__)

# The largest page of its lists of customers; what is asked for at the least where its answers are too large.
PAGE_ROWS, LEAST_ROWS = 1000, 50
# Passes over the list until every row was seen; more than that, and the list is not to be had whole now.
MOST_PASSES = 6
# Without a total to reach, so many passes in a row that bring nobody new.
QUIET_PASSES = 2
# No list has so many pages; a server that never ends one must not hold us for ever.
MOST_PAGES = 10_000
# A page may be asked for again where the answer was lost: reading changes nothing.
MOST_ASKS = 4

Row = TypeVar("Row")
# Page number and limit -> that page.
ListPage = Callable[[int, int], Page[Row]]


@dataclass(slots=True)
class Listing(Generic[Row]):
    """Every row that was seen, by its key. `is_whole`: none was missed. `calls`: pages asked for.
    `unreadable`: rows without a key, which nobody can tell apart."""

    rows: dict[str, Row] = field(default_factory=dict)
    is_whole: bool = False
    calls: int = 0
    unreadable: int = 0


def read_list(
    list_page: ListPage[Row], key: Callable[[Row], str], page_rows: int = PAGE_ROWS
) -> Listing[Row]:
    """Read pages until as many distinct rows were seen as the list says it has (002:2051 ff, 3053).

    Rows may come twice, in any order, and shift between pages: they go by their `key`. A total that is not
    reached, since it moved or rows were missed, has the list read again, by pages of the size that the server
    gives: it may give fewer rows than it was asked for and count its pages by what was asked for. Where the
    total counts rows twice, or there is none, pass after pass must bring nobody new. A list of which fewer
    rows than its total were served is never whole. Raises ExchangeError where a page can't be had.
    """
    found: Listing[Row] = Listing()
    limit, quiet = page_rows, 0
    for _ in range(MOST_PASSES):
        known = len(found.rows)
        try:
            one = _pass(list_page, key, limit, found)
        except ReplyTooLarge:
            if limit <= LEAST_ROWS:
                raise
            limit = max(LEAST_ROWS, limit // 4)
            continue
        found.unreadable = one.unreadable
        quiet = quiet + 1 if known and len(found.rows) == known else 0
        found.is_whole = _is_whole(one, len(found.rows), quiet)
        if found.is_whole:
            return found
        if one.is_short and one.first_page:
            limit = min(limit, one.first_page)
    log.warning("list_not_whole rows=%s calls=%s", len(found.rows), found.calls)
    return found


@dataclass(slots=True)
class _Pass:
    """One reading of the list: the total it named last, whether that moved, the rows of its first page, its
    pages with rows, all rows, and those without a uid."""

    total: int | None = None
    first_page: int = 0
    has_moved: bool = False
    pages: int = 0
    read: int = 0
    unreadable: int = 0

    @property
    def is_short(self) -> bool:
        """Fewer rows were served than the list says it has: whoever was not served may be anybody."""
        return self.total is not None and self.read < self.total


def _is_whole(one: _Pass, distinct: int, quiet: int) -> bool:
    if one.is_short:
        return False
    if one.pages <= 1:
        return True  # one answer is one moment's list
    if one.total is None:
        return quiet >= QUIET_PASSES
    # Nothing is ever deleted there: as many as there were at the end are all that there were.
    return distinct + one.unreadable == one.total or (quiet > QUIET_PASSES and not one.has_moved)


def _pass(list_page: ListPage[Row], key: Callable[[Row], str], limit: int, found: Listing[Row]) -> _Pass:
    """Read the list once to its end."""
    one = _Pass()
    for page in range(1, MOST_PAGES):
        answer = _asked(list_page, page, limit, found)
        if answer.total is not None:
            one.has_moved |= one.total not in (None, answer.total)
            one.total = answer.total
        found.rows.update((key(row), row) for row in answer.rows)
        rows = len(answer.rows) + answer.unreadable
        one.first_page = one.first_page or rows
        one.read += rows
        one.unreadable += answer.unreadable
        one.pages += rows > 0
        # Only an empty page ends a list without a total: a server may serve fewer rows than asked for.
        if rows == 0 or (answer.total is not None and one.read >= answer.total):
            break
    return one


def _asked(list_page: ListPage[Row], page: int, limit: int, found: Listing[Row]) -> Page[Row]:
    for ask in range(1, MOST_ASKS + 1):
        found.calls += 1
        try:
            return list_page(page, limit)
        except ReplyTooLarge:
            raise
        except ExchangeError as error:
            if ask == MOST_ASKS or error.outcome is not Outcome.UNKNOWN:
                raise
    raise AssertionError("unreachable")
