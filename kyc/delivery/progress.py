"""How far the delivery is: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from exchange.outbox import queries
from exchange.outbox.choices import CLOSED_STATES, PERSON_STATES

BAR_SECONDS, LINE_SECONDS = 0.5, 5.0


@contextmanager
def show_progress(out: Any) -> Iterator[Callable[[], None]]:
    """What to call now and then; it counts and shows, as often as that is worth it."""
    if not (hasattr(out, "isatty") and out.isatty() and sys.stdout.isatty()):
        yield _lines(out)
        return
    # Imported here: commands that draw no bar start without it.
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("Telling the exchange", total=None)
        before = _standing()

        def update() -> None:
            done, person, left = _standing()
            text = f"Telling the exchange ({person} wait for a person)" if person else "Telling the exchange"
            total = done - before[0] + left
            bar.update(task, completed=done - before[0], total=total, description=text)

        yield _seldom(update, BAR_SECONDS)
        update()


def _lines(out: Any) -> Callable[[], None]:
    last = [_standing()]

    def write() -> None:
        standing = done, person, left = _standing()
        if standing != last[0]:
            out.write(f"{done} done, {left} to do, {person} wait for a person")
            last[0] = standing

    return _seldom(write, LINE_SECONDS)


def _seldom(call: Callable[[], None], seconds: float) -> Callable[[], None]:
    called_at = [time.monotonic()]

    def maybe() -> None:
        if time.monotonic() - called_at[0] >= seconds:
            called_at[0] = time.monotonic()
            call()

    return maybe


def _standing() -> tuple[int, int, int]:
    """Closed, waiting for a person, and still to do."""
    totals: dict[str, int] = {}
    for states in queries.counts().values():
        for state, count in states.items():
            totals[state] = totals.get(state, 0) + count
    closed = sum(totals.get(state, 0) for state in CLOSED_STATES)
    person = sum(totals.get(state, 0) for state in PERSON_STATES)
    return closed, person, sum(totals.values()) - closed - person
