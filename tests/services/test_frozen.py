"""A worker that is frozen within a transaction locks the embedded database for everybody: `up` frees it."""

import json
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from exchange.sandbox.testing import SandboxProcess
from tests.portal.installation import ROOT, Up, are_gone, environment, manage

pytestmark = [pytest.mark.services, pytest.mark.processes]

PACK = json.loads((ROOT / "samples" / "pack-expected.json").read_text())
# A quarter of it is what `up` bears of silence.
STALL_SECONDS = 12.0
FREED_WITHIN = STALL_SECONDS / 4 + 30  # and a busy machine


def asked(folder, sql, timeout=20.0):
    with closing(sqlite3.connect(folder / "portal.sqlite3", timeout=timeout)) as database:
        return database.execute(sql).fetchall()


def is_locked(folder):
    """Whether somebody is in the middle of a writing transaction."""
    with closing(sqlite3.connect(folder / "portal.sqlite3", timeout=0)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        database.rollback()
        return False


def worker_of(up):
    """The process id of the worker, None while there is none."""
    for pid in up.children():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"work" in words:
            return pid
    return None


def freeze_within_a_transaction(up, folder, seconds=60.0):
    """Stop the worker, again and again until it stands with the lock in its hands; its process id."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pid = worker_of(up)
        if pid is None or not is_locked(folder):
            continue
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.05)
        # Others write too, but let go.
        if all(is_locked(folder) for _ in range(5) if not time.sleep(0.02)):
            return pid
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.01)
    raise AssertionError("it was never met within a transaction")


def test_what_a_frozen_worker_holds_is_freed_and_nothing_is_lost(tmp_path):
    sandbox = SandboxProcess().start()
    exchange = {
        "EXCHANGE_BASE_URL": sandbox.base_url,
        "EXCHANGE_API_KEY": sandbox.key,
        "EXCHANGE_API_SECRET": sandbox.secret,
        "EXCHANGE_RATE_PER_SECOND": "40",
        # A create that it held when it froze is looked for, and five minutes are long.
        "OUTBOX_SETTLE_SECONDS": "1",
    }
    imported = manage("import_pack", "samples/pack", "--submit", env=environment(tmp_path, **exchange))
    assert imported.returncode == 1, imported.stderr
    up = Up(tmp_path, WORKER_STALL_SECONDS=str(STALL_SECONDS), **exchange)
    try:
        up.wait_until(lambda: worker_of(up), "there is a worker")
        up.wait_until(lambda: asked(tmp_path, "select 1 from exchange_worker"), "it beats")
        frozen = freeze_within_a_transaction(up, tmp_path)
        began = time.monotonic()
        while is_locked(tmp_path) and time.monotonic() - began < FREED_WITHIN:
            time.sleep(0.1)
        assert not is_locked(tmp_path), up.output
        assert are_gone([frozen])
        assert "gave no sign of life" in up.output
        up.wait_until(lambda: worker_of(up) not in (None, frozen), "another worker was started")
        done = "select count(*) from customers_customer where uid is not null"
        up.wait_until(lambda: asked(tmp_path, done) == [(len(PACK["accepted"]),)], "all were delivered")
    finally:
        up.stop()
        sandbox.stop()
