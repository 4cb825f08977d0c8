"""C10: four importers of the same rows and one of a workbook with half of them, killed again and again: each
row once, each file with its row."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from pathlib import Path

from tests.campaigns.c1_exactly_once import Plan, scenery
from tests.campaigns.fleet import end
from tests.campaigns.invariants import judge
from tests.campaigns.packs import write_pack, write_workbook
from tests.campaigns.scene import Scene
from tests.campaigns.telling import Report

MOST_MEMORY_MB = 300


def run(plan: Plan) -> Report:
    """`plan.mean_gap`: seconds from kill to kill; `plan.duration`: seconds of killing at most."""
    report = Report("C10 imports", plan.seed)
    chance = random.Random(plan.seed)
    with scenery(plan) as (sandbox, _proxy, install):
        merchants = [sandbox.add_merchant(name=f"Merchant {number}") for number in range(plan.merchants)]
        whole = write_pack(
            install.folder / "whole", customers=plan.customers, seed=plan.seed, merchants=merchants
        )
        # The same rows again, the first half of them, as a workbook.
        half = write_pack(
            install.folder / "half", customers=plan.customers // 2, seed=plan.seed, merchants=merchants
        )
        packs = [whole.folder, whole.folder, write_workbook(half), whole.folder, whole.folder]
        # The tables are made before the race begins.
        install.must("create_first_officer", "--email", "officer@example.com")
        words = [["import_pack", str(pack), "--submit", "--accept-warnings", "a race"] for pack in packs]
        importers = [install.start(*command) for command in words]
        peak, kills, started = 0, 0, time.monotonic()
        ended = [False] * len(importers)
        next_kill = started + plan.mean_gap
        while not all(ended):
            time.sleep(0.05)
            under_fire = time.monotonic() - started < plan.duration
            for place, importer in enumerate(importers):
                peak = max(peak, _peak_mb(importer.pid))
                if importer.poll() is not None and not ended[place]:
                    ended[place] = True
                    report.require(
                        importer.returncode in (0, 1),
                        "import",
                        f"an importer ended with {importer.returncode}",
                    )
            running = [place for place, importer in enumerate(importers) if not ended[place]]
            if under_fire and running and time.monotonic() > next_kill:
                next_kill = time.monotonic() + plan.mean_gap
                place = chance.choice(running)
                end(importers[place])
                kills += 1
                importers[place] = install.start(*words[place])
        seconds = time.monotonic() - started
        install.must(*words[0], allowed=(0, 1))
        facts = install.facts()
        report.require("Traceback" not in install.last_words(), "import", "an importer broke down")
        scene = Scene(facts, sandbox.state(), sandbox.oracle(), is_over=False)
        verdict = judge(scene)
        report.take(verdict)
        _each_row_once(report, facts, plan.customers, whole.documents)
        report.require(peak <= MOST_MEMORY_MB, "memory", f"an importer took {peak} MB")
        report.figures |= {
            "rows": plan.customers,
            "documents": whole.documents,
            "importers": len(packs),
            "kills": kills,
            "seconds": round(seconds, 1),
            "peak_mb": peak,
            "database": plan.database,
        }
        if not report.holds:
            report.figures["log"] = install.last_words()[-800:]
    return report


def _each_row_once(report: Report, facts: dict, customers: int, documents: int) -> None:
    references = Counter(row["reference"] for row in facts["customers"])
    emails = Counter((row["merchant_uid"], row["email"]) for row in facts["customers"])
    registered = Counter(row["customer_id"] for row in facts["audit"] if row["action"] == "customer.register")
    for name, counts in (("reference", references), ("e-mail", emails)):
        doubled = [key for key, count in counts.items() if count > 1]
        report.require(not doubled, "each row once", f"{len(doubled)} doubled by {name}")
    report.require(
        len(references) == customers, "each row once", f"{len(references)} of {customers} are there"
    )
    report.require(set(registered.values()) <= {1}, "each row once", "a customer was registered twice")
    current = Counter(
        (row["reference"], document["ubo_id"], document["doc_type"])
        for row in facts["customers"]
        for document in row["documents"]
        if document["is_current"]
    )
    report.require(set(current.values()) <= {1}, "each document once", "a document is current twice")
    report.require(
        len(current) == documents, "each document once", f"{len(current)} of {documents} are there"
    )
    waiting = [row["reference"] for row in facts["customers"] if not row["submitted_at"]]
    report.require(not waiting, "all submitted", f"{len(waiting)} are not, {waiting[:3]}")


def _peak_mb(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024
    return 0
