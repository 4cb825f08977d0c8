"""An install of its own and the real processes in it: started, killed, frozen, started again."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

from tests.campaigns.proxy_process import ROOT

INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")
# A command may take long on a busy machine; one that hangs must end some time.
PATIENCE = 900.0


class Install:
    """An environment and a folder. `database` has `url` and `rows`; `base_url` is the exchange's."""

    def __init__(
        self,
        folder: Path,
        database: Any,
        base_url: str,
        *,
        sandbox: Any,
        guard_off: str = "",
        haste: float = 1,
        settle_seconds: float = 1.0,
        rate: float = 500,
        **more: str,
    ) -> None:
        self.folder, self.database = folder, database
        home = folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        self.log = folder / "fleet.log"
        self.environment = {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            "HOME": str(home),
            "SECRET_KEY": "for campaigns alone",
            "DATABASE_URL": database.url,
            "MEDIA_ROOT": str(folder / "media"),
            "AUDIT_HEADS": str(folder / "heads"),
            "PORTAL_KEYS": "1:" + base64.b64encode(b"c" * 32).decode(),
            "EXCHANGE_BASE_URL": base_url,
            "EXCHANGE_API_KEY": sandbox.key,
            "EXCHANGE_API_SECRET": sandbox.secret,
            "EXCHANGE_DIALECT": sandbox.dialect,
            "EXCHANGE_RATE_PER_SECOND": str(rate),
            "OUTBOX_SETTLE_SECONDS": str(settle_seconds),
            "POLL_SECONDS": "5",
            "LOG_LEVEL": "WARNING",
            "CAMPAIGN_GUARD_OFF": guard_off,
            "CAMPAIGN_HASTE": str(haste),
            **more,
        }

    def start(self, *words: str, program: str = "launch", output: IO | int | None = None) -> subprocess.Popen:
        """`manage.py <words>` as a process of its own group; what it says goes to the fleet's log.

        `program`: which of the campaigns' own; "manage": the product's very own, without any of our switches.
        """
        what = ["manage.py"] if program == "manage" else ["-m", f"tests.campaigns.{program}"]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *what, *words],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log if output is None else output,
                stderr=log,
                start_new_session=True,
            )

    def run(self, *words: str, program: str = "launch", timeout: float = PATIENCE) -> tuple[int, str]:
        """Run one command to its end: exit code and what it said."""
        process = self.start(*words, program=program, output=subprocess.PIPE)
        try:
            said, _ = process.communicate(timeout=timeout)
        except BaseException:
            end(process)
            raise
        return process.returncode, said.decode(errors="replace")

    def must(self, *words: str, program: str = "launch", allowed: tuple[int, ...] = (0,)) -> str:
        code, said = self.run(*words, program=program)
        if code not in allowed:
            raise RuntimeError(f"{words[:1]} ended with {code}:\n{said[-2000:]}\n{self.last_words()}")
        return said

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    def seed(self, **what: Any) -> int:
        return int(self.must(json.dumps(what), program="seeding").split()[-1])

    def ask_for_payments(self, **what: Any) -> int:
        return int(self.must(json.dumps(what), program="payees").split()[-1])

    def facts(self) -> dict[str, Any]:
        return json.loads(self.must(program="facts"))

    def states(self) -> dict[tuple[str, str], int]:
        """How many intents stand where, asked of the database directly: {(topic, state): count}."""
        rows = self.database.rows("SELECT topic, state, COUNT(*) FROM exchange_intent GROUP BY topic, state")
        return {(topic, state): count for topic, state, count in rows}


def end(process: subprocess.Popen, how: int = signal.SIGKILL) -> int:
    """Send a signal to the process's whole group and reap it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGCONT)
        os.killpg(process.pid, how)
    try:
        return process.wait(60)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return process.wait()


def family(pid: int) -> set[int]:
    """A process and all that it started: a Celery worker's calls are made by its children."""
    found = {pid}
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in path.read_text().split():
                found |= family(int(child))
    return found


class Fleet:
    """So many workers of one command; whoever ends is started again, as a supervisor would. A context
    manager: leaving it asks them to end (SIGTERM) and waits."""

    def __init__(self, install: Install, *command: str, size: int, restarts: bool = True) -> None:
        self.install, self.command, self.size, self.restarts = install, command, size, restarts
        self.workers: list[subprocess.Popen] = []
        self.kills = self.freezes = self.ends = 0
        # Processes that did not run freely: what they hold may overlap with what others took over.
        self.struck_pids: set[int] = set()
        self.pids: set[int] = set()
        self._thaws: list[tuple[float, subprocess.Popen]] = []

    def __enter__(self) -> Fleet:
        self.begin()
        return self

    def begin(self) -> None:
        self.workers = [self._start() for _ in range(self.size)]

    def _start(self) -> subprocess.Popen:
        worker = self.install.start(*self.command)
        self.pids.add(worker.pid)
        return worker

    def __exit__(self, *_details: object) -> None:
        self.stop()

    def stop(self) -> None:
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGCONT)
                os.killpg(worker.pid, signal.SIGTERM)
        for worker in self.workers:
            end(worker, signal.SIGTERM)
        self.workers = []

    def kill(self, worker: subprocess.Popen) -> None:
        self.struck_pids |= family(worker.pid)
        self.kills += 1
        end(worker)

    def freeze(self, worker: subprocess.Popen, seconds: float) -> None:
        self.struck_pids |= family(worker.pid)
        self.freezes += 1
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGSTOP)
        self._thaws.append((time.monotonic() + seconds, worker))

    def tend(self) -> None:
        """Thaw whose time has come; start again whoever ended."""
        now = time.monotonic()
        for at, worker in [thaw for thaw in self._thaws if thaw[0] <= now]:
            self._thaws.remove((at, worker))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGCONT)
        for place, worker in enumerate(self.workers):
            if worker.poll() is not None and self.restarts:
                self.ends += 1
                self.workers[place] = self._start()

    @property
    def awake(self) -> list[subprocess.Popen]:
        frozen = {worker.pid for _, worker in self._thaws}
        return [worker for worker in self.workers if worker.pid not in frozen and worker.poll() is None]


class Killer:
    """Strikes one worker of a fleet at exponential gaps: SIGKILL, or one in five SIGSTOP for a while."""

    def __init__(
        self,
        fleet: Fleet,
        seed: int,
        *,
        mean_gap: float = 1.5,
        freeze_share: float = 0.2,
        frozen: float = 12.0,
    ) -> None:
        self.fleet, self.mean_gap, self.freeze_share, self.frozen = fleet, mean_gap, freeze_share, frozen
        self.chance = random.Random(seed)
        self._next = time.monotonic() + self._gap()

    def _gap(self) -> float:
        if self.mean_gap == float("inf"):
            return self.mean_gap
        return min(3 * self.mean_gap, max(self.mean_gap / 3, self.chance.expovariate(1 / self.mean_gap)))

    def strike(self) -> None:
        """Strike if it is time."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._gap()
        awake = self.fleet.awake
        if not awake:
            return
        worker = self.chance.choice(awake)
        if self.chance.random() < self.freeze_share:
            self.fleet.freeze(worker, self.frozen)
        else:
            self.fleet.kill(worker)
