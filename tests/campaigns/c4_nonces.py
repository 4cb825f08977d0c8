"""C4: many processes take nonces of one key while the clock steps: none twice, always rising."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.campaigns.c1_exactly_once import Plan, scenery
from tests.campaigns.telling import Report

# In milliseconds, one after the other: back ten seconds, forward ten, and a little to and fro.
STEPS = (-10_000, 0, 10_000, 0, -3_000, 3_000, 0)


@dataclass
class NoncePlan(Plan):
    takes: int = 50_000
    processes: int = 32
    steps: tuple[int, ...] = field(default=STEPS)


def run(plan: NoncePlan) -> Report:
    report = Report("C4 nonces", plan.seed)
    with scenery(plan) as (_sandbox, _proxy, install):
        folder = install.folder / "takers"
        folder.mkdir()
        order = {
            "processes": plan.processes,
            "takes": plan.takes,
            "steps": list(plan.steps),
            "folder": str(folder),
        }
        started = time.monotonic()
        code, said = install.run(json.dumps(order), program="nonce_takers", timeout=plan.duration)
        seconds = time.monotonic() - started
        report.require(code == 0, "takers", f"they ended with {code}: {said} {install.last_words()[-600:]}")
        seen: Counter[int] = Counter()
        refused = furthest = falls = 0
        for path in folder.iterdir():
            before = 0
            for line in path.read_text().splitlines():
                nonce, now, is_taken = map(int, line.split())
                seen[nonce] += 1
                falls += nonce <= before
                before = nonce
                refused += not is_taken
                if is_taken:
                    furthest = max(furthest, abs(now - nonce))
    total = sum(seen.values())
    repeats = total - len(seen)
    report.require(repeats == 0, "no nonce twice", f"{repeats} of {total} were given twice")
    report.require(falls == 0, "nonces rise", f"{falls} were not above the one before")
    # What is under way when the clock steps can't know of it; the first refusal teaches everybody.
    allowed = 2 * plan.processes * len(plan.steps)
    report.require(refused <= allowed, "the clock is learnt", f"{refused} refused, {allowed} could be")
    report.figures |= {
        "takes": total,
        "processes": plan.processes,
        "steps_ms": list(plan.steps),
        "repeats": repeats,
        "refused_at_a_step": refused,
        "furthest_from_the_clock_ms": furthest,
        "takes_a_second": round(total / max(seconds, 0.001)),
        "seconds": round(seconds, 1),
        "database": plan.database,
    }
    return report
