"""What the outbox is doing, in six numbers."""

import datetime
from dataclasses import dataclass

from accounts.models import User
from accounts.policy import merchant_scope
from exchange.outbox.choices import IntentState
from exchange.outbox.groups import WAITING, Group, group_counts
from exchange.outbox.models import Intent, moment


@dataclass(frozen=True, slots=True)
class OutboxSummary:
    """Intents by what happens to them next. `waiting` are not due yet, or wait for their customer's uid."""

    due: int
    in_flight: int
    waiting: int
    unknown: int
    waiting_for_staff: int
    last_delivered_at: datetime.datetime | None


def outbox_summary(user: User) -> OutboxSummary:
    """The numbers for the merchants that `user` may see; two queries, both by index."""
    scope = merchant_scope(user)
    counted = group_counts(scope)

    def count(*groups: Group) -> int:
        return sum(row.count for row in counted if row.group in groups)

    return OutboxSummary(
        due=count(Group.DUE),
        in_flight=count(Group.IN_FLIGHT),
        waiting=count(*WAITING),
        unknown=count(Group.UNKNOWN),
        waiting_for_staff=count(Group.FOR_STAFF),
        last_delivered_at=_last_delivered_at(scope),
    )


def _last_delivered_at(scope: frozenset[str] | None) -> datetime.datetime | None:
    # Said aloud, or the index of what has ended is not used.
    done = Intent.objects.filter(state=IntentState.DONE, done_ms__isnull=False)
    if scope is not None:
        done = done.filter(merchant_uid__in=scope)
    return moment(done.order_by("-done_ms").values_list("done_ms", flat=True).first())
