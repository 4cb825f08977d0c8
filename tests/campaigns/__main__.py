"""`python -m tests.campaigns c1 --seed 7 --customers 400 --database sqlite`: one campaign, one verdict.

Exit 0: everything held; 1: something did not, and the report says what.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.campaigns.guard_off import GUARDS
from tests.campaigns.telling import Report


def _common(options: argparse.Namespace) -> dict:
    names = ("seed", "customers", "database", "duration", "workers", "guard_off", "haste", "merchants")
    return {name: getattr(options, name) for name in names}


def _payees(options: argparse.Namespace) -> int:
    """A twentieth of the customers beside them, where it is about handing over."""
    return max(8, options.customers // 20)


def _c1(options: argparse.Namespace) -> Report:
    from tests.campaigns.c1_exactly_once import NO_END, Plan, run

    never = {"mean_gap": NO_END} if options.unkilled else {}
    return run(Plan(**_common(options), **never, is_packed=not options.as_rows, payees=_payees(options)))


def _c2(options: argparse.Namespace) -> Report:
    """Every line with and without a lost reply, in as many shares as there are workers."""
    from tests.campaigns.c2_crash_points import CrashPlan, run_shares

    return run_shares(
        CrashPlan(
            **_common(options),
            is_business=options.customers > 1,
            is_payment=options.payment,
            lost_reply=options.lost_reply,
            pairs=options.pairs,
            points=options.first <= 1,
            each_source_line=options.each_source_line,
            lines=_lines(options),
        )
    )


def _lines(options: argparse.Namespace) -> Sequence[int] | None:
    """All lines, those of a piece, or none where named points are what is asked for."""
    if options.pairs or options.points:
        return ()
    piece = range(max(1, options.first), max(1, options.first) + options.count)
    return None if options.count > MOST and options.first == 0 else piece


def _c3(options: argparse.Namespace) -> Report:
    from tests.campaigns.c3_webhooks import WebhookPlan, run

    names = ("seed", "database", "duration", "guard_off", "haste")
    plan = WebhookPlan(**{name: getattr(options, name) for name in names})
    plan.payees = options.customers
    plan.is_timed = not options.guard_off
    return run(plan)


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


def _c7(options: argparse.Namespace) -> Report:
    from tests.campaigns.c7_catch_up import CatchUpPlan, run

    return run(CatchUpPlan(**_common(options), rate=options.rate, answering=options.answering))


def _c8(options: argparse.Namespace) -> Report:
    from tests.campaigns.c8_contention import ContentionPlan, run

    names = ("seed", "database", "duration", "guard_off")
    plan = ContentionPlan(**{name: getattr(options, name) for name in names})
    plan.is_edit_only = bool(plan.guard_off)
    return run(plan)


def _c9(options: argparse.Namespace) -> Report:
    from tests.campaigns.c1_exactly_once import Plan
    from tests.campaigns.c9_restore import run

    return run(Plan(**_common(options), is_packed=not options.as_rows, payees=_payees(options)))


def _c10(options: argparse.Namespace) -> Report:
    from tests.campaigns.c1_exactly_once import Plan
    from tests.campaigns.c10_imports import run

    return run(Plan(**_common(options), mean_gap=2.0))


def _c11(options: argparse.Namespace) -> Report:
    from tests.campaigns.c1_exactly_once import Plan
    from tests.campaigns.c11_rotation import run

    return run(Plan(**_common(options), is_packed=not options.as_rows, payees=_payees(options)))


def _quirks(options: argparse.Namespace) -> Report:
    from tests.campaigns.quirks import QuirksPlan, run

    names = ("seed", "database", "guard_off", "only", "first", "count")
    return run(QuirksPlan(**{name: getattr(options, name) for name in names}))


def _twenty_kills(options: argparse.Namespace) -> Report:
    from tests.campaigns.twenty_kills import KillsPlan, run

    names = ("seed", "customers", "database", "guard_off")
    return run(KillsPlan(**{name: getattr(options, name) for name in names}, kills=options.times))


MOST = 10**6
OUTAGES = ("database", "broker_emptied", "broker_gone", "disk", "exchange")
CAMPAIGNS: dict[str, Callable[[argparse.Namespace], Report]] = {
    "c1": _c1,
    "c2": _c2,
    "c3": _c3,
    "c4": _c4,
    "c5": _c5,
    "c6": _c6,
    "c7": _c7,
    "c8": _c8,
    "c9": _c9,
    "c10": _c10,
    "c11": _c11,
    "quirks": _quirks,
    "twenty_kills": _twenty_kills,
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
    add(
        "--times", type=int, default=5, help="how often it goes out, for c6; how many kills, for twenty_kills"
    )
    add("--broker-url", default="", help="a running broker, for c6; else a Redis of its own")
    add("--answering", action="store_true", help="away, it answers 503, for c7")
    add("--payment", action="store_true", help="payment references are delivered, for c2")
    add("--lost-reply", action="store_true", help="the create's reply is lost each time, for c2")
    add("--each-source-line", action="store_true", help="each line of the source twice, for c2")
    add("--unkilled", action="store_true", help="nobody is killed, for c1")
    add("--points", action="store_true", help="at named points alone, for c2")
    add("--pairs", action="store_true", help="at named points and at pairs of them alone, for c2")
    add("--haste", type=float, default=1.0, help="how much faster than in life a dead worker is noticed")
    add("--only", default="", help="one switch alone, for quirks")
    add("--first", type=int, default=0, help="from the so-manieth on, for quirks and c2's lines")
    add("--count", type=int, default=MOST + 1, help="so many, for quirks and c2's lines")
    add("--as-rows", action="store_true", help="customers are written as rows, not imported from a pack")
    add(
        "--guard-off",
        choices=sorted([*GUARDS, "epoch_forgotten"]),
        default="",
        help="without this guard; it should fail",
    )
    add("--json", type=Path, default=None, help="where the report goes as JSON, too")
    options = parser.parse_args()
    # Told to end, it ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = CAMPAIGNS[options.campaign](options)
    print(report)
    if options.json is not None:
        options.json.write_text(json.dumps(report.as_json(), default=str))
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
