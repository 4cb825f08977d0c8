"""C2: killed at every executed line of the delivery's code, at named points, at pairs of them: one end."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from tests.campaigns.c1_exactly_once import Plan, scenery
from tests.campaigns.crashing import PAYMENT_POINTS, POINTS
from tests.campaigns.fleet import end
from tests.campaigns.telling import Report

# More lines than a delivery of the small load has; the run ends where the delivery does.
MOST_LINES = 20_000


@dataclass
class CrashPlan(Plan):
    """`lines`: at which executed lines, or None for every one.

    `each_source_line`: instead of every executed line each line of the source, the first time and the last.
    `points`: named points, each the first and the second time it is reached; `pairs`: one after another.
    `lost_reply`: the create's reply is lost each time, so that what resolves it is killed, too. `is_payment`:
    a payment reference is delivered, of somebody who is there. `share` of
    `shares`: every so-manieth kill of all.
    """

    lines: Sequence[int] | None = None
    share: int = 0
    shares: int = 1
    each_source_line: bool = False
    points: bool = True
    pairs: bool = False
    lost_reply: bool = False
    is_business: bool = True
    is_payment: bool = False
    in_memory: bool = True
    names: tuple[str, ...] = ()

    @property
    def points_of(self) -> tuple[str, ...]:
        """The named points: those asked for, or all that there are on the way."""
        return self.names or tuple(PAYMENT_POINTS if self.is_payment else POINTS)


def run(plan: CrashPlan) -> Report:
    report = Report("C2 crash points", plan.seed)
    plan.settle_seconds = min(plan.settle_seconds, 0.3)
    kills: list[list[dict]] = []
    if plan.points:
        kills += [[{"point": name, "nth": nth}] for name in plan.points_of for nth in (1, 2)]
    if plan.pairs:
        kills += [[{"point": one}, {"point": two}] for one, two in product(plan.points_of, repeat=2)]
    lines = plan.lines if plan.lines is not None else range(1, MOST_LINES)
    if not plan.each_source_line:
        kills += [[{"line": number}] for number in lines]
    with scenery(plan) as (sandbox, _proxy, install):
        install.environment["EXCHANGE_BASE_URL"] = sandbox.base_url
        merchant = sandbox.add_merchant(name="Merchant")
        if plan.is_payment:
            install.ask_for_payments(seed=plan.seed, payees=1, merchants=[merchant], is_handed_over=False)
        else:
            load = {"individuals": int(not plan.is_business), "businesses": int(plan.is_business)}
            install.seed(seed=plan.seed, merchants=[merchant], documents=["Passport"], **load)
        template = install.folder / "template.sqlite3"
        install.database.snapshot(template)
        order = install.folder / "order.json"
        order.write_text(
            json.dumps(
                {
                    "template": str(template),
                    "database": str(install.database.path),
                    "sandbox_port": sandbox.port,
                    "kills": kills,
                    "log": str(install.folder / "deliveries.log"),
                    "lost_reply": plan.lost_reply,
                    "each_source_line": plan.each_source_line,
                    "has_payees": plan.is_payment,
                    "share": plan.share,
                    "shares": plan.shares,
                }
            )
        )
        started, runs, unreached, last_line = time.monotonic(), 0, 0, 0
        process = install.start(str(order), program="crashing", output=subprocess.PIPE)
        try:
            for row in process.stdout or ():
                answer = json.loads(row)
                runs += 1
                unreached += answer["ended"]
                last_line = max(last_line, answer["kill"][0].get("line", 0))
                for name, lines_broken in answer["broken"].items():
                    for line in lines_broken[:2]:
                        report.require(False, name, f"killed at {answer['kill']}: {line}")
                if time.monotonic() - started > plan.duration:
                    report.figures["stopped_by_duration"] = True
                    break
            else:
                process.wait(30)
                report.require(process.returncode == 0, "runner", install.last_words()[-1500:])
        finally:
            with contextlib.suppress(ProcessLookupError):
                end(process)
        if not report.holds:
            with contextlib.suppress(OSError):
                report.figures["log"] = (install.folder / "deliveries.log").read_text()[-1500:]
        report.figures["executed_lines"] = _executed(install.folder / "deliveries.log")
    report.require(runs > 0, "runner", "nothing was killed")
    report.figures |= {
        "runs": runs,
        # It ended before it came to where it was to be killed: that often only chance leads there.
        "unreached": unreached,
        "last_line": last_line,
        "lost_reply": plan.lost_reply,
        "seconds": round(time.monotonic() - started, 1),
    }
    return report


def run_shares(plan: CrashPlan) -> Report:
    """The same in `plan.workers` shares side by side, each with a sandbox and an install of its own."""
    shares = [replace(plan, share=share, shares=plan.workers) for share in range(plan.workers)]
    with ThreadPoolExecutor(plan.workers) as pool:
        reports = list(pool.map(run, shares))
    whole = Report("C2 crash points", plan.seed, {"lost_reply": plan.lost_reply, "pairs": plan.pairs})
    for report in reports:
        for name, lines in report.broken.items():
            whole.broken.setdefault(name, []).extend(lines)
    for name in ("executed_lines", "last_line", "seconds"):
        whole.figures[name] = max(report.figures[name] for report in reports)
    for name in ("runs", "unreached"):
        whole.figures[name] = sum(report.figures[name] for report in reports)
    if any(report.figures.get("stopped_by_duration") for report in reports):
        whole.figures["stopped_by_duration"] = True
    return whole


def _executed(log: Path) -> int:
    """How many lines the longest delivery executed that was not killed."""
    found = re.findall(r"executed (\d+) lines", log.read_text() if log.exists() else "")
    return max(map(int, found), default=0)
