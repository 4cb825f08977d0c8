"""What the outbox runs with, for pages and metrics: circuits, workers, what the last calls came to."""

from dataclasses import dataclass
from datetime import datetime

from exchange.outbox.choices import CLOSED_STATES
from exchange.outbox.circuits import FAILURES_THAT_OPEN
from exchange.outbox.database import now_ms, now_sql, run
from exchange.outbox.models import moment
from exchange.outbox.workers import STALE_MS

RECENT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class CircuitState:
    """One call of the exchange. `next_probe_at`: when one call may ask whether it works again."""

    endpoint: str
    failures: int
    is_open: bool
    opened_at: datetime | None
    next_probe_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A delivering process. `is_alive`: its heartbeat is young enough for its claims to hold."""

    id: str
    host: str
    pid: int
    started_at: datetime | None
    beat_at: datetime | None
    beat_seconds: float
    is_alive: bool
    lanes: int


def circuit_states() -> list[CircuitState]:
    """The circuits that ever saw a failure, the open ones first. One query."""
    rows = run(
        "SELECT endpoint, failures, opened_ms, open_until_ms FROM exchange_circuit "
        "ORDER BY failures DESC, endpoint"
    )
    return [
        CircuitState(
            endpoint,
            failures,
            failures >= FAILURES_THAT_OPEN,
            moment(opened) if failures >= FAILURES_THAT_OPEN else None,
            moment(until) if failures >= FAILURES_THAT_OPEN else None,
        )
        for endpoint, failures, opened, until in rows
    ]


def worker_states() -> list[WorkerState]:
    """The delivering processes and how many lanes each holds, the youngest heartbeat first. One query."""
    now = now_sql()
    rows = run(
        f"""SELECT w.id, w.host, w.pid, w.started_ms, w.beat_ms, {now} - w.beat_ms,
                   (SELECT COUNT(*) FROM exchange_lane l
                     WHERE l.lease_until_ms IS NOT NULL AND l.lease_until_ms >= {now}
                       AND l.worker = w.id)
              FROM exchange_worker w ORDER BY w.beat_ms DESC, w.id"""
    )
    return [
        WorkerState(
            worker, host, pid, moment(started), moment(beat), max(0, age) / 1000, age <= STALE_MS, lanes
        )
        for worker, host, pid, started, beat, age, lanes in rows
    ]


def anybody_delivers() -> bool:
    """Whether any delivering process of the installation has a fresh heartbeat. One query."""
    return bool(run(f"SELECT 1 FROM exchange_worker WHERE beat_ms > {now_sql()} - %s LIMIT 1", (STALE_MS,)))


def recent_outcomes() -> dict[str, int]:
    """How many attempts of the last five minutes came to which outcome. Two queries, by index."""
    # The time as a value: PostgreSQL uses no index for a comparison with its moving clock.
    rows = run(
        "SELECT outcome, COUNT(*) FROM exchange_attempt WHERE finished_ms > %s GROUP BY outcome",
        (now_ms() - RECENT_SECONDS * 1000,),
    )
    return {str(outcome): count for outcome, count in sorted(rows)}


def closed_counts() -> dict[tuple[str, str], int]:
    """How many intents are closed, by (topic, state). Counts the whole index: not to be asked often."""
    states = ", ".join(f"'{state.value}'" for state in CLOSED_STATES)
    rows = run(
        f"SELECT topic, state, COUNT(*) FROM exchange_intent WHERE state IN ({states}) GROUP BY topic, state"
    )
    return {(topic, state): count for topic, state, count in rows}


def oldest_due_seconds() -> float | None:
    """For how long the oldest due intent has waited for a lane; None where nothing is due. One query."""
    rows = run(
        f"SELECT {now_sql()} - due_ms FROM exchange_lane WHERE due_ms IS NOT NULL ORDER BY due_ms LIMIT 1"
    )
    return int(rows[0][0]) / 1000 if rows and rows[0][0] >= 0 else None
