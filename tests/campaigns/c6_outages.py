"""C6: parts of the house go out one at a time: the database, the broker, the disk, the exchange."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from exchange.sandbox.testing import SandboxProcess
from tests.campaigns.brokers import Redis, empty, unheard
from tests.campaigns.c1_exactly_once import Plan, drive, finish, scene_of
from tests.campaigns.databases import PostgresCluster, PostgresDatabase, SqliteDatabase
from tests.campaigns.fleet import Fleet, Install
from tests.campaigns.invariants import judge
from tests.campaigns.proxy_process import ProxyProcess
from tests.campaigns.telling import Report
from tests.campaigns.web import browser, web_server

RECOVERS_WITHIN = 30.0
AWAY = "503 with Retry-After"
DISK_BYTES = 48_000_000


@dataclass
class OutagePlan(Plan):
    """`what`: database, broker_emptied, broker_gone, disk or exchange. `times`: how often it goes out.

    `broker`: where `what` is a broker: its kind, redis or rabbitmq (`broker_url`: that of a running one).
    """

    what: str = "database"
    times: int = 3
    outage: float = 3.0
    broker: str = "redis"
    broker_url: str = ""
    recovers_within: float = RECOVERS_WITHIN


def run(plan: OutagePlan) -> Report:
    report = Report(f"C6 {plan.what} goes out", plan.seed)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(_folder(plan)))
        sandbox = stack.enter_context(SandboxProcess(review_seconds=0.1))
        proxy = stack.enter_context(ProxyProcess(sandbox.port))
        cluster = stack.enter_context(PostgresCluster(folder)) if plan.what == "database" else None
        database = stack.enter_context(
            PostgresDatabase(cluster.url)
            if cluster
            else PostgresDatabase()
            if plan.database == "postgresql"
            else SqliteDatabase(folder)
        )
        broker = stack.enter_context(Redis(folder)) if _wants_redis(plan) else None
        install = Install(
            folder, database, proxy.base_url, sandbox=sandbox, guard_off=plan.guard_off, haste=plan.haste
        )
        if url := plan.broker_url or (broker.url if broker else ""):
            install.environment["BROKER_URL"] = url
        merchant = sandbox.add_merchant(name="Merchant")
        load = {"businesses": 0, "merchants": [merchant], "documents": ["Passport", "Selfie"]}
        install.seed(seed=plan.seed, individuals=plan.customers, prefix="a.", **load)
        sandbox.set_faults({"kind": "latency", "seconds": 0.05})
        outage = _outages(plan, cluster, broker, proxy, folder, install)
        slowest, start = 0.0, 0.0
        visitor = stack.enter_context(_Visitor.at_work(install)) if plan.what == "database" else None
        # What goes out and comes back must not end a worker: nobody starts them again. A broker that dies may
        # end a Celery worker (the library gives up where a message was in its hands); its supervisor starts
        # another, as ours does.
        is_supervised = plan.what.startswith("broker")
        with Fleet(install, "work", size=plan.workers, restarts=is_supervised) as fleet:
            begun = time.monotonic()
            for number in range(plan.times):
                _wait_for(sandbox, fleet, "a.", 120)
                # What a worker needs to start on this machine just now is no recovery.
                start = start or (time.monotonic() - begun if is_supervised else 0.0)
                patience = plan.recovers_within + start
                # Something new to do, whatever was delivered meanwhile. Of what comes just before the broker
                # is emptied, no worker hears: in turn those at work, which only the clock tells, and those
                # that start, which look once by themselves. Of what comes while the broker is gone neither:
                # in turn with what comes once it is back.
                new = {"seed": plan.seed + 1 + number, "individuals": 3, "prefix": "b.", **load}
                if plan.what == "broker_emptied" and number % 2:
                    fleet.stop()
                    install.seed(**new)
                    outage()
                    is_back = time.monotonic()
                    fleet.begin()
                elif plan.what == "broker_emptied":
                    unheard(install, new)
                    outage()
                    is_back = time.monotonic()
                elif plan.what == "broker_gone" and number % 2 == 0:
                    # Who rings now finds nobody, and what was rung before is gone with the broker.
                    assert broker is not None
                    broker.crash(plan.outage, meanwhile=partial(install.seed, **new))
                    is_back = time.monotonic()
                else:
                    outage()
                    is_back = time.monotonic()
                    install.seed(**new)
                _wait_for(sandbox, fleet, f"b.s{plan.seed + 1 + number}.", patience + 5)
                slowest = max(slowest, time.monotonic() - is_back)
            seconds = drive(install, fleet, None, seconds=plan.duration)
        report.require(
            slowest <= plan.recovers_within + start,
            "recovery",
            f"nothing moved for {slowest:.0f} s after an outage; a start takes {start:.0f} s",
        )
        # Without its guard it was judged by now, and may never be idle.
        finish(install, report, at_most=8.0 if plan.guard_off else 180.0)
        if visitor is not None:
            visitor.judge(report)
        if plan.what == "database":
            # What a worker had not yet written when the server died counts as if it had been killed.
            fleet.struck_pids |= fleet.pids
        report.take(judge(scene_of(sandbox, install, fleet, frozenset())))
        report.figures |= {
            "outages": plan.times,
            "slowest_recovery_seconds": round(slowest, 1),
            "a_start_takes_seconds": round(start, 1),
            "worker_ends": fleet.ends,
            "seconds": round(seconds, 1),
        }
        if not report.holds:
            report.figures["log"] = install.last_words()[-1500:]
    return report


class _Visitor:
    """Somebody who looks at a page of the portal all the time: 200, or 503 with Retry-After, never a 500."""

    def __init__(self, address: str, cookie: str) -> None:
        self.address, self.http = address, browser(cookie)
        self.answers: Counter[str] = Counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    @classmethod
    @contextlib.contextmanager
    def at_work(cls, install: Install) -> Iterator[_Visitor]:
        cookie = install.must(program="web").strip()
        with web_server(install) as address:
            visitor = cls(address, cookie)
            visitor._thread.start()
            try:
                yield visitor
            finally:
                visitor._over.set()
                visitor._thread.join(70)

    def _look(self) -> None:
        while not self._over.wait(0.1):
            try:
                answer = self.http.get(f"{self.address}/api/customers/?limit=1", timeout=60)
                asks_again = "Retry-After" in answer.headers
                self.answers[f"{answer.status_code}{' with Retry-After' if asks_again else ''}"] += 1
            except OSError as error:
                self.answers[type(error).__name__] += 1

    def judge(self, report: Report) -> None:
        wrong = {what: count for what, count in self.answers.items() if what not in ("200", AWAY)}
        report.require(not wrong, "503, not 500", f"{wrong}")
        report.require(self.answers[AWAY] > 0 and self.answers["200"] > 0, "load", f"{dict(self.answers)}")
        report.figures["answers_to_a_visitor"] = dict(self.answers)


def _wants_redis(plan: OutagePlan) -> bool:
    return plan.what.startswith("broker") and plan.broker == "redis" and not plan.broker_url


def _wait_for(sandbox: SandboxProcess, fleet: Fleet, prefix: str, at_most: float) -> None:
    """Until the exchange has a customer whose e-mail begins so."""
    deadline = time.monotonic() + at_most
    while time.monotonic() < deadline:
        fleet.tend()
        if any(row["email"].startswith(prefix) for row in sandbox.state()["customers"]):
            return
        time.sleep(0.1)


def _outages(
    plan: OutagePlan,
    cluster: PostgresCluster | None,
    broker: Redis | None,
    proxy: ProxyProcess,
    folder: Path,
    install: Install,
) -> Callable[[], None]:
    """What makes the outage and ends it."""
    if plan.what == "database":
        assert cluster is not None
        return lambda: cluster.crash(plan.outage)
    if plan.what == "broker_emptied":
        return lambda: empty(install.environment["BROKER_URL"])
    if plan.what == "broker_gone":
        assert broker is not None
        return lambda: broker.crash(plan.outage)
    if plan.what == "exchange":

        def deaf() -> None:
            proxy.go_down(plan.outage)
            time.sleep(plan.outage + 0.2)

        return deaf
    assert plan.what == "disk", plan.what

    def fill() -> None:
        ballast = folder / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 65_536)
        time.sleep(plan.outage)
        ballast.unlink()

    return fill


@contextlib.contextmanager
def _folder(plan: OutagePlan) -> Iterator[str]:
    """The install's folder; for a full disk, a small one of its own (only root may mount it)."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="campaign-") as name:
        if plan.what != "disk":
            yield name
            return
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "campaign", name], check=True, timeout=20
        )
        try:
            yield name
        finally:
            subprocess.run(["umount", "-l", name], check=True, timeout=20)


def can_mount() -> bool:
    return os.getuid() == 0 and shutil.which("mount") is not None
