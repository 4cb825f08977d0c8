"""The fault proxy as a process of its own, and its control line."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class ProxyProcess:
    """In front of `upstream`, a port of 127.0.0.1 or an origin (`https://…`). A context manager."""

    def __init__(self, upstream: int | str) -> None:
        self.upstream = f"http://127.0.0.1:{upstream}" if isinstance(upstream, int) else upstream
        self.port = self.control_port = 0
        self.process: subprocess.Popen | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> ProxyProcess:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaigns.proxy", "--to", self.upstream],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.port, self.control_port = map(int, self.process.stdout.readline().split())
        return self

    def __exit__(self, *_details: object) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def ask(self, **order: object) -> dict:
        with socket.create_connection(("127.0.0.1", self.control_port), timeout=10) as line:
            line.sendall(json.dumps(order).encode() + b"\n")
            return json.loads(line.makefile().readline())

    def set_faults(self, *faults: dict, seed: int | None = None) -> None:
        order: dict[str, object] = {"faults": list(faults)}
        if seed is not None:
            order["seed"] = seed
        self.ask(**order)

    def clear_faults(self) -> None:
        self.ask(faults=[])

    def go_down(self, seconds: float, *, answering: bool = False) -> None:
        """Refuse connections for so long, or with `answering` answer all with 503; returns at once."""
        self.ask(**{"unavailable" if answering else "down": seconds})

    def come_back(self) -> None:
        """Serve again, before the time is up."""
        self.ask(up=True)

    @property
    def struck(self) -> dict[str, int]:
        return self.ask()["struck"]


def ambiguous_mix(share: float) -> list[dict]:
    """Faults that leave the outcome open for `share` of all requests, and a few that do not."""
    ways = ("reset_after", "close_after", "half_after", "swallow", "late")
    weights = (0.34, 0.24, 0.16, 0.08, 0.18)
    seconds = {"swallow": 0.4, "late": 0.25}
    return [
        *(
            {"kind": kind, "probability": share * weight, "seconds": seconds.get(kind, 0.0)}
            for kind, weight in zip(ways, weights, strict=True)
        ),
        {"kind": "reset_before", "probability": 0.04},
        {"kind": "delay", "probability": 0.04, "seconds": 0.1},
        {"kind": "slow", "probability": 0.01, "bytes_per_second": 4000},
    ]
