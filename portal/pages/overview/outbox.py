"""What the outbox is doing, in six numbers."""

import datetime
from dataclasses import dataclass

from django.db.models import Count, Max, Q

from accounts.models import User
from accounts.policy import merchant_scope
from exchange.outbox.choices import OPEN_STATES, IntentState
from exchange.outbox.database import now_ms
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

    @property
    def for_a_person(self) -> int:
        return self.unknown + self.waiting_for_staff


def outbox_summary(user: User) -> OutboxSummary:
    """The numbers for the merchants that `user` may see; two queries, both by index."""
    intents = Intent.objects.all()
    scope = merchant_scope(user)
    if scope is not None:
        intents = intents.filter(merchant_uid__in=scope)
    is_due = Q(state=IntentState.PENDING, is_ready=True, due_ms__lte=now_ms())
    counts = intents.filter(state__in=OPEN_STATES).aggregate(
        due=Count("pk", filter=is_due),
        waiting=Count("pk", filter=Q(state=IntentState.PENDING) & ~is_due),
        in_flight=Count("pk", filter=Q(state=IntentState.SENDING)),
        unknown=Count("pk", filter=Q(state=IntentState.UNKNOWN)),
        waiting_for_staff=Count("pk", filter=Q(state=IntentState.WAITING_FOR_STAFF)),
    )
    last = intents.filter(state=IntentState.DONE).aggregate(last=Max("done_ms"))["last"]
    return OutboxSummary(**counts, last_delivered_at=moment(last))
