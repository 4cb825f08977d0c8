"""What the outbox runs with, for pages and metrics: circuits, workers, what the last calls came to."""

from dataclasses import dataclass
from datetime import datetime

from exchange.outbox.choices import CLOSED_STATES
from exchange.outbox.circuits import Standing
from exchange.outbox.database import now_ms, now_sql, once_now_sql, run
from exchange.outbox.models import moment
from exchange.outbox.workers import STALE_MS

RECENT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class CircuitState:
    """One call of the exchange. `failures`, `refusals`: in a row, refusals of different customers.

    `next_probe_at`: when one call may ask whether it works again.
    """

    endpoint: str
    failures: int
    refusals: int
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
    """The circuits that ever saw a failure, the worst first. One query."""
    rows = run(
        "SELECT endpoint, failures, refusals, opened_ms, open_until_ms FROM exchange_circuit "
        "ORDER BY failures + refusals DESC, endpoint"
    )
    return [
        CircuitState(
            endpoint,
            failures,
            refusals,
            is_open,
            moment(opened) if is_open else None,
            moment(until) if is_open else None,
        )
        for endpoint, failures, refusals, opened, until in rows
        for is_open in [Standing(failures, refusals).is_open]
    ]


def worker_states() -> list[WorkerState]:
    """The delivering processes and how many lanes each holds, the youngest heartbeat first. One query."""
    now = now_sql()
    rows = run(
        f"""SELECT w.id, w.host, w.pid, w.started_ms, w.beat_ms, {now} - w.beat_ms,
                   (SELECT COUNT(*) FROM exchange_lane l
                     WHERE l.lease_until_ms IS NOT NULL AND l.lease_until_ms >= {once_now_sql()}
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
    return bool(
        run(f"SELECT 1 FROM exchange_worker WHERE beat_ms > {once_now_sql()} - %s LIMIT 1", (STALE_MS,))
    )


def recent_outcomes() -> dict[str, int]:
    """How many attempts of the last five minutes came to which outcome. Two queries, by index."""
    # The time as a value: only then PostgreSQL knows how few rows are that young.
    rows = run(
        # A look that settled nothing has none.
        "SELECT outcome, COUNT(*) FROM exchange_attempt WHERE finished_ms > %s AND outcome <> '' "
        "GROUP BY outcome",
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
