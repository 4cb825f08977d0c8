"""Delivering processes of their own, against the test's database, storage and sandbox."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connection

from exchange.outbox.models import Worker

ROOT = Path(__file__).resolve().parents[3]
_MANAGE = "import sys; from django.core.management import execute_from_command_line as run; run(sys.argv)"
# With this guard off, an attempt that was lost with its worker is simply made again.
WITHOUT_GUARD = """
import dataclasses
import exchange.outbox.delivering as delivering
lost = delivering.lost_result
delivering.lost_result = lambda topic: dataclasses.replace(lost(topic), is_safe_to_repeat=True)
"""


def database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    user = database["USER"] + (f":{database['PASSWORD']}" if database["PASSWORD"] else "")
    return f"postgres://{user}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": database_url(),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "PORTAL_KEYS": settings.PORTAL_KEYS,
        "EXCHANGE_BASE_URL": settings.EXCHANGE_BASE_URL,
        "EXCHANGE_API_KEY": settings.EXCHANGE_API_KEY,
        "EXCHANGE_API_SECRET": settings.EXCHANGE_API_SECRET,
        "EXCHANGE_RATE_PER_SECOND": str(settings.EXCHANGE_RATE_PER_SECOND),
        "OUTBOX_SETTLE_SECONDS": str(settings.OUTBOX_SETTLE_SECONDS),
        "POLL_SECONDS": "0.5",
    }


def start(*command: str, guard: bool = True) -> subprocess.Popen:
    """`manage.py` with these arguments, in a process of its own."""
    program = ("" if guard else "import django; django.setup()\n" + WITHOUT_GUARD) + _MANAGE
    return subprocess.Popen(
        [sys.executable, "-c", program, *command],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def kill(process: subprocess.Popen) -> None:
    """As a power cut, with the ten seconds gone by that a stopped heart takes to be noticed."""
    process.send_signal(signal.SIGKILL)
    process.communicate()
    Worker.objects.update(beat_ms=0)


def wait_until(holds: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
