"""C8: sixteen clients work on ten customers side by side, and transactions are made to deadlock.

Nobody gets a 5xx or a fault, no update is lost, and the sum of the changes is the sum of the commits.
"""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.campaigns.c1_exactly_once import Plan, scene_of, scenery
from tests.campaigns.fleet import Install
from tests.campaigns.invariants import judge
from tests.campaigns.packs import write_pack
from tests.campaigns.telling import Report
from tests.campaigns.web import web_server

# PostgreSQL looks for a deadlock once, so long after a wait began; ours later (PostgreSQL's default), so
# that the product is nearly always the victim; not much later, since a ring that closes after the product
# has looked would stand until its locks time out, which no server does to anybody.
DEADLOCK_MS, OURS_MS = 50, 1_000
# So that a run in which nothing happened counts for nothing.
SUCCEEDS = ("edit", "hand_in", "submit")
HELD_SECONDS, OBSTACLES = 0.06, 3


@dataclass
class ContentionPlan(Plan):
    customers: int = 10
    merchants: int = 2
    clients: int = 16
    duration: float = 60.0
    # All of them at one customer, doing nothing but editing it: where nothing guards it, that must show.
    is_edit_only: bool = False


def run(plan: ContentionPlan) -> Report:
    report = Report("C8 contention", plan.seed)
    with scenery(plan) as (sandbox, _proxy, install):
        # Who was second is no matter here: anybody may submit and accept.
        install.environment["FOUR_EYES"] = "none"
        merchants = [sandbox.add_merchant(name=f"Merchant {number}") for number in range(plan.merchants)]
        pack = write_pack(
            install.folder / "pack", customers=plan.customers, seed=plan.seed, merchants=merchants
        )
        install.must("import_pack", str(pack.folder))
        before = _counters(install)
        folder = install.folder / "clients"
        folder.mkdir()
        started = time.monotonic()
        with web_server(install) as address, _obstacles(plan, install) as obstacles:
            order = {
                "clients": plan.clients,
                "seconds": plan.duration,
                "seed": plan.seed,
                "web": address,
                "folder": str(folder),
                "is_edit_only": plan.is_edit_only,
            }
            code, said = install.run(json.dumps(order), program="contenders", timeout=plan.duration + 180)
        report.require(code == 0, "clients", f"they ended with {code}: {said[-500:]}")
        told = [json.loads(line) for path in sorted(folder.iterdir()) for line in path.open()]
        facts = install.facts()
        _nobody_met_a_fault(report, told, ("edit",) if plan.is_edit_only else SUCCEEDS)
        _nothing_was_lost(report, told, before, _counters(install), facts)
        report.take(judge(scene_of(sandbox, install, None, frozenset(), is_over=False)))
        counts = Counter((row["did"], row["told"]) for row in told)
        report.figures |= {
            "clients": plan.clients,
            "actions": len(told),
            **{f"{did} {what}": count for (did, what), count in sorted(counts.items())},
            **obstacles,
            "seconds": round(time.monotonic() - started, 1),
            "database": plan.database,
        }
        if plan.database == "postgresql" and not plan.is_edit_only:
            report.require(obstacles["deadlocks"] > 0, "load", "there was no deadlock to give way to")
        if not report.holds:
            report.figures["log"] = install.last_words()[-2500:]
    return report


def _counters(install: Install) -> dict[str, dict[str, Any]]:
    """By customer: the number in its address, and its version."""
    return {
        row["id"]: {"number": _number(row["body"]), "version": row["version"]}
        for row in install.facts()["customers"]
    }


def _number(body: dict) -> int:
    address = body["business_profile"]["address"] if "business_profile" in body else body["address"]
    return int(address.split(" ", 1)[0])


def _nobody_met_a_fault(report: Report, told: list[dict], wanted: tuple[str, ...]) -> None:
    faults = Counter(row.get("fault", "")[:120] for row in told if row["told"] == "fault")
    for fault, count in faults.most_common():
        report.require(False, "no fault, no 5xx", f"{count} × {fault}")
    done = Counter(row["did"] for row in told if row["told"] == "done")
    for action in wanted:
        report.require(done[action] > 0, "load", f"nobody succeeded to {action}")


