"""Brokers that are killed, emptied or not there."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.campaigns.fleet import Install


class Redis:
    """A Redis of its own that may be killed and emptied. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Redis:
        self.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._end()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *("redis-server", "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(0.05)
        raise RuntimeError("redis-server does not answer")

    def crash(self, seconds: float, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Gone with all it held; back, empty, after `seconds`. `meanwhile` is done while nothing listens."""
        self._end()
        meanwhile()
        time.sleep(seconds)
        self.start()

    def _end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def empty(url: str) -> None:
    """Take everything out of the broker's queues."""
    if url.startswith("redis"):
        import redis

        redis.Redis.from_url(url).flushall()
        return
    import kombu

    with kombu.Connection(url) as connection, connection.channel() as channel:
        channel.queue_purge("celery")


def unheard(install: Install, new: dict) -> None:
    """Write what is to be done by a process that finds no broker to ring at."""
    broker = install.environment["BROKER_URL"]
    with socket.socket() as taken:  # bound and not listening: whoever comes is refused
        taken.bind(("127.0.0.1", 0))
        install.environment["BROKER_URL"] = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        try:
            install.seed(**new)
        finally:
            install.environment["BROKER_URL"] = broker
