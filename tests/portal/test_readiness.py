import datetime
import json

import pytest
from django.core.cache import cache
from django.core.files.storage import storages
from django.db import OperationalError
from django.utils import timezone

from accounts import audit
from accounts.sealing import seal
from exchange.outbox.models import Lane
from portal import readiness


@pytest.fixture(autouse=True)
def _asked_anew(settings, db):
    settings.EXCHANGE_BASE_URL = "http://127.0.0.1:9"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    readiness.forget_readiness()
    yield
    readiness.forget_readiness()


def asked(client):
    reply = client.get("/readyz")
    return reply.status_code, json.loads(reply.content)


def test_database_and_storage_suffice_and_an_exchange_that_is_away_is_said(client):
    status, said = asked(client)

    assert (status, said["ready"]) == (200, True)
    assert {name: part["state"] for name, part in said["parts"].items()} == {
        "database": "ok",
        "storage": "ok",
        "broker": "not_used",
        "exchange": "out",
        "audit": "ok",
    }
    assert said["oldest_due_seconds"] is None


def test_nothing_that_names_an_address_or_a_person_is_told(client, settings):
    said = client.get("/readyz").content.decode()
    assert "127.0.0.1" not in said
    assert settings.EXCHANGE_API_KEY not in said


def test_anybody_may_ask_and_nobody_keeps_the_answer(client):
    reply = client.get("/readyz")
    assert "no-store" in reply["Cache-Control"]
    assert not reply.cookies
    assert client.post("/readyz").status_code == 405


def test_the_probe_leaves_nothing_behind(client):
    client.get("/readyz")
    assert storages["documents"].listdir("probes") == ([], [])


def test_a_storage_that_takes_no_file_makes_it_unready(client, settings, tmp_path):
    (tmp_path / "full").write_text("a file where the folder should be")
    settings.STORAGES = {
        **settings.STORAGES,
        "documents": {
            "BACKEND": "vault.files.DurableFileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "full" / "media")},
        },
    }
    reply = client.get("/readyz")

    assert (reply.status_code, reply["Retry-After"]) == (503, "5")
    assert json.loads(reply.content)["parts"]["storage"]["state"] == "out"


def test_a_broker_that_is_named_must_answer(client, settings, monkeypatch):
    from portal.celery import app

    settings.BROKER_URL = "redis://127.0.0.1:9/0"
    monkeypatch.setattr(app.conf, "broker_write_url", settings.BROKER_URL)
    status, said = asked(client)

    assert (status, said["parts"]["broker"]["state"]) == (503, "out")


def test_without_a_database_it_says_so_and_does_not_break(client, monkeypatch):
    def gone():
        raise OperationalError("could not connect to 10.0.0.7")

    monkeypatch.setattr("portal.readiness.oldest_due_seconds", gone)
    status, said = asked(client)

    assert status == 503
    assert said["parts"]["database"] | {"milliseconds": 0} == {
        "state": "out",
        "milliseconds": 0,
        "error": "OperationalError",
    }
    assert (said["parts"]["storage"]["state"], said["parts"]["exchange"]["state"]) == ("ok", "out")


def test_a_part_that_hangs_hangs_nobody_and_is_asked_by_one_thread_only(client, monkeypatch):
    import threading
    import time

    let_go, asked_for = threading.Event(), []

    def hang():
        asked_for.append(1)
        let_go.wait(30)

    monkeypatch.setattr(readiness, "DEADLINE_SECONDS", 0.3)
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(readiness, "_ask_storage", hang)
    started = time.monotonic()
    answers = [asked(client)[1]["parts"]["storage"] for _ in range(3)]

    assert time.monotonic() - started < 5
    assert [part["state"] for part in answers] == ["out"] * 3
    assert len(asked_for) == 1
    let_go.set()
    readiness._kept.asked["storage"].join(5)
    assert asked(client)[1]["parts"]["storage"]["state"] == "ok"


def test_the_answer_is_kept_for_a_few_seconds(client, django_assert_num_queries):
    client.get("/readyz")
    with django_assert_num_queries(0):
        client.get("/readyz")


def test_the_age_of_the_oldest_due_intent_is_told(client):
    from exchange.outbox.database import now_ms

    for number, waited in enumerate((90_000, 5_000, -60_000)):
        Lane.objects.create(
            id=f"00000000-0000-0000-0000-00000000000{number}", merchant_uid="m", due_ms=now_ms() - waited
        )
    assert asked(client)[1]["oldest_due_seconds"] == pytest.approx(90, abs=2)


def test_an_audit_trail_that_nobody_seals_is_said_and_makes_nothing_unready(client):
    at = timezone.now() - datetime.timedelta(seconds=readiness.UNSEALED_SECONDS + 60)
    audit.record(actor=None, action="user.created", subject_type="user", subject_id=None, at=at)
    status, said = asked(client)
    assert (status, said["parts"]["audit"]["error"]) == (200, "Unsealed")

    seal()
    readiness.forget_readiness()
    assert asked(client)[1]["parts"]["audit"]["state"] == "ok"
