"""The import: each unit of a pack enters whole, or is left out whole and reported.

    survey the pack → for each chunk: judge → compare with what is known → look at the files → write

Killed at any moment and run again, it takes up where it was: a reference that is there is compared, not
written again.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from exchange.client import ExchangeClient
from kyc.pack.columns import CUSTOMERS
from kyc.pack.comparing import compare, find_existing
from kyc.pack.entering import enter
from kyc.pack.filing import file_documents, take_back
from kyc.pack.foretelling import foretell
from kyc.pack.gathering import gather
from kyc.pack.judges import judges
from kyc.pack.judging import judge_unit, read_documents
from kyc.pack.merchants import find_merchants
from kyc.pack.opening import Pack
from kyc.pack.places import Places
from kyc.pack.releasing import release
from kyc.pack.tally import Tally
from kyc.pack.units import Unit
from kyc.pack.unreadable import PackUnreadable

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
    called when the whole pack was read and its rows are counted, `tick` after each chunk.
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

        def judge(units: Sequence[Unit]) -> Sequence[Unit]:
            for unit in units:
                judge_unit(unit, merchants=merchants, default_merchant=default, today=options.today)
            return units

        known = [*merchants.values(), default]
        customers, prepares = places.counts[CUSTOMERS], not options.is_dry
        with judges(judge, known, customers=customers, prepares=prepares) as judged:
            surveyed(places)
            for units in _ahead(map(judged, gather(pack, places))):
                left = units
                while left:
                    left = judge(_take(left, pack, places, options, workers, tally, report))
                tick(len(units))
    return tally


@contextmanager
def _many_rows() -> Iterator[None]:
    """Rows come and go by the thousand and hold no cycles: looking for those is a sixth of the time. And who
    waited for the database is not to wait long for the thread that reads ahead."""
    collections, turn = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(100_000, 20, 100)
    sys.setswitchinterval(0.001)
    try:
        yield
    finally:
        gc.set_threshold(*collections)
        sys.setswitchinterval(turn)


def _ahead(chunks: Iterator[Sequence[Unit]]) -> Iterator[Sequence[Unit]]:
    """The chunks; each is read and judged in a thread while the one before it waits for the database."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, chunks, None)
        while (units := coming.result()) is not None:
            coming = reader.submit(next, chunks, None)
            yield units


def _take(
    units: Sequence[Unit],
    pack: Pack,
    places: Places,
    options: Options,
    workers: Executor,
    tally: Tally,
    report: Report | None,
) -> list[Unit]:
    """A judged chunk, to its results. Those whom somebody else registered meanwhile are handed back."""
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
            if report is not None:
                report.add(unit)
    return again
