"""C5: one merchant hands in very many customers, nineteen a few: nobody waits behind the large one."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass

from tests.campaigns.c1_exactly_once import Plan, scene_of, scenery
from tests.campaigns.invariants import judge
from tests.campaigns.telling import Report

LEAST_JAIN = 0.95
MOST_TOO_MANY = 0.01


@dataclass
class FairnessPlan(Plan):
    """`rate`: calls a second; the exchange allows half of it for a while and then all again."""

    large: int = 5000
    small: int = 50
    merchants: int = 20
    rate: float = 20.0
    halves_for: float = 60.0


def jain(counts: list[int]) -> float:
    """Jain's index: 1 where all were served alike, 1/n where one had everything."""
    return sum(counts) ** 2 / (len(counts) * sum(count * count for count in counts)) if any(counts) else 0.0


def run(plan: FairnessPlan) -> Report:
    report = Report("C5 fairness", plan.seed)
    with scenery(plan) as (sandbox, _proxy, install):
        merchants = [sandbox.add_merchant(name=f"Merchant {number}") for number in range(plan.merchants)]
        shares = [plan.large, *[plan.small] * (plan.merchants - 1)]
        # The large one was first, and none needs documents: a customer is two calls.
        install.seed(seed=plan.seed, individuals=0, merchants=merchants, shares=shares, documents=[])
        started = time.time()
        limits = threading.Thread(target=_halve, args=(sandbox, plan), daemon=True)
        limits.start()
        process = install.start("deliver_outbox", "--until-idle", "--lanes", str(plan.lanes))
        try:
            _wait_for_the_small(sandbox, plan, started)
        finally:
            process.terminate()
            process.wait(60)
        creates = [row for row in sandbox.oracle() if row["route"] == "customers.create"]
        served = _while_all_wait(creates, merchants, plan.small)
        report.figures["jain"] = round(jain(served), 4)
        report.require(
            jain(served) >= LEAST_JAIN, "fairness", f"Jain's index is {jain(served):.3f}: {sorted(served)}"
        )
        held = sandbox.state()
        answered = Counter(held["counts"]["answered"])
        too_many = sum(count for what, count in answered.items() if str(what).endswith("429"))
        report.figures |= {
            "served_while_all_wait": served,
            "small_p95_seconds": _p95(creates, merchants[1:], started),
            "large_p50_seconds": _p95(creates, merchants[:1], started, 0.5),
            "too_many_requests": too_many,
            "creates": len(creates),
            "seconds": round(time.time() - started, 1),
        }
        report.take(judge(scene_of(sandbox, install, None, frozenset(), is_over=False)))
    return report


def _halve(sandbox, plan: FairnessPlan) -> None:
    if plan.halves_for <= 0:
        return
    time.sleep(10)
    sandbox.set_faults(rate_per_second=plan.rate / 2, rate_burst=5)
    time.sleep(plan.halves_for)
    sandbox.clear_faults()


def _wait_for_the_small(sandbox, plan: FairnessPlan, started: float) -> None:
    """Until every small merchant's customers are there: what comes after is the large one's alone."""
    wanted, after, counts = plan.small * (plan.merchants - 1), 0, Counter()
    first = None
    while time.time() - started < plan.duration:
        for row in sandbox.oracle(after):
            after = row["seq"]
            if row["route"] == "customers.create":
                merchant = row["detail"]["merchant_uid"]
                first = first or merchant
                counts[merchant] += 1
        small = sum(sorted(counts.values())[:-1]) if len(counts) == plan.merchants else 0
        if small >= wanted:
            return
        time.sleep(0.3)


def _while_all_wait(creates: list[dict], merchants: list[str], small: int) -> list[int]:
    """How many of each merchant's were created until the first small one had all of its own."""
    counts = dict.fromkeys(merchants, 0)
    for row in creates:
        merchant = row["detail"]["merchant_uid"]
        counts[merchant] += 1
        if merchant != merchants[0] and counts[merchant] >= small:
            break
    return list(counts.values())


def _p95(creates: list[dict], merchants: list[str], started: float, share: float = 0.95) -> float | None:
    waits = sorted(row["at"] - started for row in creates if row["detail"]["merchant_uid"] in merchants)
    return round(waits[int(share * (len(waits) - 1))], 1) if waits else None
