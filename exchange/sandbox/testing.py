"""A sandbox of one's own for tests and campaigns.

    sandbox = SandboxProcess().start()
    sandbox.add_merchant(name="Acme")
    sandbox.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1}, masking=True)
    sandbox.state()["customers"]
    sandbox.stop()

As fixtures: `from exchange.sandbox.testing import sandbox, sandbox_server  # noqa: F401`: one process for
the session, emptied before each test.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exchange.sandbox.configuration import DEFAULT_KEY, DEFAULT_SECRET

_ROOT = Path(__file__).resolve().parents[2]
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
START_SECONDS = 20  # a busy machine; an idle one needs about half a second


class SandboxProcess:
    """A sandbox in a process of its own, on a free port of 127.0.0.1.

    `store`: its directory; a temporary one, removed by `stop`, where none is given. `review_seconds` is
    short, so that a test need not wait for the review.
    """

    def __init__(
        self,
        store: Path | str | None = None,
        *,
        key: str = DEFAULT_KEY,
        secret: str = DEFAULT_SECRET,
        dialect: str = "2026-02",
        review_seconds: float = 0.2,
        port: int = 0,
        threads: int = 32,
    ) -> None:
        self._temporary = None if store else Path(tempfile.mkdtemp(prefix="sandbox-exchange-"))
        self.store = Path(store) if store else self._temporary
        self.key, self.secret, self.dialect = key, secret, dialect
        self.review_seconds, self.port, self.threads = review_seconds, port, threads
        self.process: subprocess.Popen | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> SandboxProcess:
        """Start it and wait until it answers; the same port and store at each start."""
        command = [
            sys.executable,
            "-m",
            "exchange.sandbox",
            "--port",
            str(self.port),
            "--store",
            str(self.store),
        ]
        command += ["--key", self.key, "--secret", self.secret, "--dialect", self.dialect]
        command += ["--review-seconds", str(self.review_seconds), "--threads", str(self.threads)]
        command += ["--while-stdin"]
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("SANDBOX_", "GUNICORN"))
        }
        self.process = subprocess.Popen(  # noqa: S603 (our own program)
            command,
            cwd=_ROOT,
            env=inherited,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        atexit.register(self.stop)
        line = _first_line(self.process)
        if "http://" not in line:
            self.stop()
            raise RuntimeError("the sandbox did not start; its message is above")
        self.port = int(line.split("http://127.0.0.1:")[1].split(" ")[0])
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.call("GET", "faults")
                return self
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        """Stop it; a temporary store goes with it. May be called twice."""
        self._end(signal.SIGINT)
        atexit.unregister(self.stop)
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def kill(self) -> None:
        """SIGKILL, as a crash; `start` takes up the same store and port."""
        self._end(signal.SIGKILL)

    def _end(self, how: int) -> None:
        if self.process is None:
            return
        group = self.process.pid
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        self.process = None

    def __enter__(self) -> SandboxProcess:
        return self.start()

    def __exit__(self, *_details: object) -> None:
        self.stop()

    def call(self, method: str, name: str, data: object = None) -> Any:
        """One JSON call under /_sandbox/api/. Raises RuntimeError with the answer's text for a refusal."""
        request = urllib.request.Request(  # noqa: S310 (http to 127.0.0.1)
            f"{self.base_url}/_sandbox/api/{name}",
            data=None if data is None else json.dumps(data).encode(),
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            with _OPENER.open(request, timeout=30) as reply:
                return json.loads(reply.read())
        except urllib.error.HTTPError as refusal:
            raise RuntimeError(f"{method} {name}: {refusal.code} {refusal.read().decode()}") from None

    def state(self) -> dict:
        """merchants, customers (`fields` as sent, `ubos`), documents, counts."""
        return self.call("GET", "state")

    def oracle(self, after: int = 0) -> list[dict]:
        """The log of effects."""
        return self.call("GET", f"oracle?after={after}")

    def payment_references(self) -> list[dict]:
        """Every payment reference with its webhook's address and secret, the oldest first."""
        return self.call("GET", "payments")

    def reset(self) -> None:
        """Empty, and every switch at its default."""
        self.call("POST", "reset")

    def set_faults(self, *faults: dict, seed: int | None = None, **quirks: object) -> dict:
        """Replace all faults and quirks; see `exchange.sandbox.faults` for both."""
        return self.call("PUT", "faults", {"faults": list(faults), "quirks": quirks, "seed": seed})

    faults = set_faults

    def clear_faults(self) -> None:
        self.call("DELETE", "faults")

    def add_merchant(self, *, name: str, **more: object) -> str:
        """The uid of a merchant that is simply there. `more`: email, uid, verdict."""
        return self.call("POST", "merchants", {"name": name, **more})["uid"]

    def add_key(self, key: str, secret: str) -> None:
        """One more key that is taken, beside those that are."""
        self.call("POST", "keys", {"key": key, "secret": secret})

    def retire_key(self, key: str) -> None:
        self.call("DELETE", "keys", {"key": key})

    def verify(self, uid: str) -> None:
        self.call("POST", f"customers/{uid}/verify")

    def reject(self, uid: str) -> None:
        self.call("POST", f"customers/{uid}/reject")

    def document_bytes(self, document_id: int) -> bytes:
        """A stored document's bytes."""
        address = f"{self.base_url}/_sandbox/api/documents/{document_id}/content"
        with _OPENER.open(address, timeout=30) as reply:
            return reply.read()


def _first_line(process: subprocess.Popen) -> str:
    """What the sandbox says when it listens; empty where it ended or says nothing in time."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        return process.stdout.readline() if selector.select(START_SECONDS) else ""


try:
    import pytest
except ImportError:  # campaigns run without the test tools
    pass
else:

    @pytest.fixture(scope="session")
    def sandbox_server() -> Iterator[SandboxProcess]:
        """One sandbox for the whole session."""
        with SandboxProcess() as server:
            yield server

    @pytest.fixture
    def sandbox(sandbox_server: SandboxProcess) -> SandboxProcess:
        """The session's sandbox, empty."""
        sandbox_server.reset()
        return sandbox_server
