"""C7: the exchange is away for hours while thousands wait, then gives verdicts while nobody hears it.

Hours are virtual: the settle time stands for 300 s, so with a settle time of 1 s six hours take 72 s. The
half of it that is about webhooks comes with the payments: what is proved here needs none, since verdicts
are fetched by the poll.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass

from exchange.sandbox.testing import SandboxProcess
from tests.campaigns.c1_exactly_once import Plan, drive, finish, scene_of, scenery, unsettled
from tests.campaigns.fleet import Fleet, Install
from tests.campaigns.invariants import judge
from tests.campaigns.proxy_process import ProxyProcess
from tests.campaigns.telling import Report

SETTLE_STANDS_FOR = 300.0  # seconds in life
# A circuit opens after five failures in a row; what was under way by then may fail, too.
OPENS_AFTER = 10
# An open circuit is probed once a minute at the least: so late may the return be noticed.
LONGEST_OPEN_SECONDS = 60.0
# Draining at the limit: so much longer than the calls at that rate may it take (P13).
DRAIN_SHARE = 1.1
# No stampede: in no second more calls than this share of the rate, and what a bucket holds.
BUSIEST_SHARE, BURST = 1.25, 10
# As 15 minutes are to the poll's 10 (P6).
POLLS_UNTIL_RIGHT = 1.5
# The poll reads those whose row changed one after another; on a busy machine each may take so long.
DETAIL_SECONDS = 0.1
SLACK_SECONDS = 10.0
STARTS_WITHIN = 120.0


@dataclass
class CatchUpPlan(Plan):
    """`away_hours`: how long the exchange refuses connections; `unheard_hours`: how long again, while it
    decides about `verdicts` of the customers. `rate`: calls a second that are allowed. `answering`: it does
    not refuse connections but answers 503, whose outcome is unknown each time."""

    customers: int = 2000
    rate: float = 20.0
    away_hours: float = 6.0
    unheard_hours: float = 5.0
    verdicts: float = 0.2
    poll_seconds: float = 10.0
    workers: int = 2
    answering: bool = False

    def real(self, hours: float) -> float:
        return hours * 3600 * self.settle_seconds / SETTLE_STANDS_FOR


def run(plan: CatchUpPlan) -> Report:
    report = Report("C7 catch-up", plan.seed)
    with scenery(plan) as (sandbox, proxy, install):
        install.environment["POLL_SECONDS"] = str(plan.poll_seconds)
        merchants = [sandbox.add_merchant(name=f"Merchant {number}") for number in range(plan.merchants)]
        # Nobody needs documents: a customer is two calls, its creation and its reference.
        install.seed(seed=plan.seed, individuals=plan.customers, merchants=merchants, documents=[])
        started = time.monotonic()
        with Fleet(install, "work", "--lanes", str(plan.lanes), size=plan.workers) as fleet:
            _away_and_back(report, plan, sandbox, proxy, install, fleet)
            _unheard(report, plan, sandbox, proxy, install, fleet)
        finish(install, report)
        report.take(judge(scene_of(sandbox, install, fleet, frozenset())))
        report.figures |= {"seconds": round(time.monotonic() - started, 1), "database": plan.database}
    return report


def _away_and_back(
    report: Report,
    plan: CatchUpPlan,
    sandbox: SandboxProcess,
    proxy: ProxyProcess,
    install: Install,
    fleet: Fleet,
) -> None:
    away = plan.real(plan.away_hours)
    proxy.go_down(away + STARTS_WITHIN, answering=plan.answering)
    back = time.monotonic() + STARTS_WITHIN
    is_met = False
    while time.monotonic() < back:
        fleet.tend()
        if not is_met and _count(install, "SELECT COUNT(*) FROM exchange_attempt"):
            # The hours begin when the first call meets it: a worker may take long to start.
            is_met, back = True, time.monotonic() + away
        time.sleep(0.1)
    proxy.come_back()
    met = "server_failed" if plan.answering else "unreachable"
    knocks = _count(install, f"SELECT COUNT(*) FROM exchange_attempt WHERE reason = '{met}'")
    spent = _count(install, "SELECT COALESCE(SUM(tries + unknown_tries), 0) FROM exchange_intent")
    # Each lane may have had one call under way, for the half second in which the others learn of it.
    most = OPENS_AFTER + plan.workers * plan.lanes + plan.rate / 2
    probes = 2 * (1 + math.log2(max(2.0, away)))
    report.require(knocks >= 5, "load", f"the exchange was away and only {knocks} calls met it")
    report.require(
        knocks <= most + probes, "the circuit opens", f"{knocks} calls, {most + probes:.0f} could be"
    )
    report.require(spent <= most, "an outage uses up no tries", f"{spent} tries were used up")
    returned = time.time()
    drained = drive(install, fleet, None, seconds=plan.duration)
    calls = [row for row in sandbox.oracle() if row["at"] >= returned - 1]
    first = min((row["at"] for row in calls), default=returned + plan.duration) - returned
    last = max((row["at"] for row in calls), default=returned + plan.duration) - returned
    expected = len(calls) / plan.rate
    report.require(
        first <= min(LONGEST_OPEN_SECONDS, 2 * away) + SLACK_SECONDS,
        "recovery",
        f"the first call came {first:.0f} s after the exchange was back",
    )
    report.require(
        last - first <= DRAIN_SHARE * expected + SLACK_SECONDS,
        "drained at the limit",
        f"{len(calls)} calls took {last - first:.0f} s, at the limit {expected:.0f}",
    )
    busiest = max(Counter(int(row["at"]) for row in calls).values(), default=0)
    report.require(
        busiest <= BUSIEST_SHARE * plan.rate + BURST, "no stampede", f"{busiest} calls in one second"
    )
    report.figures |= {
        "away_seconds": round(away, 1),
        "away_hours_virtual": plan.away_hours,
        "calls_that_met_it_away": knocks,
        "answered_503": proxy.struck.get("unavailable", 0),
        "tries_used_up": spent,
        "first_call_seconds_after": round(first, 1),
        "drain_seconds": round(last - first, 1),
        "drain_at_the_limit_seconds": round(expected, 1),
        "busiest_second": busiest,
        "waited_seconds": round(drained, 1),
    }


def _unheard(
    report: Report,
    plan: CatchUpPlan,
    sandbox: SandboxProcess,
    proxy: ProxyProcess,
    install: Install,
    fleet: Fleet,
) -> None:
    """Verdicts are given while nothing comes through; the poll finds them, within one and a half turns."""
    unheard = plan.real(plan.unheard_hours)
    proxy.go_down(unheard, answering=plan.answering)
    back = time.monotonic() + unheard
    there = sandbox.state()["customers"]
    decided = {row["uid"]: number for number, row in enumerate(there[: round(len(there) * plan.verdicts)])}
    for uid, number in decided.items():
        (sandbox.reject if number % 3 == 2 else sandbox.verify)(uid)
    while time.monotonic() < back:
        fleet.tend()
        time.sleep(0.1)
    verdicts = {row["uid"]: row["kyc_status"] for row in sandbox.state()["customers"]}
    # A page of the list a merchant, and a call for each verdict.
    calls = len(decided) + plan.merchants
    reading = calls * max(DRAIN_SHARE / plan.rate, DETAIL_SECONDS)
    allowed = POLLS_UNTIL_RIGHT * plan.poll_seconds + reading + SLACK_SECONDS
    since = time.monotonic()
    wrong = len(decided)
    while wrong and time.monotonic() - since < allowed:
        fleet.tend()
        wrong = len(_wrong(install, verdicts))
        time.sleep(0.2)
    report.require(not wrong, "the poll converges", f"{wrong} are not as the exchange decided")
    report.require(
        not unsettled(install), "the poll converges", "the outage unsettled what had been delivered"
    )
    report.figures |= {
        "unheard_hours_virtual": plan.unheard_hours,
        "verdicts_while_unheard": len(decided),
        "right_seconds_after": round(time.monotonic() - since, 1),
        "allowed_seconds": round(allowed, 1),
    }


def _wrong(install: Install, verdicts: dict[str, str]) -> list[str]:
    """The uids of those who are decided there and not here, or otherwise."""
    held = dict(install.database.rows("SELECT uid, stage FROM customers_customer WHERE uid IS NOT NULL"))
    stages = {"verified": "verified", "rejected": "rejected"}
    return [
        uid for uid, verdict in verdicts.items() if verdict in stages and held.get(uid) != stages[verdict]
    ]


def _count(install: Install, sql: str) -> int:
    return int(install.database.rows(sql)[0][0])
