"""The rules of a large pack are judged in processes of their own, beside the one that writes.

Judging is the larger half of an import's work, and pure: cells in, candidates out. A small pack is judged
where it is read, since a process takes half a second to start.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from datetime import date

from customers.models import Merchant
from kyc.pack.judging import Cells, Judgement, cells_of, take_judgement
from kyc.pack.judging_process import begin, judge_all
from kyc.pack.units import Unit

# Below so many customers a process does not pay for its start.
ROWS_FROM = 5_000
PROCESSES_MAX = 4

Payload = list[tuple[Cells, list[Cells]] | None]


class Judges:
    """Judges chunks of units, in order. A context manager: at its end no process is left."""

    def __init__(
        self, customers: int, *, merchants: Mapping[str, Merchant], default_merchant: Merchant, today: date
    ) -> None:
        self._merchants, self._default_merchant, self._today = merchants, default_merchant, today
        self._open = ExitStack()
        # One core is left to the process that reads and writes.
        self._processes = min(PROCESSES_MAX, (os.cpu_count() or 1) - 1) if customers >= ROWS_FROM else 0
        if multiprocessing.current_process().daemon:
            self._processes = 0  # such a process may have no children

    def __enter__(self) -> Judges:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._open.close()

    def judge(self, units: Sequence[Unit]) -> Sequence[Unit]:
        """Judge units here and now."""
        return self._take(units, judge_all(self._payload(units), self._today))

    def judged(self, chunks: Iterator[Sequence[Unit]]) -> Iterator[Sequence[Unit]]:
        """The chunks, judged, in their order; so many are under way as there are processes, and one more."""
        if not self._processes:
            yield from map(self.judge, chunks)
            return
        pool = self._open.enter_context(
            # Started afresh: a forked child would share this process's connection to the database.
            ProcessPoolExecutor(
                self._processes, mp_context=multiprocessing.get_context("spawn"), initializer=begin
            )
        )
        under_way: deque[tuple[Sequence[Unit], Future[list[Judgement | None]]]] = deque()
        try:
            for units in chunks:
                under_way.append((units, pool.submit(judge_all, self._payload(units), self._today)))
                if len(under_way) > self._processes + 1:
                    earliest, future = under_way.popleft()
                    yield self._take(earliest, future.result())
            while under_way:
                earliest, future = under_way.popleft()
                yield self._take(earliest, future.result())
        finally:
            for _units, future in under_way:
                future.cancel()

    def _payload(self, units: Sequence[Unit]) -> Payload:
        return [cells_of(unit) for unit in units]

    def _take(self, units: Sequence[Unit], judgements: Sequence[Judgement | None]) -> Sequence[Unit]:
        for unit, judgement in zip(units, judgements, strict=True):
            take_judgement(
                unit, judgement, merchants=self._merchants, default_merchant=self._default_merchant
            )
        return units
