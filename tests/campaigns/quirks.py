"""Each quirk switch of the sandbox alone, then random mixes of them: C1 in short form holds under all.

What the exchange's documents leave open is a switch there (exchange/sandbox/faults.py). A switch without an
entry here is a failure: nobody said which values of it are to be tried.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from exchange.sandbox.faults import QUIRKS
from tests.campaigns.c1_exactly_once import NO_END, Plan
from tests.campaigns.c1_exactly_once import run as run_c1
from tests.campaigns.telling import Report

# Calls a second that the exchange lets through, and what the product is told of it, as an operator would: by
# a limit that lets one call through at a time every bit of jitter is met, and each 429 halves our rate.
RATE_THERE, RATE_HERE = 30.0, 20.0
TOMORROW = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
# Values beside the default. All times are of the virtual hour: 1 s stands for 300.
VALUES: dict[str, tuple[Any, ...]] = {
    "dialect": ("2025-11", "2026-04", "any"),
    "review_seconds": (0.0, 60.0),
    "today": (TOMORROW,),
    "nonce_window_ms": (2500,),
    "nonce_unique": (True,),
    "nonce_increasing": (True,),
    "key_active": (False,),
    "key_permitted": (False,),
    "owner_state": ("pending", "banned", "locked", "deleted"),
    "owner_2fa": (False,),
    "rate_per_second": (RATE_THERE,),
    "rate_burst": (1,),
    "rate_retry_after": (False,),
    "masking": (True,),
    "ubo_uid_in_create": (False,),
    "ubo_uid_in_get": (False,),
    "account_name": ("custom_id",),
    "business_kyc_status": ("list_only", "hidden"),
    "business_account_name": (True,),
    "list_order": ("desc", "random"),
    "list_lag_seconds": (0.5,),
    "list_total": (False,),
    "list_page_cap": (3,),
    "payments_webhook_url": ("details", "nowhere"),
    "error_shape": ("object", "string", "singular"),
    "racy_email_seconds": (0.2,),
    "email_case": ("exact",),
    "ubo_email_scope": ("business",),
    "doc_limit": (2,),
    "size_limit": (4_000_000,),
    "create_status": (200,),
    "upload_answer": ("bare_201",),
    "sa_id_number_alias": (True,),
    "stock_names": (True,),
    "stock_doc_numbers": (True,),
    "upload_resets_verdict": (True,),
}
# Nothing at all goes through with these: they are on for a while, then mended, as a person would.
LOCK_OUT = ("key_active", "key_permitted", "owner_state", "owner_2fa")
LOCKED_OUT_SECONDS = 3.0
# A limit that is on only if there is a rate.
NEEDS_RATE = ("rate_burst", "rate_retry_after")
# With these the exchange itself keeps some documents from being sent: they wait, and are listed.
EXCUSES = {
    "doc_limit": frozenset({"rejected_by_exchange", "refused_by_exchange", "upload_outcome_unknown"}),
    "ubo_uid_in_get": frozenset({"ubo_uid_unknown"}),
}
MIXES, MIXED_AT_ONCE = 20, 6


@dataclass
class QuirksPlan(Plan):
    """`mixes`: how many random ones follow; `only`: one switch alone, by name. `count` of
    all from the one at `first` on: a piece of the whole."""

    customers: int = 14
    payees: int = 3
    merchants: int = 3
    workers: int = 2
    is_packed: bool = False
    strangers: float = 0.15
    haste: float = 3.0
    frozen: float = 5.0
    duration: float = 25.0
    mixes: int = MIXES
    only: str = ""
    first: int = 0
    count: int = 10**6


def plan_for(plan: QuirksPlan, quirks: dict[str, Any], seed: int) -> Plan:
    """C1 under these quirks, and what they excuse."""
    rate = plan.rate
    if set(quirks) & set(NEEDS_RATE):
        quirks, rate = {"rate_per_second": RATE_THERE, **quirks}, RATE_HERE
    excused = frozenset[str]().union(*(EXCUSES.get(name, frozenset()) for name in quirks))
    is_locked_out = bool(set(quirks) & set(LOCK_OUT))
    return replace(
        plan,
        seed=seed,
        quirks=quirks,
        rate=rate,
        quirks_for=LOCKED_OUT_SECONDS if is_locked_out else NO_END,
        excused=excused,
    )


def singles(only: str = "") -> list[dict[str, Any]]:
    return [{name: value} for name, values in VALUES.items() for value in values if only in ("", name)]


def mixes(count: int, seed: int) -> list[dict[str, Any]]:
    """So many of up to six switches; those that lock us out are alone."""
    chance = random.Random(f"quirks-{seed}")
    names = [name for name in VALUES if name not in LOCK_OUT]
    return [
        {name: chance.choice(VALUES[name]) for name in chance.sample(names, chance.randint(2, MIXED_AT_ONCE))}
        for _ in range(count)
    ]


def run(plan: QuirksPlan) -> Report:
    report = Report("Quirks, each alone and mixed", plan.seed)
    missing = sorted(set(QUIRKS) - set(VALUES))
    report.require(not missing, "every switch is tried", f"no value for {', '.join(missing)}")
    started, tried = time.monotonic(), 0
    alone = singles(plan.only)
    mixed = [] if plan.only else mixes(plan.mixes, plan.seed)
    for number, quirks in [*enumerate([*alone, *mixed])][plan.first : plan.first + plan.count]:
        told = run_c1(plan_for(plan, quirks, plan.seed + number))
        tried += 1
        name = ", ".join(f"{key}={value}" for key, value in quirks.items())
        print(f"{'holds ' if told.holds else 'BROKEN'} {told.figures.get('seconds')} s  {name}", flush=True)
        for invariant, lines in told.broken.items():
            for line in lines[:3]:
                report.require(False, name, f"{invariant}: {line}")
        for figure in ("kills", "freezes", "lost", "doubled", "wrong_adoptions"):
            report.figures[figure] = report.figures.get(figure, 0) + told.figures.get(figure, 0)
    report.figures |= {
        "switches": len({name for quirks in alone for name in quirks}),
        "values_alone": len(alone),
        "mixes": len(mixed),
        "tried": tried,
        "database": plan.database,
        "seconds": round(time.monotonic() - started, 1),
    }
    return report
