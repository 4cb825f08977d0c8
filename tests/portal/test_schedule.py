"""What runs by the clock, and the doorbell."""

import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction

from exchange.outbox import NewIntent, enqueue
from exchange.outbox.models import Intent
from portal import schedule

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own_cache(db):
    call_command("createcachetable", verbosity=0)
    cache.clear()


def test_a_job_runs_once_in_its_period_whoever_asks(own_cache, monkeypatch):
    ran = []
    job = schedule.Job("count", 60, lambda: ran.append(1))
    monkeypatch.setattr(schedule, "jobs", lambda: (job,))
    assert schedule.run_job("count") is True
    assert schedule.run_job("count") is False
    assert ran == [1]


def test_a_job_that_finds_no_exchange_lets_the_next_time_come(own_cache, settings):
    settings.EXCHANGE_BASE_URL = "http://127.0.0.1:9"
    assert schedule.run_job("pull_merchants") is True


def test_the_exchange_is_not_asked_while_no_customer_is_open(own_cache, settings):
    settings.EXCHANGE_BASE_URL = "http://127.0.0.1:9"
    assert schedule.run_job("poll_verifications") is True


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_gone_neither_fails_nor_delays_the_change(settings):
    settings.OUTBOX_DOORBELL = "portal.doorbell.ring"
    from portal.celery import app

    app.conf.broker_url = "redis://127.0.0.1:9/0"
    lane = uuid.uuid4()
    started = time.monotonic()
    with transaction.atomic():
        enqueue([NewIntent("customer.create", lane, lane, "self")])
    assert time.monotonic() - started < 5
    assert Intent.objects.filter(state="pending").count() == 1


def test_without_a_broker_no_process_loads_celery():
    program = (
        "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'portal.settings'; django.setup()\n"
        "import portal.schedule, portal.urls, exchange.outbox.crew, portal.management.commands.work\n"
        "sys.exit('celery' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_beat_rings_for_everything_at_once_and_writes_no_file(tmp_path, monkeypatch):
    from portal.beat import UnwrittenScheduler
    from portal.celery import app

    monkeypatch.chdir(tmp_path)
    app.loader.import_default_modules()
    rung = []
    scheduler = app.conf.beat_scheduler
    assert scheduler == "portal.beat:UnwrittenScheduler"
    beat = UnwrittenScheduler(app, schedule_filename=str(tmp_path / "never"))
    # No broker is there to be reached.
    monkeypatch.setattr(UnwrittenScheduler, "producer", None)
    monkeypatch.setattr(beat, "apply_async", lambda entry, **_: rung.append(entry.name))
    # As many ticks as there are entries, and some to see that none comes twice.
    for _ in range(3 * len(beat.schedule)):
        beat.tick()
    beat.close()
    assert sorted(rung) == sorted(["deliver", *(job.name for job in schedule.jobs())])
    assert list(tmp_path.iterdir()) == []
