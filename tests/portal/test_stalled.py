"""A worker that is alive and gets nothing done ends itself, in whichever way it came to a standstill."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import OperationalError

from exchange.outbox import watchdog
from exchange.outbox.watchdog import STALLED_EXIT, Progress, Watchdog
from tests.portal.installation import ROOT, are_gone, environment
from tests.tables import put_tables

STALL_SECONDS = 2.0
# Ninety seconds for a stall of sixty, plus the start of a process on a busy machine.
ALARM_SECONDS = STALL_SECONDS * 90 / 60 + 30

BROKEN = {
    "the dispatcher hangs": "crew.claim_lanes = lambda *_: time.sleep(3600)",
    "no lane came up": "crew.make_client = None",
    "a lock is never given back": "crew.Crew._claim = lambda me: me._changed.acquire() and time.sleep(3600)",
}


def start(folder, breaking="pass", **more):
    """`manage.py work`, with a line that breaks it."""
    program = (
        "import sys, time, django; django.setup();"
        "from exchange.outbox import crew;"
        f"{breaking};"
        "from django.core.management import call_command; call_command('work', skip_checks=True)"
    )
    env = environment(
        folder, DJANGO_SETTINGS_MODULE="portal.settings", WORKER_STALL_SECONDS=str(STALL_SECONDS), **more
    )
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True
        )


def due_lane(folder):
    """A lane that is due now, and nothing in it: whoever claims it gives it back at once."""
    with closing(sqlite3.connect(folder / "portal.sqlite3", timeout=20)) as database, database:
        database.execute(
            "insert into exchange_lane (id, merchant_uid, due_ms, fence, worker) values (?, 'm', 1, 0, '')",
            (uuid.uuid4().hex,),
        )


def lanes_due(folder):
    with closing(sqlite3.connect(folder / "portal.sqlite3", timeout=20)) as database:
        return database.execute("select count(*) from exchange_lane where due_ms is not null").fetchone()[0]


@pytest.fixture
def folder(tmp_path):
    put_tables(tmp_path)
    return tmp_path


@pytest.fixture
def ending():
    started = []
    yield started.append
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.processes
@pytest.mark.parametrize("how", BROKEN)
def test_a_worker_at_a_standstill_ends_itself_for_its_supervisor(how, folder, ending):
    due_lane(folder)
    process = start(folder, BROKEN[how])
    ending(process)

    assert process.wait(timeout=ALARM_SECONDS) == STALLED_EXIT
    said = (folder / "worker.log").read_text(errors="replace")
    assert "worker_stalled worker=" in said
    assert "Thread 0x" in said


@pytest.mark.processes
def test_a_worker_that_works_or_has_nothing_to_do_stays(folder, ending):
    due_lane(folder)
    process = start(folder)
    ending(process)
    until = time.monotonic() + ALARM_SECONDS
    while lanes_due(folder) and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(2 * STALL_SECONDS)

    assert (lanes_due(folder), process.poll()) == (0, None)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


@pytest.mark.processes
def test_a_celery_worker_that_hears_nothing_ends_itself_and_what_it_started(folder, ending):
    # A broker in memory: what beat and the tests ring is heard by nobody, as after an unnoticed reset.
    process = start(folder, BROKER_URL="memory://")
    ending(process)
    children = set()
    until = time.monotonic() + ALARM_SECONDS
    while process.poll() is None and time.monotonic() < until:
        # Its own ring at the start is heard; what is due after that is not.
        if not lanes_due(folder):
            due_lane(folder)
        for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
            try:
                children |= {int(pid) for pid in task.read_text().split()}
            except OSError:
                continue
        time.sleep(0.2)

    assert process.poll() == STALLED_EXIT, (folder / "worker.log").read_text(errors="replace")
    assert children
    gone_by = time.monotonic() + 5
    while not are_gone(list(children)) and time.monotonic() < gone_by:
        time.sleep(0.1)
    assert are_gone(list(children))


# --- When it barks --------------------------------------------------------------------------------


class Dog:
    """A watchdog whose surroundings a test sets; `barked` after how many idle seconds."""

    def __init__(self, settings, *, stall=0.3, patience=None):
        settings.WORKER_STALL_SECONDS = stall
        self.progress, self.barked, self.is_due = Progress(), [], True
        self.over = threading.Event()
        self.dog = Watchdog(
            self.progress, is_due=self.ask, patience=patience or (lambda: stall), stalled=self.bark
        )

    def ask(self):
        if isinstance(self.is_due, Exception):
            raise self.is_due
        return self.is_due

    def bark(self, seconds):
        self.barked.append(seconds)
        self.over.set()

    def watch(self, seconds):
        self.dog.start()
        self.over.wait(seconds)
        return bool(self.barked)


@pytest.fixture
def dog(settings):
    made = []

    def make(**how):
        made.append(Dog(settings, **how))
        return made[-1]

    yield make
    for each in made:
        each.dog.stop()


def test_it_barks_when_work_is_due_and_nothing_gets_done(dog):
    assert dog().watch(5)


def test_it_does_not_bark_while_nothing_is_due(dog):
    quiet = dog()
    quiet.is_due = False
    assert not quiet.watch(1)


def test_it_does_not_bark_when_the_database_cannot_tell(dog):
    quiet = dog()
    quiet.is_due = OperationalError("gone")
    assert not quiet.watch(1)


def test_it_does_not_bark_while_anything_gets_done(dog):
    busy = dog()
    done = threading.Event()

    def work():
        while not done.wait(0.1):
            busy.progress.note()

    threading.Thread(target=work, daemon=True).start()
    assert not busy.watch(1.2)
    done.set()


def test_it_is_patient_while_every_lane_is_in_a_call(dog):
    assert not dog(patience=lambda: 60.0).watch(1)


def test_a_process_that_was_frozen_gets_its_chance_when_it_thaws(dog, monkeypatch):
    jumps = iter([0.0, 0.01, 500.0, 500.01])
    real = time.monotonic

    def thawed():
        return next(jumps, None) or real() + 1_000

    monkeypatch.setattr(watchdog, "time", SimpleNamespace(monotonic=thawed))
    frozen = dog(stall=10.0)
    assert not frozen.watch(2.5)


def test_a_look_that_nobody_rings_for_is_due_as_a_lane_is(db):
    from exchange.outbox.key_clock import KeyClock
    from exchange.outbox.models import Intent, Lane
    from portal.consuming import is_anything_due

    clock = KeyClock()
    lane = Lane.objects.create(id=uuid.uuid4(), merchant_uid="m")
    unknown = {"topic": "customer.create", "subject_id": lane.pk, "lane": lane, "merchant_uid": "m"}
    times = {"due_ms": 1, "created_ms": 1, "updated_ms": 1, "position": 10}
    intent = Intent.objects.create(
        **unknown, **times, state="unknown", reason="create_outcome_unknown", look_ms=2**50
    )
    assert not is_anything_due(clock)
    Intent.objects.filter(pk=intent.pk).update(look_ms=1)
    assert is_anything_due(clock)
    clock.grant()
    clock.pause(30, "rate_limited")
    assert not is_anything_due(clock)


def test_a_paused_key_and_a_recovery_leave_nothing_due(db, settings):
    from exchange.outbox.key_clock import KeyClock
    from exchange.outbox.models import Lane

    clock = KeyClock()
    assert not watchdog.work_is_due(clock)
    Lane.objects.create(id=uuid.uuid4(), merchant_uid="m", due_ms=1)
    assert watchdog.work_is_due(clock)
    clock.grant()
    clock.pause(30, "rate_limited")
    assert not watchdog.work_is_due(clock)
    clock.pause(-30, "")
    from exchange.outbox.models import ApiKeyClock

    ApiKeyClock.objects.update(paused_until_ms=0)
    settings.RECOVERY_EPOCH = "2026-03-01T02:30:00+02:00"
    assert not watchdog.work_is_due(clock)
