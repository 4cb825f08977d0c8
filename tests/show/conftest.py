"""An install of its own: its database, its files, its keys, and commands that run in it."""

import base64
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from exchange.sandbox.testing import SandboxProcess, sandbox, sandbox_server  # noqa: F401 - fixtures
from tests.tables import put_tables

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Install:
    """One install of the product, as an operator has it: an environment and a folder."""

    folder: Path
    environment: dict[str, str]

    def start(self, *words: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess:
        process = self.start(*words)
        output, _ = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(words, process.returncode, output)


@pytest.fixture
def install(tmp_path, sandbox: SandboxProcess) -> Install:  # noqa: F811
    """A fresh install that points at the sandbox; no process of the product runs."""
    return make_install(tmp_path, sandbox)


def make_install(folder: Path, sandbox: SandboxProcess) -> Install:  # noqa: F811
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("EXCHANGE_", "DJANGO_SETTINGS", "PYTEST"))
    }
    environment |= {
        "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
        "PORTAL_KEYS": "1:" + base64.b64encode(b"s" * 32).decode(),
        "EXCHANGE_BASE_URL": sandbox.base_url,
        "EXCHANGE_API_KEY": sandbox.key,
        "EXCHANGE_API_SECRET": sandbox.secret,
        "EXCHANGE_DIALECT": "2026-02",
        "EXCHANGE_RATE_PER_SECOND": "500",
        "POLL_SECONDS": "1",
        "OUTBOX_SETTLE_SECONDS": "1",
    }
    put_tables(folder)
    return Install(folder, environment)
