"""What every process asks twice a second is found by index, however large the backlog that is not due."""

import json
import uuid
from datetime import UTC, datetime

import pytest
from django.db import connection

from exchange.outbox import claiming, reconciling, vitals, workers
from exchange.outbox.database import now_ms, now_sql, once_now_sql, run
from exchange.outbox.models import Attempt, Intent, Lane, Worker

MERCHANTS, ROWS = 5, 3000
# Of three thousand rows: what a seek reads, and no statement that walks them all.
FEW = 60


@pytest.fixture
def backlog(db):
    """Lanes that are due tomorrow, creates that are looked for tomorrow, attempts that ended yesterday."""
    day = 24 * 3600_000
    now = now_ms()
    lanes = Lane.objects.bulk_create(
        [
            Lane(id=uuid.uuid4(), merchant_uid=f"m{n % MERCHANTS}", due_ms=now + day, rank=n)
            for n in range(ROWS)
        ],
        500,
    )
    intents = Intent.objects.bulk_create(
        [
            Intent(
                topic="customer.create",
                subject_id=lane.pk,
                lane=lane,
                merchant_uid=lane.merchant_uid,
                state="unknown",
                reason="create_outcome_unknown",
                position=10,
                due_ms=now,
                look_ms=now + day,
                unknown_ms=now,
                created_ms=now,
                updated_ms=now,
            )
            for lane in lanes
        ],
        500,
    )
    Attempt.objects.bulk_create(
        [
            Attempt(
                intent=intent, number=1, fence=1, started_ms=now, finished_ms=now - day, outcome="unknown"
            )
            for intent in intents
        ],
        500,
    )
    Worker.objects.create(id="w", host="h", pid=1, started_ms=now, beat_ms=now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def walked(sql, params):
    """What of the statement's plan reads many rows."""
    if connection.vendor == "sqlite":
        steps = [str(row[3]) for row in run(f"EXPLAIN QUERY PLAN {sql}", params)]
        large = ("exchange_intent", "exchange_lane", "exchange_attempt", " i", " l", " d")
        return [
            step
            for step in steps
            if step.startswith("SCAN") and "INDEX" not in step and any(step.endswith(name) for name in large)
        ]
    (answer,) = run(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
    plan = answer[0] if isinstance(answer[0], list) else json.loads(answer[0])
    return list(_walked(plan[0]["Plan"]))


def _walked(node):
    read = node.get("Actual Rows", 0) + node.get("Rows Removed by Filter", 0)
    if "Scan" in node["Node Type"] and read > FEW:
        yield f"{node['Node Type']} {node.get('Index Name', '')}: {read}"
    for below in node.get("Plans", []):
        yield from _walked(below)


ASKED = {
    "the next look": reconciling.next_look_ms,
    "the scan to make": lambda: reconciling.claim_scan("w"),
    "the lanes to claim": lambda: claiming.claim_lanes("w", 16),
    "when a lane is due": claiming.next_due_ms,
    "dead workers' lanes": workers.free_dead_lanes,
    "recent outcomes": vitals.recent_outcomes,
    "the workers": vitals.worker_states,
    "the oldest due": vitals.oldest_due_seconds,
}


@pytest.fixture
def statements(monkeypatch):
    asked = []

    def noting(sql, params=()):
        asked.append((sql, params))
        return run(sql, params)

    for module in (claiming, reconciling, vitals, workers):
        monkeypatch.setattr(module, "run", noting)
    return asked


def test_it_is_found_by_index(backlog, statements):
    for what, ask in ASKED.items():
        statements.clear()
        ask()
        assert statements, what
        assert [(what, steps) for asked in list(statements) if (steps := walked(*asked))] == []


def test_whether_anything_is_left_is_found_by_index(backlog, statements):
    Lane.objects.update(due_ms=None)
    Intent.objects.update(state="done", look_ms=None)
    assert claiming.is_idle()
    assert walked(*statements[-1]) == []


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_compared_with_a_moving_clock_it_would_be_walked_through(backlog):
    """Teeth: PostgreSQL can't seek what it compares with a clock that moves."""
    asks = "SELECT 1 FROM exchange_lane WHERE due_ms <= {clock} ORDER BY due_ms LIMIT 1"
    assert walked(asks.format(clock=once_now_sql()), ()) == []
    assert walked(asks.format(clock=now_sql()), ()) != []


def test_the_clock_is_the_databases_and_agrees_with_ours(db):
    ((read,),) = run(f"SELECT {once_now_sql()}")
    assert abs(read - datetime.now(UTC).timestamp() * 1000) < 2_000


def test_the_merchant_whose_look_is_due_longest_is_scanned_first(backlog):
    now = now_ms()
    for merchant, ago in (("m3", 5_000), ("m1", 9_000), ("m4", 1_000)):
        chosen = Intent.objects.filter(merchant_uid=merchant).first()
        Intent.objects.filter(pk=chosen.pk).update(look_ms=now - ago)
    assert reconciling.next_look_ms() == 0
    assert [reconciling.claim_scan("w") for _ in range(4)] == ["m1", "m3", "m4", None]