def _nothing_was_lost(report: Report, told: list[dict], before: dict, after: dict, facts: dict) -> None:
    done = defaultdict(Counter)
    for row in told:
        if row["told"] == "done" and row.get("fields", 1):
            done[row["customer"]][row["did"]] += 1
    audit = Counter((row["action"], row["customer_id"]) for row in facts["audit"])
    changes = commits = 0
    for customer in facts["customers"]:
        key, name = customer["id"], customer["reference"]
        edits = done[key]["edit"]
        counted = after[key]["number"] - before[key]["number"]
        versions = after[key]["version"] - before[key]["version"]
        changes, commits = changes + counted, commits + edits
        for what, count in (
            ("the number in its address grew by", counted),
            ("its version by", versions),
            ("audit rows:", audit["customer.change", key]),
        ):
            report.require(count == edits, "no update lost", f"{name}: {edits} edits, {what} {count}")
        submits = audit["customer.submit", key]
        report.require(
            submits == done[key]["submit"],
            "each submission once",
            f"{name}: {done[key]['submit']} were told so, {submits} audit rows",
        )
        slots = defaultdict(list)
        for document in customer["documents"]:
            slots[document["ubo_id"], document["doc_type"]].append(document)
        for (_ubo, doc_type), versions_held in slots.items():
            current = sum(document["is_current"] for document in versions_held)
            report.require(current == 1, "one current document", f"{name} {doc_type}: {current} are current")
            numbers = sorted(document["version"] for document in versions_held)
            report.require(
                numbers == list(range(1, len(numbers) + 1)),
                "one current document",
                f"{name} {doc_type}: versions {numbers}",
            )
        if customer["stage"] == "submitted":
            report.require(
                customer["is_as_submitted"], "frozen means frozen", f"{name} is not what was submitted"
            )
    held = {document["id"] for customer in facts["customers"] for document in customer["documents"]}
    lost = [row["document"] for row in told if row.get("is_new") and row["document"] not in held]
    report.require(not lost, "no document lost", f"{len(lost)} that were acknowledged are gone")
    accepted = Counter(row["accepted"] for row in told if "accepted" in row)
    written = {row["subject_id"] for row in facts["audit"] if row["action"] == "warning.accept"}
    report.require(
        set(accepted) == written and max(accepted.values(), default=1) == 1,
        "each acceptance once",
        f"{len(accepted)} were told so, {len(written)} audit rows",
    )
    report.figures |= {"sum_of_changes": changes, "edits_acknowledged": commits}


@contextlib.contextmanager
def _obstacles(plan: ContentionPlan, install: Install) -> Iterator[dict[str, int]]:
    """Transactions that get in the way: on PostgreSQL they deadlock, on SQLite they are slow."""
    told = {"obstacles": 0, "deadlocks": 0}
    stop = threading.Event()
    if plan.database == "postgresql":
        install.database.order(
            f'ALTER DATABASE "{install.database.name}" SET deadlock_timeout = {DEADLOCK_MS}'
        )
    work = _deadlocks if plan.database == "postgresql" else _slowness
    threads = [
        threading.Thread(target=work, args=(plan.seed + number, install, stop, told), daemon=True)
        for number in range(OBSTACLES if plan.database == "postgresql" else 1)
    ]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
        if plan.database == "postgresql":
            sql = f"SELECT deadlocks FROM pg_stat_database WHERE datname = '{install.database.name}'"
            told["deadlocks"] = int(install.database.rows(sql)[0][0])


def _deadlocks(seed: int, install: Install, stop: threading.Event, told: dict) -> None:
    """Lock a customer's documents and profile, then the customer: the other way round than the product."""
    import psycopg

    chance = random.Random(seed)
    ids = [row[0] for row in install.database.rows("SELECT id FROM customers_customer ORDER BY id")]
    with psycopg.connect(install.database.address, autocommit=True) as connection:
        connection.execute(f"SET deadlock_timeout = {OURS_MS}")
        while not stop.wait(chance.uniform(0.0, 0.05)):
            customer = chance.choice(ids)
            with contextlib.suppress(psycopg.errors.DeadlockDetected), connection.transaction():
                for sql in (
                    "SELECT 1 FROM kyc_document WHERE customer_id = %s ORDER BY id FOR UPDATE",
                    "SELECT 1 FROM customers_businessprofile WHERE customer_id = %s FOR UPDATE",
                ):
                    connection.execute(sql, [customer])
                time.sleep(HELD_SECONDS)
                connection.execute("SELECT 1 FROM customers_customer WHERE id = %s FOR UPDATE", [customer])
                told["obstacles"] += 1
                time.sleep(HELD_SECONDS)


def _slowness(seed: int, install: Install, stop: threading.Event, told: dict) -> None:
    """Hold the one writer's place for a while, again and again."""
    chance = random.Random(seed)
    with contextlib.closing(
        sqlite3.connect(install.database.path, timeout=60, isolation_level=None)
    ) as connection:
        while not stop.wait(chance.uniform(0.2, 0.6)):
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(5 * HELD_SECONDS)
            connection.execute("ROLLBACK")
            told["obstacles"] += 1
