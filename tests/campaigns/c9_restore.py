"""C9: the database is put back to an earlier hour: what was sent since is found again, never sent twice."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from tests.campaigns.c1_exactly_once import Plan, drive, finish, load, scene_of, scenery
from tests.campaigns.fleet import Fleet, Killer
from tests.campaigns.invariants import judge
from tests.campaigns.proxy_process import ambiguous_mix
from tests.campaigns.scene import copies_in
from tests.campaigns.telling import Report

# Switched off by the campaign's own launcher: the operator forgets to name the epoch.
FORGOTTEN = "epoch_forgotten"


def run(plan: Plan) -> Report:
    """Snapshot when a third of all are there; on to the end; the snapshot put back; on to the end again."""
    report = Report("C9 restore", plan.seed)
    forgets, plan.guard_off = plan.guard_off == FORGOTTEN, plan.guard_off.replace(FORGOTTEN, "")
    with scenery(plan) as (sandbox, proxy, install):
        strangers = load(plan, sandbox, install)
        proxy.set_faults(*ambiguous_mix(plan.ambiguous), seed=plan.seed)
        if plan.latency:
            # Slow uploads: at the snapshot somebody is there whose documents are still to be sent.
            sandbox.set_faults({"kind": "latency", "seconds": plan.latency, "route": "documents.upload"})
        snapshot = install.folder / "snapshot"
        with Fleet(install, "work", "--lanes", str(plan.lanes), size=plan.workers) as fleet:
            killer = Killer(fleet, plan.seed, mean_gap=plan.mean_gap, frozen=plan.frozen)
            _until_a_share_is_there(sandbox, fleet, plan)
            install.database.snapshot(snapshot)
            sandbox.clear_faults()
            at_snapshot = sandbox.state()["counts"]
            drive(install, fleet, killer, seconds=plan.duration)
        held = sandbox.state()
        at_restore = held["counts"]
        install.database.restore(snapshot)
        if not forgets:
            # To the very moment: heads that were signed a second ago are lost by the restore, too.
            install.environment["RECOVERY_EPOCH"] = datetime.now(UTC).isoformat()
        proxy.clear_faults()
        started = time.monotonic()
        finish(install, report)
        report.figures |= {
            "customers_there_at_the_snapshot": at_snapshot["customers"],
            "customers_there_at_the_restore": at_restore["customers"],
            "documents_there_at_the_snapshot": at_snapshot["documents"],
            "documents_there_at_the_restore": at_restore["documents"],
            "seconds_after_the_restore": round(time.monotonic() - started, 1),
            "database": plan.database,
        }
        report.require(
            at_restore["customers"] > at_snapshot["customers"], "load", "nothing was sent after the snapshot"
        )
        # To the database that was put back, whoever worked at the snapshot is as good as killed.
        fleet.struck_pids |= fleet.pids
        report.take(judge(scene_of(sandbox, install, fleet, strangers, forgotten=copies_in(held))))
    return report


def _until_a_share_is_there(sandbox, fleet: Fleet, plan: Plan) -> None:
    deadline = time.monotonic() + plan.duration
    while sandbox.state()["counts"]["customers"] < plan.customers / 3 and time.monotonic() < deadline:
        fleet.tend()
        time.sleep(0.1)
