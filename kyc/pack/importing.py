"""The import: each unit of a pack enters whole, or is left out whole and reported.

    survey the pack → for each part: judge, seal → compare with what is known → look at the files → write

A large one without documents is imported by two processes that take turns (`kyc.pack.turns`).
Killed at any moment and run again, it takes up where it was: a reference that is there is compared, not
written again.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from customers.choices import Origin
from customers.register import prepare
from exchange.client import ExchangeClient
from kyc.pack.columns import CUSTOMERS, DOCUMENTS
from kyc.pack.comparing import compare, find_existing
from kyc.pack.entering import enter
from kyc.pack.filing import file_documents, take_back
from kyc.pack.foretelling import foretell
from kyc.pack.gathering import gather, gather_strays, parts_of
from kyc.pack.judging import judge_unit, read_documents
from kyc.pack.merchants import find_merchants
from kyc.pack.opening import Pack
from kyc.pack.places import Places
from kyc.pack.releasing import release
from kyc.pack.tally import Tally
from kyc.pack.turns import take_in_turns
from kyc.pack.units import Unit
from kyc.pack.unreadable import PackUnreadable

# Customers from which on a second process is worth its start.
WORTH_A_PROCESS = 5_000
# Pillow, AES and SHA-256 release the interpreter's lock, and the disk's syncs wait side by side.
WORKERS = min(8, 2 + (os.cpu_count() or 1))


class Report(Protocol):
    def add(self, unit: Unit) -> None: ...


@dataclass(frozen=True, slots=True)
class Options:
    """`merchant_uid`: for rows that name none. `accept_warnings`: the reason, where they are accepted."""

    actor: User
    merchant_uid: str = ""
    is_dry: bool = False
    submits: bool = False
    accept_warnings: str = ""
    today: date = field(default_factory=timezone.localdate)


@dataclass(slots=True)
class Taken:
    """What became of one part of a pack, so many `customers` of it."""

    customers: int
    tally: Tally = field(default_factory=Tally)
    rejected: list[Unit] = field(default_factory=list)


def import_pack(
    pack: Pack,
    options: Options,
    *,
    make_client: Callable[[], ExchangeClient],
    report: Report | None = None,
    surveyed: Callable[[Places], None] = lambda places: None,
    tick: Callable[[int], None] = lambda customers: None,
) -> Tally:
    """Import a pack. PackUnreadable, with nothing changed, where it can't be read or used as a whole.

    `make_client` is asked for a client when the pack names merchants that are not known. `surveyed` is
    called when the whole pack was read and its rows are counted, `tick` after each part.
    """
    tally = Tally()
    with _many_rows(), Places(options.merchant_uid) as places, ThreadPoolExecutor(WORKERS) as workers:
        places.survey(pack)
        if not any(places.counts.values()):
            raise PackUnreadable(_("The pack holds no rows."), _("Write them below the header."))
        merchants, default = find_merchants(
            places.merchant_uids,
            default_uid=options.merchant_uid,
            actor=options.actor,
            is_dry=options.is_dry,
            make_client=make_client,
        )
        surveyed(places)
        parts = parts_of(places)

        def judge(units: Sequence[Unit]) -> Sequence[Unit]:
            for unit in units:
                judge_unit(unit, merchants=merchants, default_merchant=default, today=options.today)
            return units

        def ready(number: int) -> Sequence[Unit]:
            units = judge(gather(pack, places, parts[number]))
            if not options.is_dry:
                _seal(units)
            return units

        def take(units: Sequence[Unit]) -> Taken:
            taken = Taken(len(units))
            while units:
                units = judge(_take(units, pack, places, options, workers, taken))
            return taken

        def add(taken: Taken) -> None:
            tally.add(taken.tally)
            for unit in taken.rejected:
                if report is not None:
                    report.add(unit)
            tick(taken.customers)

        # In a dry run a part is compared with what the parts before it would have become, which one knows; of
        # documents most of the work is done in turns.
        is_apart = not options.is_dry and not places.counts[DOCUMENTS]
        is_large = places.counts[CUSTOMERS] >= WORTH_A_PROCESS
        places.let_go()
        take_in_turns(len(parts), ready, take, add, beside=is_large and is_apart)
        for units in gather_strays(pack, places):
            add(take(judge(units)))
    return tally


@contextmanager
def _many_rows() -> Iterator[None]:
    """Rows come and go by the thousand and hold no cycles: looking for those is a sixth of the time."""
    collections = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*collections)


def _seal(units: Sequence[Unit]) -> None:
    """Seal those who can be registered, as far as their rows tell; who is there already uses none of it."""
    for unit in units:
        candidate = unit.candidate
        if candidate and candidate.merchant and not candidate.has_errors and not unit.has_errors:
            unit.new = prepare(candidate, origin=Origin.PACK)
            unit.new.seal()


def _take(
    units: Sequence[Unit],
    pack: Pack,
    places: Places,
    options: Options,
    workers: Executor,
    taken: Taken,
) -> list[Unit]:
    """A judged chunk, to its results. Those whom somebody else registered meanwhile are handed back."""
    tally = taken.tally
    find_existing(units)
    for unit in units:
        read_documents(unit)
    between = compare(units, places if options.is_dry else None)
    again = [unit.anew() for unit in between]
    if between:
        units = [unit for unit in units if not any(unit is other for other in between)]
    try:
        file_documents(pack, units, today=options.today, is_dry=options.is_dry, workers=workers)
    except BaseException:
        for unit in units:
            take_back(unit)
        raise
    # From here on a failure may have come after the commit: stored files are left to the sweep.
    if options.is_dry:
        foretell(units, tally, accepts_warnings=bool(options.accept_warnings))
    else:
        entered = enter(units, tally, actor=options.actor, today=options.today)
        release(
            entered,
            tally,
            actor=options.actor,
            today=options.today,
            submits=options.submits,
            accept_warnings=options.accept_warnings,
        )
        again += entered.again
    for unit in units:
        if unit.has_errors:
            tally.reject(unit)
            taken.rejected.append(unit.with_faults())
    return again
