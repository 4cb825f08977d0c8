"""Twenty kills, from outside: `import_pack` and `deliver_outbox --until-idle` against any exchange.

Uses nothing but EXCHANGE_BASE_URL and the product's public commands. A third of the replies are lost on the
way, the commands are killed twenty times and started again; in the end everybody is there once, and what is
missing or doubled there stands in `outbox_status --json`, with an unknown outcome behind it.

With EXCHANGE_BASE_URL, EXCHANGE_API_KEY and EXCHANGE_API_SECRET in the environment it runs against that
server, whose customers it then judges by the server's own list; without, against a sandbox of its own, whose
documents it sees, too. The fault proxy stands in between either way.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from exchange.client import Credentials, ExchangeClient
from exchange.sandbox.testing import SandboxProcess
from tests.campaigns.c1_exactly_once import Plan, scene_of
from tests.campaigns.databases import PostgresDatabase, SqliteDatabase
from tests.campaigns.fleet import Install, end
from tests.campaigns.invariants import judge
from tests.campaigns.packs import Pack, write_pack
from tests.campaigns.proxy_process import ProxyProcess, ambiguous_mix
from tests.campaigns.telling import Report

# So many of the kills meet the import; the others the delivery.
IMPORT_SHARE = 0.3
# More starts than this, and something does not end.
MOST_STARTS = 200
TOKEN = re.compile(r"\[([A-Z2-7]{10})\]$")


@dataclass
class KillsPlan(Plan):
    """`kills` in all; after how many seconds of a command's work, at the most, stands in `mean_gap`.
    `rate`: calls a second, so that the work outlasts the kills."""

    customers: int = 200
    merchants: int = 3
    kills: int = 20
    mean_gap: float = 1.5
    ambiguous: float = 1 / 3
    rate: float = 60.0


def run(plan: KillsPlan) -> Report:
    given = os.environ.get("EXCHANGE_BASE_URL", "")
    report = Report(f"Twenty kills, against {'another server' if given else 'the sandbox'}", plan.seed)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-")))
        sandbox = None if given else stack.enter_context(SandboxProcess(review_seconds=0.1))
        there = sandbox or _named(given)
        proxy = stack.enter_context(ProxyProcess(there.base_url))
        database = stack.enter_context(
            PostgresDatabase() if plan.database == "postgresql" else SqliteDatabase(folder)
        )
        install = Install(
            folder,
            database,
            proxy.base_url,
            sandbox=there,
            guard_off=plan.guard_off,
            settle_seconds=plan.settle_seconds,
            rate=plan.rate,
        )
        merchants = (
            [sandbox.add_merchant(name=f"Merchant {number}") for number in range(plan.merchants)]
            if sandbox
            else []
        )
        # Another server keeps what earlier runs left there: each run has people of its own.
        seed = plan.seed if sandbox else int(time.time()) % 1_000_000
        pack = write_pack(folder / "pack", customers=plan.customers, seed=seed, merchants=merchants)
        proxy.set_faults(*ambiguous_mix(plan.ambiguous), seed=plan.seed)
        commands = _Commands(plan, install)
        started = time.monotonic()
        words = ["import_pack", str(pack.folder), "--submit", "--accept-warnings", "a campaign"]
        commands.through(words, kills=round(plan.kills * IMPORT_SHARE))
        commands.through(["deliver_outbox", "--until-idle"], kills=plan.kills)
        faults = proxy.struck
        proxy.clear_faults()
        code = commands.once(["deliver_outbox", "--until-idle"])
        report.require(code in (0, 1), "idle", f"deliver_outbox ended with {code}")
        said = json.loads(commands.output(["outbox_status", "--json"]))
        report.require(
            commands.kills == plan.kills, "load", f"only {commands.kills} kills met a command at work"
        )
        report.require(not commands.endless, "it ends", f"{MOST_STARTS} starts were not enough")
        _everybody_once(report, there, merchants, pack, seed)
        scene = None
        if sandbox:
            _documents_told(report, sandbox, said, pack)
            scene = scene_of(sandbox, install, None, frozenset(), struck_pids=frozenset(commands.pids))
            report.take(judge(scene))
        _unknown_behind(report, install.facts(), said)
        report.figures |= {
            "customers": pack.customers,
            "documents": pack.documents,
            "kills": commands.kills,
            "starts": commands.starts,
            "stands_in_outbox_status": len(said["items"]),
            "faults": faults,
            "seconds": round(time.monotonic() - started, 1),
            "database": plan.database,
        }
        if not report.holds:
            report.figures["log"] = install.last_words()[-1500:]
    return report


def _named(base_url: str) -> Any:
    """The server that the environment names, as an Install needs it."""
    return SimpleNamespace(
        base_url=base_url.rstrip("/"),
        key=os.environ["EXCHANGE_API_KEY"],
        secret=os.environ["EXCHANGE_API_SECRET"],
        dialect=os.environ.get("EXCHANGE_DIALECT", "2026-02"),
    )


class _Commands:
    """The product's commands, started, killed and started again."""

    def __init__(self, plan: KillsPlan, install: Install) -> None:
        self.plan, self.install = plan, install
        self.chance = random.Random(plan.seed)
        self.kills = self.starts = 0
        self.endless = False
        self.pids: set[int] = set()
        # A guard can be off only where our own launcher starts the command.
        self._program = "launch" if plan.guard_off else "manage"
        self._startup = self._time_a_start()

    def _time_a_start(self) -> float:
        """Seconds that a command of this machine needs before it works."""
        self.output(["outbox_status", "--json"])  # makes the database
        began = time.monotonic()
        self.output(["outbox_status", "--json"])
        return 0.8 * (time.monotonic() - began)

    def through(self, words: list[str], *, kills: int) -> None:
        """Start until it ends by itself, killed until there were `kills` in all."""
        while self.starts < MOST_STARTS:
            process = self.install.start(*words, program=self._program)
            self.starts += 1
            self.pids.add(process.pid)
            if self.kills < kills:
                until = time.monotonic() + self._startup + self.chance.uniform(0.1, self.plan.mean_gap)
                while process.poll() is None and time.monotonic() < until:
                    time.sleep(0.01)
                if process.poll() is None:
                    end(process)
                    self.kills += 1
                    continue
            # Exit 2: the exchange could not be asked who its merchants are; whoever reads that tries again.
            if process.wait(600) in (0, 1):
                return
        self.endless = True

    def once(self, words: list[str]) -> int:
        code, _said = self.install.run(*words, program=self._program, timeout=600)
        return code

    def output(self, words: list[str]) -> str:
        code, said = self.install.run(*words, program=self._program, timeout=600)
        if code not in (0, 1):
            raise RuntimeError(f"{words} ended with {code}: {said[-800:]} {self.install.last_words()[-800:]}")
        return said


