"""A whole list, whatever its order, its total and its rows that shift."""

import random

import pytest

from exchange.client import CustomerRow, Page
from exchange.outbox import scanning
from exchange.outbox.scanning import read_list as read_keyed_list


def read_list(pages):
    return read_keyed_list(pages, lambda found: found.uid)


def row(uid):
    return CustomerRow(uid, None, None, None, None, None, None, {})


class List:
    """A list of so many rows, served in pages. `grow`: rows that appear with every page; `hidden`: counted by
    its total and never served; `by_asked`: its pages begin where those of the asked size would."""

    def __init__(
        self, count, *, order="asc", total=True, page_rows=10, grow=0, doubled=0, hidden=0, by_asked=False
    ):
        self.hidden, self.by_asked = hidden, by_asked
        self.uids = [str(number) for number in range(count)]
        self.order, self.total, self.page_rows, self.grow, self.doubled = (
            order,
            total,
            page_rows,
            grow,
            doubled,
        )
        self.chance = random.Random(3)
        self.asked = 0

    def __call__(self, page, limit):
        self.asked += 1
        uids = [*self.uids, *self.uids[: self.doubled]]
        if self.order == "random":
            self.chance.shuffle(uids)
        elif self.order == "desc":
            uids.reverse()
        rows = min(limit, self.page_rows)
        start = (page - 1) * (limit if self.by_asked else rows)
        part = uids[start : start + rows]
        total = len(uids) + self.hidden if self.total else None
        self.uids += [f"new-{self.asked}-{number}" for number in range(self.grow)]
        return Page(tuple(map(row, part)), page, rows, total)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("count", [0, 1, 10, 11, 35])
def test_every_row_is_seen(order, total, count):
    listing = read_list(List(count, order=order, total=total))
    assert (len(listing.rows), listing.is_whole) == (count, True)


def test_one_answer_is_whole_with_one_call():
    pages = List(9)
    assert read_list(pages).is_whole
    assert pages.asked == 1


def test_a_list_in_no_order_is_read_until_every_uid_was_seen():
    listing = read_list(List(25, order="random"))
    assert (len(listing.rows), listing.is_whole) == (25, True)


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_rows_that_appear_while_it_is_read_are_read_too_or_it_is_read_again(order):
    pages = List(25, grow=1, order=order)
    listing = read_list(pages)
    assert {str(number) for number in range(25)} <= listing.rows.keys()


def test_rows_that_are_listed_twice_do_not_keep_a_list_from_being_whole():
    listing = read_list(List(25, doubled=2))
    assert (len(listing.rows), listing.is_whole) == (25, True)


def test_without_passes_in_no_order_rows_are_missed(monkeypatch):
    """The guard has teeth: one pass alone misses rows and says so."""
    monkeypatch.setattr(scanning, "MOST_PASSES", 1)
    listing = read_list(List(25, order="random"))
    assert len(listing.rows) < 25
    assert not listing.is_whole


@pytest.mark.parametrize("count", [8, 15])
def test_a_list_that_serves_fewer_rows_than_its_total_is_never_whole(count):
    """Absence is proved by it: whoever was not served may be the very one."""
    listing = read_list(List(count, hidden=5))
    assert (len(listing.rows), listing.is_whole) == (count, False)


@pytest.mark.parametrize("count", [11, 35])
def test_a_server_that_gives_fewer_rows_and_counts_pages_by_what_was_asked_is_read_whole(count):
    listing = read_list(List(count, by_asked=True))
    assert (len(listing.rows), listing.is_whole) == (count, True)
