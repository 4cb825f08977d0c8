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

# Once, and three times more. The wait is random, so that two who met do not meet again, and longer each time,
# so that a crowd thins out.
TRIES_MAX = 4
LONGEST_WAITS_SECONDS = (0.9, 0.3, 0.1)  # before the last try, the one before it, the second
# PostgreSQL's words for it: a deadlock, a lock that took too long, a transaction that can't be serialised.
_STATES = ("40P01", "55P03", "40001")


def gives_way(write: Callable[Given, Done]) -> Callable[Given, Done]:
    """Run a function as one transaction, again where the database gave way to somebody else.

    The function reads what it judges within itself, so that the second time it sees what the other one did.
    Within a caller's transaction it runs once: the caller's is what would have to be done again.
    """

    @wraps(write)
    def insistent(*args: Given.args, **kwargs: Given.kwargs) -> Done:
        for tries_left in reversed(range(TRIES_MAX)):
            try:
                with transaction.atomic():
                    return write(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not tries_left or not is_contention(error):
                    raise
                log.info("gave_way what=%s tries_left=%d", write.__name__, tries_left)
            time.sleep(random.uniform(0, LONGEST_WAITS_SECONDS[tries_left - 1]))  # noqa: S311 - no secret hangs on it
        raise AssertionError("the last try returns or raises")

    return insistent


def is_contention(error: OperationalError) -> bool:
    """Whether the database gave way to somebody else (deadlock, lock timeout, busy): trying again helps."""
    return getattr(error.__cause__, "sqlstate", None) in _STATES or "locked" in str(error)
