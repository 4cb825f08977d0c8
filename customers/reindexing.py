"""Keyed indexes under a new version of the portal's keys: computed anew from the sealed values of their row.

Done while everything runs, and in any number of goes. Why none is missed and none left:
`vault.index_versions`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, Model, Q

from customers.contention import gives_way
from customers.indexes import INDEXES, indexes_of
from customers.models import Customer, Ubo
from vault.envelope import CannotOpen
from vault.index_versions import first_written, newest_written, writing

BATCH = 500
# The index columns of a row and their values under one version.
Indexes = Mapping[str, str]


def indexes_by_version(model: type[Model], columns: Sequence[str]) -> Counter[int]:
    """How many rows that have any index are indexed under which version of PORTAL_KEYS."""
    found: Counter[int] = Counter()
    rows = model._default_manager.filter(_has_any(columns)).order_by()
    for version, count in rows.values_list("index_version").annotate(count=Count("pk")):
        found[first_written() if version is None else version] += count
    return found


def reindex(
    model: type[Model],
    columns: Sequence[str],
    compute: Callable[[Any, int], Indexes],
    note: Callable[[int], None],
) -> tuple[int, list[UUID]]:
    """Compute the indexes of a model's rows anew under the version that is written under by now.

    How many were under an older one (none before a first rotation), and whose values do not open. `compute`
    says what they are under a version; `note` is told how many within the transaction of each batch.
    """
    done, shut = 0, list[UUID]()
    version = newest_written()
    if version is None:
        return done, shut
    for rows in _older(model, columns, version):
        now, closed = _reindexed(model, rows, compute, note)
        done, shut = done + now, shut + closed
    return done, shut


def people_by_version() -> Counter[int]:
    """How many customers and beneficial owners are indexed under which version."""
    return indexes_by_version(Customer, INDEXES) + indexes_by_version(Ubo, INDEXES)


def reindex_people(note: Callable[[int], None]) -> tuple[int, list[UUID]]:
    """The same of customers and beneficial owners. Call `write_under_newest` first."""
    customers, shut = reindex(Customer, INDEXES, _of_person, note)
    ubos, closed = reindex(Ubo, INDEXES, _of_person, note)
    return customers + ubos, shut + closed


def _of_person(person: Customer | Ubo, version: int) -> Indexes:
    return indexes_of(person.phone_number, person.id_number, version)


@gives_way
def _reindexed(
    model: type[Model],
    rows: Sequence[Any],
    compute: Callable[[Any, int], Indexes],
    note: Callable[[int], None],
) -> tuple[int, list[UUID]]:
    # Asked anew for each batch: of two rotations to different versions, the older one's batches end before
    # the newer one looks for what is older, or are refused.
    done, shut, version = 0, list[UUID](), writing().version
    for row in rows:
        try:
            indexes = compute(row, version)
        except CannotOpen:
            shut.append(row.pk)
            continue
        # Only where it still is as it was read: whoever changed it meanwhile has indexed what it is now.
        as_read = (
            Q(index_version__isnull=True) if row.index_version is None else Q(index_version=row.index_version)
        )
        done += model._default_manager.filter(as_read, pk=row.pk).update(**indexes, index_version=version)
    if done:
        note(done)
    return done, shut


def _older(model: type[Model], columns: Sequence[str], version: int) -> Iterator[list[Any]]:
    """The rows that are under an older version, by id; each batch is read when it is its turn."""
    rows = (
        model._default_manager.filter(_has_any(columns))
        .filter(Q(index_version__isnull=True) | Q(index_version__lt=version))
        .order_by("pk")
    )
    if model is not Customer:
        rows = rows.select_related("customer")
    last: UUID | None = None
    while batch := list((rows if last is None else rows.filter(pk__gt=last))[:BATCH]):
        yield batch
        last = batch[-1].pk


def _has_any(columns: Sequence[str]) -> Q:
    found = Q()
    for column in columns:
        found |= ~Q(**{column: ""})
    return found
