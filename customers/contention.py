"""Giving way: what the database took back for somebody else's sake is done again, from its beginning."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

log = logging.getLogger(__name__)
Given = ParamSpec("Given")
Done = TypeVar("Done")

# Each wait is random, so that two who met do not meet again, and may be longer than the last, so that a crowd
# thins out. Where a crowd goes at ten customers one try in three meets a deadlock, and four tries were not
# enough for one act in a hundred; each costs milliseconds. A lock that took too long costs seconds (five on
# PostgreSQL, twenty on SQLite), and somebody is waiting: then it ends sooner.
LONGEST_WAITS_SECONDS = (0.1, 0.3, 0.9, 0.9, 0.9, 0.9, 0.9)  # before the second try, the third, ...
TRIES_MAX = 1 + len(LONGEST_WAITS_SECONDS)
PATIENCE_SECONDS = 25.0
# PostgreSQL's words for it: a deadlock, a lock that took too long, a transaction that can't be serialised.
_STATES = ("40P01", "55P03", "40001")


def gives_way(write: Callable[Given, Done]) -> Callable[Given, Done]:
    """Run a function as one transaction, again where the database gave way to somebody else.

    The function reads what it judges within itself, so that the second time it sees what the other one did.
    Within a caller's transaction it runs once: the caller's is what would have to be done again.
    """

    @wraps(write)
    def insistent(*args: Given.args, **kwargs: Given.kwargs) -> Done:
        patience_ends = time.monotonic() + PATIENCE_SECONDS
        for longest_wait in LONGEST_WAITS_SECONDS:
            try:
                with transaction.atomic():
                    return write(*args, **kwargs)
            except OperationalError as error:
                is_over = connection.in_atomic_block or time.monotonic() > patience_ends
                if is_over or not is_contention(error):
                    raise
                log.info("gave_way what=%s longest_wait=%.1f", write.__name__, longest_wait)
            time.sleep(random.uniform(0, longest_wait))  # noqa: S311 - no secret hangs on it
        with transaction.atomic():
            return write(*args, **kwargs)

    return insistent


def is_contention(error: OperationalError) -> bool:
    """Whether the database gave way to somebody else (deadlock, lock timeout, busy): trying again helps."""
    return getattr(error.__cause__, "sqlstate", None) in _STATES or "locked" in str(error)
