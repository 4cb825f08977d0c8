"""What was refused, written down at the edge: after the transaction that it fell into was taken back.

Each is, as far as a person can be refused by hand. A loop that is refused a million times fills no disk: of
more than a thousand refusals of one action within ten minutes the 2,000th is written, the 4,000th and so on,
with their number.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.db import DatabaseError, transaction

from accounts import audit
from accounts.audit_rows import Outcome
from accounts.circumstances import Channel, Circumstances, Refusal, under
from accounts.models import User

log = logging.getLogger(__name__)

# So long refusals are counted together, and so many of them are written one by one.
WINDOW_SECONDS = 600
TOLD_ONE_BY_ONE = 1_000


@contextmanager
def at_edge(channel: Channel, request_id: str = "") -> Iterator[Circumstances]:
    """As `circumstances.under`; what was refused within is written down when it is over."""
    with under(channel, request_id) as circumstances:
        try:
            yield circumstances
        finally:
            write_refusals(circumstances)


def write_refusals(circumstances: Circumstances) -> None:
    """Write down what was refused in the course of it. Never raises for the database: the log tells it."""
    refusals, circumstances.refusals = circumstances.refusals, []
    for refusal in dict.fromkeys(refusals):
        try:
            _write(refusal)
        except DatabaseError as error:
            log.error("refusal_not_written action=%s error=%s", refusal.action, type(error).__name__)


def _write(refusal: Refusal) -> None:
    # Nobody who is not signed in gets as far as the policy; what they try is the sign-in's matter.
    if not isinstance(refusal.actor, User):
        return
    count = _count(refusal.actor, refusal.action)
    if not is_told(count):
        return
    with transaction.atomic():
        audit.record(
            actor=refusal.actor,
            action=refusal.action[:60],
            subject_type=refusal.subject_type,
            subject_id=refusal.subject_id,
            customer_id=refusal.customer_id,
            merchant_uid=refusal.merchant_uid,
            reason=refusal.reason,
            outcome=Outcome.REFUSED.value,
            details={"count": count} if count > TOLD_ONE_BY_ONE else {},
        )


def is_told(count: int) -> bool:
    """Whether this refusal of the window is written: the 1st to the 1,000th, the 2,000th, 4,000th …"""
    if count <= TOLD_ONE_BY_ONE:
        return True
    times, rest = divmod(count, TOLD_ONE_BY_ONE)
    return rest == 0 and times & (times - 1) == 0


def _count(actor: User, action: str) -> int:
    """How often this person was refused this within the window, with this time."""
    key = f"refused-{actor.pk}-{action}"
    cache.add(key, 0, timeout=WINDOW_SECONDS)
    try:
        return cache.incr(key)
    except ValueError:  # it ran out in between
        return 1
