"""The numbers, in Prometheus' families. Loaded when they are first asked for: no start pays for it."""

import threading
import time
from collections.abc import Iterable

from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from accounts.sealing import backlog
from exchange.client import Outcome
from exchange.outbox.choices import OPEN_STATES, IntentState, Topic
from exchange.outbox.groups import Group, group_counts
from exchange.outbox.key_clock import KeyClock
from exchange.outbox.vitals import (
    circuit_states,
    closed_counts,
    oldest_due_seconds,
    recent_outcomes,
    worker_states,
)

# What is closed may be a million rows: it is counted once in so long.
CLOSED_KEPT_SECONDS = 60.0
_closed: tuple[float, dict[tuple[str, str], int]] = (float("-inf"), {})
_closed_lock = threading.Lock()

_STATE_OF = {
    Group.IN_FLIGHT: IntentState.SENDING,
    Group.UNKNOWN: IntentState.UNKNOWN,
    Group.FOR_STAFF: IntentState.WAITING_FOR_STAFF,
}


def registry() -> CollectorRegistry:
    """What is asked of the database each time that it is read."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Outbox())
    registry.register(_Audit())
    return registry


class _Outbox(Collector):
    def collect(self) -> Iterable[Metric]:
        yield _intents()
        oldest = oldest_due_seconds()
        yield _gauge(
            "portal_outbox_oldest_due_seconds", "How long the oldest due intent has waited.", oldest or 0.0
        )
        outcomes = GaugeMetricFamily(
            "portal_outbox_attempts_recent",
            "Attempts that ended within the last five minutes, by outcome.",
            labels=["outcome"],
        )
        recent = recent_outcomes()
        for outcome in Outcome:
            outcomes.add_metric([outcome.value], recent.get(outcome.value, 0))
        yield outcomes
        yield from _key()
        yield from _circuits()
        alive = sum(worker.is_alive for worker in worker_states())
        yield _gauge("portal_outbox_workers_alive", "Delivering processes with a fresh heartbeat.", alive)


class _Audit(Collector):
    def collect(self) -> Iterable[Metric]:
        left = backlog()
        yield _gauge(
            "portal_audit_unsealed_seconds",
            "How long the oldest entry of the audit trail has waited to be sealed.",
            left.seconds(timezone.now()),
        )
        yield _gauge(
            "portal_audit_unexported_heads", "Signed heads that were not exported.", left.heads_to_export
        )


def _intents() -> Metric:
    family = GaugeMetricFamily(
        "portal_outbox_intents", "Intents by topic and state.", labels=["topic", "state"]
    )
    counts = {(topic.value, state.value): 0 for topic in Topic for state in OPEN_STATES}
    for row in group_counts():
        if row.group != Group.DONE:
            state = _STATE_OF.get(row.group, IntentState.PENDING)
            counts[row.topic, state.value] = counts.get((row.topic, state.value), 0) + row.count
    counts.update(_closed_lately_counted())
    for labels, count in sorted(counts.items()):
        family.add_metric(list(labels), count)
    return family


def _closed_lately_counted() -> dict[tuple[str, str], int]:
    global _closed
    with _closed_lock:
        counted_at, counts = _closed
        if time.monotonic() - counted_at > CLOSED_KEPT_SECONDS:
            counts = closed_counts()
            _closed = (time.monotonic(), counts)
        return counts


def _key() -> Iterable[Metric]:
    clock = KeyClock()
    key = clock.state()
    yield _gauge(
        "portal_key_rate_share", "The rate in force as a share of the configured.", key.rate / clock.rate
    )
    yield _gauge("portal_key_rate_per_second", "Calls a second in force.", key.rate)
    yield _gauge(
        "portal_key_paused_seconds", "For how much longer nothing is sent with the key.", key.paused_for
    )
    yield _gauge("portal_key_stopped", "1 where the exchange refuses the key.", int(key.is_stopped))
    yield _gauge("portal_key_skew_seconds", "The exchange's clock minus ours.", key.skew_ms / 1000)


def _circuits() -> Iterable[Metric]:
    family = GaugeMetricFamily(
        "portal_circuit_open", "1 where calls of an endpoint rest.", labels=["endpoint"]
    )
    for circuit in circuit_states():
        family.add_metric([circuit.endpoint], int(circuit.is_open))
    yield family


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)
