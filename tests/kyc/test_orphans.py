"""The daily sweep of stored files takes what nobody owns, and nothing that somebody may still want."""

import os
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from kyc import orphans
from kyc.models import Document
from kyc.orphans import MARKS, sweep_by_the_clock
from portal import schedule
from tests.factories import make_customer, make_document
from vault import files

pytestmark = pytest.mark.django_db


def aged(settings, days):
    """Every stored file was written so long ago."""
    then = time.time() - timedelta(days=days).total_seconds()
    for path in (Path(settings.MEDIA_ROOT) / "documents").rglob("*"):
        os.utime(path, (then, then))


def left_behind(customer):
    return files.store(customer.vault_key(), "kyc_document", uuid.uuid4(), b"nobody's")


def is_there(name):
    return storages["documents"].exists(name)


@pytest.fixture
def one_of_each(settings):
    """A document with its row, and a file without one, both of last year."""
    customer = make_customer()
    owned, orphan = make_document(customer, "Selfie").file, left_behind(customer)
    aged(settings, 400)
    return owned, orphan


def test_it_takes_what_nobody_owns_and_leaves_what_somebody_does(one_of_each):
    owned, orphan = one_of_each
    assert sweep_by_the_clock() == 1
    assert (is_there(owned), is_there(orphan)) == (True, False)
    assert sweep_by_the_clock() == 0


def test_what_is_just_being_written_stays_until_its_row_comes(settings):
    customer = make_customer()
    written = left_behind(customer)
    folder = (Path(settings.MEDIA_ROOT) / written).parent
    part = folder / "half.sealed.1234abcd.part"
    part.write_bytes(b"half")
    aged(settings, 29)
    assert sweep_by_the_clock() == 0
    assert is_there(written)
    aged(settings, 31)
    assert sweep_by_the_clock() == 2
    assert not part.exists()


def test_a_row_that_comes_while_it_looks_keeps_its_file(settings, monkeypatch):
    customer = make_customer()
    document = make_document(customer, "Selfie")
    aged(settings, 400)
    Document.objects.filter(pk=document.pk).delete()
    stored = orphans._stored

    def saved_meanwhile(storage, folder):
        monkeypatch.setattr(orphans, "_stored", stored)
        yield from stored(storage, folder)
        document.save(force_insert=True)

    monkeypatch.setattr(orphans, "_stored", saved_meanwhile)
    assert sweep_by_the_clock() == 0
    assert is_there(document.file)


def test_while_a_restore_is_recovered_from_nothing_is_taken(one_of_each, settings):
    settings.RECOVERY_EPOCH_MS = 1
    assert sweep_by_the_clock() == 0
    assert is_there(one_of_each[1])


def test_in_a_storage_that_two_installations_share_nothing_is_taken(one_of_each):
    storages["documents"].save(f"{MARKS}/{uuid.uuid4().hex}", ContentFile(b"\n"))
    assert sweep_by_the_clock() == 0
    assert is_there(one_of_each[1])


def test_with_another_installations_database_nothing_is_taken(settings, monkeypatch):
    monkeypatch.setattr(orphans, "MANY", 2)
    customer = make_customer()
    names = [left_behind(customer) for _ in range(3)]
    aged(settings, 400)
    assert sweep_by_the_clock() == 0
    assert all(is_there(name) for name in names)


def test_both_schedulers_do_it_daily():
    from portal.celery import app

    (job,) = [job for job in schedule.jobs() if job.name == "sweep_files"]
    assert job.seconds == schedule.DAY
    app.loader.import_default_modules()
    rung = app.conf.beat_schedule["sweep_files"]
    assert (rung["schedule"], rung["args"]) == (schedule.DAY, ["sweep_files"])
