"""`python -m tests.campaigns c1 --seed 7 --customers 400 --database sqlite`: one campaign, one verdict.

Exit 0: everything held; 1: something did not, and the report says what.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from tests.campaigns.guard_off import GUARDS
from tests.campaigns.telling import Report


def _common(options: argparse.Namespace) -> dict:
    names = ("seed", "customers", "database", "duration", "workers", "guard_off", "haste", "merchants")
    return {name: getattr(options, name) for name in names}


def _c1(options: argparse.Namespace) -> Report:
    from tests.campaigns.c1_exactly_once import Plan, run

    return run(Plan(**_common(options), is_packed=not options.as_rows))


def _c2(options: argparse.Namespace) -> Report:
    """Every line with and without a lost reply, in as many shares as there are workers."""
    from tests.campaigns.c2_crash_points import CrashPlan, run_shares

    return run_shares(
        CrashPlan(**_common(options), is_business=options.customers > 1, lost_reply=options.lost_reply)
    )


def _c4(options: argparse.Namespace) -> Report:
    from tests.campaigns.c4_nonces import NoncePlan, run

    return run(NoncePlan(**_common(options), takes=options.customers, processes=options.workers))


def _c5(options: argparse.Namespace) -> Report:
    from tests.campaigns.c5_fairness import FairnessPlan, run

    return run(
        FairnessPlan(
            **_common(options),
            large=options.customers,
            small=max(1, options.customers // 100),
            rate=options.rate,
        )
    )


def _c6(options: argparse.Namespace) -> Report:
    from tests.campaigns.c6_outages import OutagePlan, run

    return run(
        OutagePlan(**_common(options), what=options.what, broker_url=options.broker_url, times=options.times)
    )


def _c9(options: argparse.Namespace) -> Report:
    from tests.campaigns.c1_exactly_once import Plan
    from tests.campaigns.c9_restore import run

    return run(Plan(**_common(options), is_packed=not options.as_rows))


def _c10(options: argparse.Namespace) -> Report:
    from tests.campaigns.c1_exactly_once import Plan
    from tests.campaigns.c10_imports import run

    return run(Plan(**_common(options), mean_gap=2.0))


OUTAGES = ("database", "broker_emptied", "broker_gone", "disk", "exchange")
CAMPAIGNS: dict[str, Callable[[argparse.Namespace], Report]] = {
    "c1": _c1,
    "c2": _c2,
    "c4": _c4,
    "c5": _c5,
    "c6": _c6,
    "c9": _c9,
    "c10": _c10,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=__doc__)
    add = parser.add_argument
    add("campaign", choices=sorted(CAMPAIGNS))
    add("--seed", type=int, default=7)
    add("--customers", type=int, default=400, help="how many customers, importers' rows or grants")
    add("--database", choices=("sqlite", "postgresql"), default="sqlite")
    add("--duration", type=float, default=600.0, help="seconds under fire, at most")
    add("--workers", type=int, default=8, help="processes side by side")
    add("--merchants", type=int, default=20)
    add("--rate", type=float, default=20.0, help="calls a second, for c5")
    add("--what", default="database", choices=OUTAGES, help="what goes out, for c6")
    add("--times", type=int, default=5, help="how often it goes out, for c6")
    add("--broker-url", default="", help="a running broker, for c6; else a Redis of its own")
    add("--lost-reply", action="store_true", help="the create's reply is lost each time, for c2")
    add("--haste", type=float, default=1.0, help="how much faster than in life a dead worker is noticed")
    add("--as-rows", action="store_true", help="customers are written as rows, not imported from a pack")
    add(
        "--guard-off",
        choices=sorted([*GUARDS, "epoch_forgotten"]),
        default="",
        help="without this guard; it should fail",
    )
    options = parser.parse_args()
    report = CAMPAIGNS[options.campaign](options)
    print(report)
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