def _everybody_once(report: Report, there: Any, merchants: list[str], pack: Pack, seed: int) -> None:
    """By the server's own list, as any client reads it: each reference once, each token once."""
    rows = list(_listed(there, merchants))
    mine = [row for row in rows if row.custom_id in pack.references]
    counts = Counter(row.custom_id for row in mine)
    lost = [reference for reference in pack.references if not counts[reference]]
    doubled = [reference for reference, count in counts.items() if count > 1]
    report.require(not lost, "everybody is there", f"{len(lost)} are not, {lost[:3]}")
    report.require(not doubled, "everybody is there once", f"{len(doubled)} are there twice, {doubled[:3]}")
    # An account of ours that never got its reference still carries our token, or our e-mail's name.
    tokens = Counter(found[1] for row in rows if (found := TOKEN.search(row.account_name or "")))
    twice = [token for token, count in tokens.items() if count > 1]
    report.require(not twice, "everybody is there once", f"{len(twice)} tokens are there twice")
    report.figures |= {"there_by_its_list": len(mine), "not_there": len(lost), "there_twice": len(doubled)}


def _listed(there: Any, merchants: list[str]) -> Iterator[Any]:
    nonces = iter(range(time.time_ns() // 1_000_000, 2**62))
    client = ExchangeClient(
        there.base_url,
        credentials=Credentials(there.key, there.secret),
        dialect=there.dialect,
        nonce=lambda: next(nonces),
    )
    try:
        seen: set[str] = set()
        for merchant in merchants or [None]:
            page, limit, read = 1, 1000, 0
            while rows := (
                answer := client.list_customers(page=page, limit=limit, merchant_uid=merchant)
            ).rows:
                yield from (row for row in rows if row.uid not in seen)
                seen |= {row.uid for row in rows}
                read += len(rows)
                # A server may give fewer rows than it was asked for, and count its pages by what was asked.
                page, limit = page + 1, min(limit, len(rows)) if page == 1 else limit
            assert read >= (answer.total or 0), "the list can't be had whole: nothing can be judged by it"
    finally:
        client.close()


def _documents_told(report: Report, sandbox: SandboxProcess, said: dict, pack: Pack) -> None:
    """What is missing or doubled there stands in the status, by reference, UBO and type."""
    copies = Counter(row["sha256"] for row in sandbox.state()["documents"])
    listed = {
        (item["reference"], item["ubo_email"].casefold(), item["doc_type"])
        for item in said["items"]
        if item["topic"] == "document.upload"
    }
    odd = 0
    for row in pack.tables["documents"]:
        content = (pack.folder / str(row["file"])).read_bytes()
        count = copies[hashlib.sha256(content).hexdigest()]
        odd += count != 1
        key = (str(row["reference"]), str(row["ubo_email"]).casefold(), str(row["doc_type"]))
        report.require(
            count == 1 or key in listed,
            "missing or doubled stands in outbox_status",
            f"{key[0]} {key[2]} is there {count} times and not listed",
        )
    report.figures["missing_or_doubled_there"] = odd


def _unknown_behind(report: Report, facts: dict, said: dict) -> None:
    """Each document that the status lists has an attempt behind it whose outcome was unknown."""
    unknown = {
        intent["subject_id"]
        for intent in facts["intents"]
        if any(row["outcome"] == "unknown" or row["phase"] == "lost" for row in intent["attempts"])
    }
    doubted = {
        (
            customer["reference"],
            next((ubo["email"] for ubo in customer["ubos"] if ubo["id"] == document["ubo_id"]), ""),
            document["doc_type"],
        )
        for customer in facts["customers"]
        for document in customer["documents"]
        if document["id"] in unknown
    }
    for item in said["items"]:
        key = (item["reference"], item["ubo_email"], item["doc_type"])
        report.require(
            item["topic"] != "document.upload" or key in doubted,
            "an unknown outcome stands behind it",
            f"{key} is listed and had none",
        )
