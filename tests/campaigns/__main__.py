"""`python -m tests.campaigns c1 --seed 7 --customers 400 --database sqlite`: one campaign, one verdict.

Exit 0: everything held; 1: something did not, and the report says what.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from tests.campaigns.guard_off import GUARDS
from tests.campaigns.telling import Report


def _c1(options: argparse.Namespace) -> Report:
    from tests.campaigns.c1_exactly_once import Plan, run

    return run(
        Plan(
            seed=options.seed,
            customers=options.customers,
            database=options.database,
            duration=options.duration,
            workers=options.workers,
            guard_off=options.guard_off,
            is_packed=not options.as_rows,
            haste=options.haste,
            merchants=options.merchants,
        )
    )


CAMPAIGNS: dict[str, Callable[[argparse.Namespace], Report]] = {"c1": _c1}


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
    add("--haste", type=float, default=1.0, help="how much faster than in life a dead worker is noticed")
    add("--as-rows", action="store_true", help="customers are written as rows, not imported from a pack")
    add("--guard-off", choices=sorted(GUARDS), default="", help="without this guard; it should fail")
    options = parser.parse_args()
    report = CAMPAIGNS[options.campaign](options)
    print(report)
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
