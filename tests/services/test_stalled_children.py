"""A child of a Celery worker that hangs or is frozen is replaced, and the worker goes on."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.portal.installation import ROOT, are_gone, environment, manage
from tests.portal.test_stalled import due_lane, lanes_due

pytestmark = [pytest.mark.services, pytest.mark.processes]

STALL_SECONDS = 4.0
SECONDS = 90.0
# The first child to claim stands still in it; whoever comes after does not.
HANGS_ONCE = """
import os, time, django; django.setup()
from exchange.outbox import crew
claim = crew.claim_lanes
def claim_or_hang(*args):
    try:
        os.rename({flag!r}, {flag!r} + f"-{{os.getpid()}}")
    except FileNotFoundError:
        return claim(*args)
    time.sleep(3600)
crew.claim_lanes = claim_or_hang
from django.core.management import call_command; call_command('work', skip_checks=True)
"""


@pytest.fixture
def worker(tmp_path, request):
    """`manage.py work` under a broker; a flag in its folder makes one child hang."""
    env = environment(
        tmp_path,
        DJANGO_SETTINGS_MODULE="portal.settings",
        BROKER_URL=request.getfixturevalue(request.param),
        WORKER_STALL_SECONDS=str(STALL_SECONDS),
    )
    assert manage("migrate", env=env).returncode == 0
    assert manage("createcachetable", env=env).returncode == 0
    program = HANGS_ONCE.format(flag=str(tmp_path / "hang"))
    with (tmp_path / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True
        )
    yield process
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=40)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def said(folder):
    return (folder / "worker.log").read_text(errors="replace")


def wait_until(holds, folder):
    until = time.monotonic() + SECONDS
    while not (found := holds()):
        assert time.monotonic() < until, said(folder)
        time.sleep(0.1)
    return found


def children(pid):
    found = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found |= {int(child) for child in task.read_text().split()}
    return found


def is_delivering(folder):
    """Whether a lane that becomes due is taken."""
    with contextlib.suppress(sqlite3.OperationalError):
        due_lane(folder)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(sqlite3.OperationalError):
            if lanes_due(folder) == 0:
                return True
        time.sleep(0.1)
    return False


def hung_child(folder):
    """Have one child of the pool stand still in its slice; its process id."""
    (folder / "hang").touch()

    def hangs():
        if (folder / "hang").exists():
            due_lane(folder)
        return [int(path.name.partition("-")[2]) for path in folder.glob("hang-*")]

    (hung,) = wait_until(hangs, folder)
    return hung


def is_replaced(worker, child, before):
    now = children(worker.pid)
    return child not in now and len(now) == len(before)


@pytest.mark.parametrize("worker", ["redis_url", "rabbitmq_url"], indirect=True)
def test_a_child_whose_slice_stalls_ends_and_another_takes_its_place(worker, tmp_path):
    wait_until(lambda: is_delivering(tmp_path), tmp_path)
    before = children(worker.pid)
    hung = hung_child(tmp_path)
    assert hung in before
    # Work stays due, as it does when more comes in than the other child takes.
    wait_until(lambda: due_lane(tmp_path) or are_gone([hung]), tmp_path)
    wait_until(lambda: is_replaced(worker, hung, before), tmp_path)
    assert "worker_stalled worker=" in said(tmp_path)
    assert is_delivering(tmp_path)
    assert worker.poll() is None


@pytest.mark.parametrize("worker", ["redis_url"], indirect=True)
def test_a_child_that_is_frozen_is_killed_by_its_parent_and_replaced(worker, tmp_path):
    wait_until(lambda: is_delivering(tmp_path), tmp_path)
    before = children(worker.pid)
    frozen = hung_child(tmp_path)
    os.kill(frozen, signal.SIGSTOP)
    wait_until(lambda: is_replaced(worker, frozen, before), tmp_path)
    assert f"frozen_child_killed pid={frozen}" in said(tmp_path)
    assert is_delivering(tmp_path)
    assert worker.poll() is None
