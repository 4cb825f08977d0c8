"""C11: PORTAL_KEYS, SECRET_KEY and the exchange's key are replaced under load, the rotation is killed on its
way: everything opens, no call fails for its key, and the old keys are used no more."""

from __future__ import annotations

import base64
import contextlib
import random
import time
from collections.abc import Iterator

from exchange.sandbox.testing import SandboxProcess
from tests.campaigns.c1_exactly_once import Plan, drive, finish, load, scene_of, scenery
from tests.campaigns.fleet import Fleet, Install, Killer, end
from tests.campaigns.invariants import judge
from tests.campaigns.packs import write_pack
from tests.campaigns.proxy_process import ambiguous_mix
from tests.campaigns.telling import Report
from tests.campaigns.web import browser, web_server

KILLS = 4
TWO = "2:" + base64.b64encode(b"d" * 32).decode()
NEW_SECRET_KEY = "the next one for campaigns alone"
NEW_KEY, NEW_SECRET = "fedcba9876543210", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
# What the sandbox says of a key that is not, or not any more.
OF_THE_KEY = ("authz.unexistent_apikey", "authz.invalid_signature", "authz.apikey_not_active")


def run(plan: Plan) -> Report:
    """All three, in the order of docs/operations.md. `is_packed`: with an import and a browser on the way."""
    report = Report("C11 rotation", plan.seed)
    with scenery(plan) as (sandbox, proxy, install):
        strangers = load(plan, sandbox, install)
        proxy.set_faults(*ambiguous_mix(plan.ambiguous), seed=plan.seed)
        first = install.environment["PORTAL_KEYS"]
        session = _Session(install) if plan.is_packed else None
        with Fleet(install, "work", "--lanes", str(plan.lanes), size=plan.workers) as fleet:
            killer = Killer(fleet, plan.seed, mean_gap=plan.mean_gap, frozen=plan.frozen)
            drive(install, fleet, killer, seconds=min(plan.duration / 4, 5.0))
            # New and old side by side, everything started anew.
            sandbox.add_key(NEW_KEY, NEW_SECRET)
            install.environment |= {
                "PORTAL_KEYS": f"{first},{TWO}",
                "SECRET_KEY_FALLBACKS": install.environment["SECRET_KEY"],
                "SECRET_KEY": NEW_SECRET_KEY,
                "EXCHANGE_API_KEY": NEW_KEY,
                "EXCHANGE_API_SECRET": NEW_SECRET,
            }
            _start_anew(fleet)
            if session is not None:
                report.require(session.goes_on(install), "sessions", "the new SECRET_KEY ended one")
            with _writers(plan, sandbox, install, report):
                killed = _rotate_under_fire(plan, install, fleet, killer, report)
            _write_once_more(plan, install)
            # The old ones are taken away, and everything is started anew.
            sandbox.retire_key(sandbox.key)
            install.environment["PORTAL_KEYS"] = TWO
            del install.environment["SECRET_KEY_FALLBACKS"]
            _start_anew(fleet)
            if session is not None:
                report.require(
                    session.goes_on(install), "sessions", "taking the old SECRET_KEY away ended one"
                )
            drive(install, fleet, killer, seconds=plan.duration)
        proxy.clear_faults()
        code, said = install.run("rotate_keys", "--dry-run")
        report.require(code == 0 and "version 1" not in said, "old keys unused", said[-600:])
        if code:
            return report
        finish(install, report)
        report.take(judge(scene_of(sandbox, install, fleet, strangers)))
        refused = sandbox.state()["counts"]["refused"]
        failed = sum(refused.get(code, 0) for code in OF_THE_KEY)
        report.require(not failed, "no call fails for its key", f"{failed} did: {refused}")
        report.require("does_not_open" not in install.last_words(), "everything opens", install.last_words())
        report.figures |= {
            "rotations_killed": killed,
            "kills": fleet.kills,
            "freezes": fleet.freezes,
            "refused_for_their_key": failed,
            "database": plan.database,
        }
    return report


def _start_anew(fleet: Fleet) -> None:
    """As an operator does: all of them end what they are at, and begin with what they are given now."""
    fleet.stop()
    fleet.begin()


def _rotate_under_fire(plan: Plan, install: Install, fleet: Fleet, killer: Killer, report: Report) -> int:
    """`rotate_keys`, killed a few times when chance has it, then to its end; how often it was killed."""
    chance = random.Random(plan.seed)
    killed, longest = 0, 0.0
    for _ in range(KILLS if plan.is_packed else 1):
        rotation, started = install.start("rotate_keys"), time.monotonic()
        # Most of it is its start; later tries know how long a whole one takes.
        until = started + chance.uniform(0.3, max(longest, 2.0))
        while time.monotonic() < until and rotation.poll() is None:
            killer.strike()
            fleet.tend()
            time.sleep(0.02)
        killed += rotation.poll() is None
        longest = max(longest, time.monotonic() - started)
        end(rotation)
    code, said = install.run("rotate_keys")
    report.require(
        code == 0, "rotation", f"it ended with {code}: {said[-600:]}\n{install.last_words()[-600:]}"
    )
    return killed


@contextlib.contextmanager
def _writers(plan: Plan, sandbox: SandboxProcess, install: Install, report: Report) -> Iterator[None]:
    """Somebody who writes customers and documents all the while: an import, or rows."""
    if plan.is_packed:
        merchants = [row["uid"] for row in sandbox.state()["merchants"]]
        pack = write_pack(
            install.folder / "more",
            customers=max(plan.customers // 4, 10),
            seed=plan.seed + 1,
            merchants=merchants,
        )
        writer = install.start("import_pack", str(pack.folder), "--submit", "--accept-warnings", "a rotation")
    else:
        writer = install.start(_rows(plan, "during"), program="seeding")
    try:
        yield
        code = writer.wait(600)
        report.require(code in (0, 1), "writers", f"one ended with {code}: {install.last_words()[-600:]}")
    finally:
        end(writer)


def _write_once_more(plan: Plan, install: Install) -> None:
    """When the rotation is over, with the old version still listed."""
    install.must(_rows(plan, "after"), program="seeding")


def _rows(plan: Plan, prefix: str) -> str:
    import json

    return json.dumps({"seed": plan.seed, "individuals": 3, "prefix": prefix})


class _Session:
    """Somebody who signed in before any of it, and goes on."""

    def __init__(self, install: Install) -> None:
        self.browser = browser(install.must(program="web").split("\n")[-2])

    def goes_on(self, install: Install) -> bool:
        with web_server(install) as address:
            answer = self.browser.post(f"{address}/accounts/sessions/here/", timeout=60)
        # The new key's session has a cookie of its own.
        for cookie in answer.cookies:
            held = dict(part.split("=", 1) for part in self.browser.headers["Cookie"].split("; "))
            held[cookie.name] = str(cookie.value)
            self.browser.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in held.items())
        self.browser.cookies.clear()
        return answer.status_code == 204  # 205 where it is over
