"""Intents by what happens to them next: the words, the condition and the counts of each group."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from exchange.outbox.choices import OPEN_STATES, IntentState
from exchange.outbox.database import now_ms, run
from exchange.outbox.models import Intent

# How far back "done lately" goes.
LATELY_MS = 60 * 60 * 1000


class Group(models.TextChoices):
    """What happens to an intent next. Every open intent is in exactly one of these."""

    DUE = "due", _("Due now")
    IN_FLIGHT = "in_flight", _("In flight")
    LATER = "later", _("Due later")
    NOT_READY = "not_ready", _("After the customer")
    HELD = "held", _("Held back")
    UNKNOWN = "unknown", _("Outcome unknown")
    FOR_STAFF = "for_staff", _("Waiting for staff")
    DONE = "done", _("Done")
    GIVEN_UP = "given_up", _("Given up")

    @property
    def tone(self) -> str:
        return _TONES[self.value]

    @property
    def meaning(self) -> str:
        """One line that says what the group is, for whoever meets it first."""
        return str(_MEANINGS[self.value])


_TONES = {
    "due": "info",
    "in_flight": "progress",
    "later": "neutral",
    "not_ready": "neutral",
    "held": "warn",
    "unknown": "warn",
    "for_staff": "warn",
    "done": "good",
    "given_up": "neutral",
}
_MEANINGS = {
    "due": _("it is sent next"),
    "in_flight": _("sent, the answer is awaited"),
    "later": _("tried before, or the exchange asked us to wait"),
    "not_ready": _("sent once the exchange has its customer"),
    "held": _("a person holds it back"),
    "unknown": _("the answer was lost, the exchange is being looked at"),
    "for_staff": _("only a person can move it"),
    "done": _("the exchange has taken it"),
    "given_up": _("it is not sent any more"),
}
# Not due, and not a person's matter: the time or the lane brings it.
WAITING = (Group.LATER, Group.NOT_READY, Group.HELD)
OPEN_GROUPS = tuple(group for group in Group if group not in (Group.DONE, Group.GIVEN_UP))

_BY_STATE = {
    IntentState.SENDING: Group.IN_FLIGHT,
    IntentState.UNKNOWN: Group.UNKNOWN,
    IntentState.WAITING_FOR_STAFF: Group.FOR_STAFF,
    IntentState.DONE: Group.DONE,
    IntentState.GIVEN_UP: Group.GIVEN_UP,
}


def group_of(intent: Intent, now: int) -> Group:
    """The group of an intent at `now` (epoch milliseconds by the database's clock)."""
    if intent.state != IntentState.PENDING:
        return _BY_STATE[IntentState(intent.state)]
    if intent.is_held:
        return Group.HELD
    if not intent.is_ready:
        return Group.NOT_READY
    return Group.DUE if intent.due_ms <= now else Group.LATER


def in_groups(intents: QuerySet[Intent], groups: Iterable[Group], now: int) -> QuerySet[Intent]:
    """Those of `intents` that are in any of `groups` at `now`."""
    condition = Q(pk__in=[])
    for group in groups:
        condition |= _condition(group, now)
    return intents.filter(condition)


def _condition(group: Group, now: int) -> Q:
    pending = Q(state=IntentState.PENDING)
    if group == Group.HELD:
        return pending & Q(is_held=True)
    if group == Group.NOT_READY:
        return pending & Q(is_held=False, is_ready=False)
    if group == Group.DUE:
        return pending & Q(is_held=False, is_ready=True, due_ms__lte=now)
    if group == Group.LATER:
        return pending & Q(is_held=False, is_ready=True, due_ms__gt=now)
    return Q(state=next(state for state, of_state in _BY_STATE.items() if of_state == group))


@dataclass(frozen=True, slots=True)
class GroupCount:
    """How many intents of one topic and merchant are in one group."""

    topic: str
    merchant_uid: str
    group: Group
    count: int


def group_counts(merchant_uids: Iterable[str] | None = None) -> list[GroupCount]:
    """All open intents by topic, merchant and group, and what was done within the last hour; one statement.

    It reads the open intents and the hour's, by index; what was done before that is not touched.
    """
    uids = None if merchant_uids is None else list(merchant_uids)
    if uids == []:
        return []
    now = now_ms()
    open_states = ", ".join(f"'{state.value}'" for state in OPEN_STATES)
    mine = "" if uids is None else f"AND merchant_uid IN ({', '.join(['%s'] * len(uids))})"
    grouped = f"""
        SELECT topic, merchant_uid,
               CASE WHEN state = 'sending' THEN 'in_flight'
                    WHEN state = 'unknown' THEN 'unknown'
                    WHEN state = 'waiting_for_staff' THEN 'for_staff'
                    WHEN is_held THEN 'held'
                    WHEN NOT is_ready THEN 'not_ready'
                    WHEN due_ms <= %s THEN 'due'
                    ELSE 'later' END AS what, COUNT(*)
          FROM exchange_intent WHERE state IN ({open_states}) {mine} GROUP BY 1, 2, 3
        UNION ALL
        SELECT topic, merchant_uid, 'done', COUNT(*)
          FROM exchange_intent WHERE state = 'done' AND done_ms > %s {mine} GROUP BY 1, 2"""
    rows = run(grouped, [now, *(uids or []), now - LATELY_MS, *(uids or [])])
    return [GroupCount(topic, uid, Group(group), count) for topic, uid, group, count in rows]
