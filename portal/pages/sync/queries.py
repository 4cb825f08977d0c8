"""What the sync page shows: the groups by topic and by merchant, the rate in force, circuits, workers."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from accounts.policy import merchant_scope
from customers.models import Merchant
from exchange.outbox.choices import Topic
from exchange.outbox.groups import OPEN_GROUPS, Group, GroupCount, group_counts
from exchange.outbox.key_clock import KeyClock, KeyState
from exchange.outbox.queries import oldest_due
from exchange.outbox.recovery import is_recovering
from exchange.outbox.vitals import (
    CircuitState,
    WorkerState,
    circuit_states,
    recent_outcomes,
    worker_states,
)

MERCHANTS_SHOWN = 20
# The columns of both tables; what was given up has a list, and no number that anybody waits for.
COLUMNS = (*OPEN_GROUPS, Group.DONE)


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a group."""

    group: Group
    count: int

    @property
    def state(self) -> str:
        """What the list behind the number is narrowed by."""
        return "done_lately" if self.group == Group.DONE else self.group.value


@dataclass(slots=True)
class Line:
    """One topic or one merchant. `key`: what the list is filtered by; "" for the line of all."""

    key: str
    title: str
    counts: dict[Group, int] = field(default_factory=dict)

    def add(self, group: Group, count: int) -> None:
        self.counts[group] = self.counts.get(group, 0) + count

    @property
    def cells(self) -> list[Cell]:
        return [Cell(group, self.counts.get(group, 0)) for group in COLUMNS]

    @property
    def open(self) -> int:
        return sum(self.counts.get(group, 0) for group in OPEN_GROUPS)

    def of(self, group: Group) -> int:
        return self.counts.get(group, 0)


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate that all processes share. `configured`, `in_force`: calls a second; `percent`: the share."""

    configured: float
    in_force: float
    key: KeyState
    paused_until: datetime.datetime | None

    @property
    def percent(self) -> int:
        return round(100 * self.in_force / self.configured)

    @property
    def skew_seconds(self) -> float:
        return self.key.skew_ms / 1000


@dataclass(frozen=True, slots=True)
class Sync:
    topics: list[Line]
    total: Line
    merchants: list[Line]
    merchants_more: bool
    oldest_due_at: datetime.datetime | None
    rate: Rate
    circuits: list[CircuitState]
    workers: list[WorkerState]
    # None for who may see some merchants only: they are all merchants'.
    outcomes: dict[str, int] | None
    is_recovering: bool

    @property
    def columns(self) -> tuple[Group, ...]:
        return COLUMNS

    @property
    def alive(self) -> int:
        return sum(worker.is_alive for worker in self.workers)

    @property
    def open_circuits(self) -> int:
        return sum(circuit.is_open for circuit in self.circuits)

    @property
    def failing_calls(self) -> int:
        """Calls whose last answers were failures or refusals, resting or not."""
        return sum(bool(circuit.failures or circuit.refusals) for circuit in self.circuits)

    @property
    def refused_calls(self) -> list[str]:
        """Calls that rest since one customer after another was refused."""
        return [circuit.endpoint for circuit in self.circuits if circuit.is_open and circuit.refusals]

    @property
    def for_a_person(self) -> int:
        return self.total.of(Group.FOR_STAFF)

    @property
    def is_nobody_delivering(self) -> bool:
        """Work is due and there is no worker to do it."""
        return self.total.of(Group.DUE) > 0 and self.alive == 0


def sync(*, user: User) -> Sync:
    """What the outbox does for the merchants that `user` may see; a fixed number of queries."""
    scope = merchant_scope(user, "sync.view")
    counted = group_counts(scope)
    topics = [
        _line(topic.value, str(topic.label), rows)
        for topic in Topic
        # Where nobody asks for payment references, a line of noughts for them says nothing.
        if (rows := _of_topic(counted, topic)) or topic != Topic.PAYMENT_REFERENCE
    ]
    merchants, more = _merchants(counted, user)
    return Sync(
        topics=topics,
        total=_line("", "", counted),
        merchants=merchants,
        merchants_more=more,
        oldest_due_at=oldest_due(scope),
        rate=rate_in_force(),
        circuits=circuit_states(),
        workers=worker_states(),
        outcomes=recent_outcomes() if scope is None else None,
        is_recovering=is_recovering(),
    )


def rate_in_force() -> Rate:
    """The key's rate as its row has it. One query."""
    key = KeyClock().state()
    paused = timezone.now() + datetime.timedelta(seconds=key.paused_for) if key.paused_for else None
    return Rate(max(settings.EXCHANGE_RATE_PER_SECOND, 0.01), round(key.rate, 2), key, paused)


def _line(key: str, title: str, counted: Iterable[GroupCount]) -> Line:
    line = Line(key, title)
    for row in counted:
        line.add(row.group, row.count)
    return line


def _of_topic(counted: Iterable[GroupCount], topic: Topic) -> list[GroupCount]:
    return [row for row in counted if row.topic == topic]


def _merchants(counted: Iterable[GroupCount], user: User) -> tuple[list[Line], bool]:
    """The merchants with the most to do, by name where they have one here; and whether there are more."""
    lines: dict[str, Line] = {}
    for row in counted:
        lines.setdefault(row.merchant_uid, Line(row.merchant_uid, row.merchant_uid)).add(row.group, row.count)
    busiest = sorted(lines.values(), key=lambda line: (-line.open, -line.of(Group.DONE), line.key))
    shown = busiest[:MERCHANTS_SHOWN]
    names = {
        merchant.uid: str(merchant)
        for merchant in Merchant.objects.visible_to(user, "sync.view").filter(
            uid__in=[line.key for line in shown]
        )
    }
    for line in shown:
        line.title = names.get(line.key, line.key)
    return shown, len(busiest) > len(shown)
