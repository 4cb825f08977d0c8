"""C1: a third of the replies are lost, workers are killed and frozen, and everybody is there exactly once."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exchange.sandbox.testing import SandboxProcess
from tests.campaigns.databases import PostgresDatabase, SqliteDatabase
from tests.campaigns.fleet import Fleet, Install, Killer
from tests.campaigns.invariants import judge
from tests.campaigns.packs import write_pack
from tests.campaigns.payees import REFERENCES
from tests.campaigns.proxy_process import ProxyProcess, ambiguous_mix
from tests.campaigns.scene import Scene
from tests.campaigns.strangers import take_emails
from tests.campaigns.telling import Report

NO_END = float("inf")


@dataclass
class Plan:
    """One run. `duration`: seconds of killing at most. `is_packed`: in through `import_pack`, else as rows.

    `in_memory`: its files lie in memory, where no disk slows what crashes a thousand times. `quirks`: of the
    sandbox, for the first `quirks_for` seconds where they let nothing through; `excused`: see Scene.
    `latency`: seconds that each call takes at the exchange. `list_lag`: how long a new customer is missing
    from the lists, up to 30 s of 300 in life.
    `broker_url`: rung by that broker; else the workers look for themselves.
    `haste`: how much faster than in life a dead worker is noticed. `payees`: customers beside the others who
    are verified and have payment references to be sent.
    """

    seed: int = 7
    customers: int = 400
    payees: int = 0
    database: str = "sqlite"
    duration: float = 300.0
    workers: int = 8
    lanes: int = 4
    merchants: int = 20
    ambiguous: float = 0.35
    mean_gap: float = 1.5
    is_packed: bool = True
    strangers: float = 0.02
    haste: float = 1.0
    settle_seconds: float = 1.0
    rate: float = 500.0
    guard_off: str = ""
    quirks: dict | None = None
    quirks_for: float = NO_END
    excused: frozenset[str] = frozenset()
    latency: float = 0.0
    list_lag: float = 0.1
    frozen: float = 12.0
    in_memory: bool = False
    broker_url: str = ""


@contextlib.contextmanager
def scenery(plan: Plan) -> Iterator[tuple[SandboxProcess, ProxyProcess, Install]]:
    """A sandbox, the proxy in front of it and an install that knows the proxy alone."""
    memory = Path("/dev/shm")
    where = str(memory) if plan.in_memory and os.access(memory, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="campaign-", dir=where) as name,
        SandboxProcess(Path(name) / "sandbox", review_seconds=0.1) as sandbox,
        ProxyProcess(sandbox.port) as proxy,
        PostgresDatabase() if plan.database == "postgresql" else SqliteDatabase(Path(name)) as database,
    ):
        install = Install(
            Path(name),
            database,
            proxy.base_url,
            sandbox=sandbox,
            guard_off=plan.guard_off,
            haste=plan.haste,
            settle_seconds=plan.settle_seconds,
            rate=plan.rate,
        )
        if plan.broker_url:
            install.environment["BROKER_URL"] = plan.broker_url
        yield sandbox, proxy, install


def load(plan: Plan, sandbox: SandboxProcess, install: Install) -> frozenset[str]:
    """Everybody submitted, nobody sent; the e-mails that a stranger holds at the exchange."""
    merchants = [sandbox.add_merchant(name=f"Merchant {number}") for number in range(plan.merchants)]
    if plan.payees:
        asked = install.ask_for_payments(seed=plan.seed, payees=plan.payees, merchants=merchants)
        assert asked == plan.payees * REFERENCES, f"{asked} payment references were asked for"
    if plan.is_packed:
        pack = write_pack(
            install.folder / "pack", customers=plan.customers, seed=plan.seed, merchants=merchants
        )
        strangers = take_emails(sandbox, pack.individuals, share=plan.strangers, seed=plan.seed)
        said = install.must("import_pack", str(pack.folder), "--submit", "--accept-warnings", "a campaign")
        assert "rejected" not in said or " 0 " in said, said
        return strangers
    businesses = round(plan.customers * 0.3)
    individuals = plan.customers - businesses
    people = [
        (merchants[number % len(merchants)], f"s{plan.seed}.person{number}@example.com")
        for number in range(individuals)
    ]
    strangers = take_emails(sandbox, people, share=plan.strangers, seed=plan.seed)
    install.seed(seed=plan.seed, individuals=individuals, businesses=businesses, merchants=merchants)
    return strangers


def unsettled(install: Install) -> int:
    """How many intents still move by themselves."""
    rows = install.database.rows(
        "SELECT COUNT(*) FROM exchange_intent WHERE state IN ('sending', 'unknown') "
        "OR (state = 'pending' AND is_ready)"
    )
    return int(rows[0][0])


def drive(install: Install, fleet: Fleet, killer: Killer | None, *, seconds: float) -> float:
    """Let it run under fire for `seconds`, or until nothing moves any more; how long that was."""
    started = time.monotonic()
    look_at = started + 1
    while time.monotonic() - started < seconds:
        if killer is not None:
            killer.strike()
        fleet.tend()
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + 0.5
            if not unsettled(install):
                break
        time.sleep(0.05)
    return time.monotonic() - started


def scene_of(
    sandbox: SandboxProcess, install: Install, fleet: Fleet | None, strangers: frozenset[str], **more: object
) -> Scene:
    return Scene(
        facts=install.facts(),
        held={**sandbox.state(), "payments": sandbox.payment_references()},
        effects=sandbox.oracle(),
        strangers=strangers,
        status=outbox_status(install),
        **{"struck_pids": frozenset(fleet.struck_pids if fleet else ()), **more},  # type: ignore[arg-type]
    )


def outbox_status(install: Install) -> dict | None:
    """What `outbox_status --json` says; None while there is no such command."""
    import json
    from importlib.util import find_spec

    rooms = ("exchange", "kyc", "portal")
    if not any(
        find_spec(f"{room}.management.commands.outbox_status")
        for room in rooms
        if find_spec(f"{room}.management")
    ):
        return None
    return json.loads(install.must("outbox_status", "--json", allowed=(0, 1)))


def run(plan: Plan) -> Report:
    report = Report("C1 exactly once", plan.seed)
    quirks = {"list_lag_seconds": plan.list_lag, **(plan.quirks or {})}
    with scenery(plan) as (sandbox, proxy, install):
        install.environment["EXCHANGE_DIALECT"] = spoken(quirks, sandbox.dialect)
        strangers = load(plan, sandbox, install)
        slowness = [{"kind": "latency", "seconds": plan.latency}] if plan.latency else []
        sandbox.set_faults(*slowness, seed=plan.seed, **quirks)
        proxy.set_faults(*ambiguous_mix(plan.ambiguous), seed=plan.seed)
        started = time.monotonic()
        with Fleet(install, "work", "--lanes", str(plan.lanes), size=plan.workers) as fleet:
            killer = Killer(fleet, plan.seed, mean_gap=plan.mean_gap, frozen=plan.frozen)
            if plan.quirks_for < NO_END:
                drive(install, fleet, killer, seconds=plan.quirks_for)
                sandbox.clear_faults()
                quirks = {}
            drive(install, fleet, killer, seconds=plan.duration)
        proxy_struck = proxy.struck
        proxy.clear_faults()
        finish(install, report)
        seconds = time.monotonic() - started
        report.take(judge(scene_of(sandbox, install, fleet, strangers, excused=plan.excused)))
        report.figures |= {
            "seconds": round(seconds, 1),
            "kills": fleet.kills,
            "freezes": fleet.freezes,
            "worker_ends": fleet.ends,
            "faults": proxy_struck,
            "database": plan.database,
            "broker": plan.broker_url.split(":", 1)[0] or "none",
            "quirks": plan.quirks or {},
        }
    return report


def spoken(quirks: dict, otherwise: str) -> str:
    """The dialect that the product speaks to an exchange with these quirks."""
    asked = quirks.get("dialect", otherwise)
    return otherwise if asked == "any" else asked


def finish(install: Install, report: Report, at_most: float = 180.0) -> None:
    """With nothing broken any more, deliver until nothing is left to do; that must come to an end."""
    if install.environment["CAMPAIGN_GUARD_OFF"]:
        at_most = min(at_most, 25.0)  # without its guard it may never be idle
    try:
        code, said = install.run("deliver_outbox", "--until-idle", timeout=at_most)
        report.require(code in (0, 1), "idle", f"deliver_outbox ended with {code}: {said[-400:]}")
    except subprocess.TimeoutExpired:
        report.require(False, "idle", f"still not idle {at_most:.0f} s later: {install.states()}")
