import datetime
import uuid

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts import audit
from accounts.sealing import seal
from exchange.outbox.database import now_ms
from exchange.outbox.key_clock import KeyClock
from exchange.outbox.models import ApiKeyClock, Attempt, Circuit, Intent, Lane, Worker

TOKEN = "a token for the tests"


@pytest.fixture(autouse=True)
def _counted_anew(settings, db, monkeypatch):
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr("portal.metric_families._closed", (float("-inf"), {}))


def scrape(client, token=TOKEN):
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"})


def values(client):
    found = {}
    for family in text_string_to_metric_families(scrape(client).content.decode()):
        for sample in family.samples:
            labels = [sample.labels[name] for name in sorted(sample.labels, reverse=True)]
            found[sample.name, *labels] = sample.value
    return found


def intent(topic="customer.create", **fields):
    lane = Lane.objects.create(id=uuid.uuid4(), merchant_uid="m", due_ms=fields.get("due_ms"))
    now = now_ms()
    return Intent.objects.create(
        **{
            "topic": topic,
            "subject_id": uuid.uuid4(),
            "lane": lane,
            "merchant_uid": "m",
            "position": 10,
            "due_ms": now,
            "created_ms": now,
            "updated_ms": now,
            **fields,
        }
    )


def test_without_a_token_in_the_settings_there_are_no_metrics(client, settings):
    settings.METRICS_TOKEN = ""
    assert scrape(client).status_code == 404
    assert scrape(client, token="").status_code == 404


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "ä"])
def test_without_the_right_token_nothing_is_told(client, token):
    reply = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert (reply.status_code, reply.content) == (401, b"")
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401


def test_a_quiet_installation_tells_zeros(client):
    found = values(client)
    assert found["portal_outbox_intents", "customer.create", "pending"] == 0
    assert found["portal_outbox_oldest_due_seconds",] == 0
    assert found["portal_outbox_workers_alive",] == 0
    assert found["portal_key_rate_share",] == 1
    assert not ApiKeyClock.objects.exists()


def test_intents_are_counted_by_topic_and_state(client):
    intent(due_ms=now_ms() - 120_000)
    intent(is_ready=False)
    intent(state="unknown")
    intent("document.upload", state="done", done_ms=now_ms())
    intent("document.upload", state="done", done_ms=1)
    found = values(client)

    assert found["portal_outbox_intents", "customer.create", "pending"] == 2
    assert found["portal_outbox_intents", "customer.create", "unknown"] == 1
    assert found["portal_outbox_intents", "document.upload", "done"] == 2
    assert found["portal_outbox_oldest_due_seconds",] == pytest.approx(120, abs=5)


def test_attempts_workers_circuits_and_the_key_are_told(client):
    now = now_ms()
    for number, (outcome, ended) in enumerate(
        (("applied", now), ("unknown", now), ("applied", now - 600_000))
    ):
        Attempt.objects.create(
            intent=intent(),
            number=number,
            fence=1,
            worker="w",
            outcome=outcome,
            started_ms=ended,
            finished_ms=ended,
        )
    Worker.objects.create(id="a", host="a", pid=1, started_ms=now, beat_ms=now)
    Worker.objects.create(id="b", host="b", pid=1, started_ms=now, beat_ms=now - 60_000)
    Circuit.objects.create(endpoint="create_customer", failures=5, open_until_ms=now)
    Circuit.objects.create(endpoint="upload_document", failures=4)
    KeyClock().grant()
    KeyClock().pause(30, "rate_limited")
    ApiKeyClock.objects.update(share=0.25, share_at_ms=now)
    found = values(client)

    assert found["portal_outbox_attempts_recent", "applied"] == 1
    assert found["portal_outbox_attempts_recent", "unknown"] == 1
    assert found["portal_outbox_attempts_recent", "rejected"] == 0
    assert found["portal_outbox_workers_alive",] == 1
    assert found["portal_circuit_open", "create_customer"] == 1
    assert found["portal_circuit_open", "upload_document"] == 0
    assert found["portal_key_rate_share",] == pytest.approx(0.25, abs=0.01)
    assert found["portal_key_paused_seconds",] == pytest.approx(30, abs=5)


def test_a_scrape_costs_a_handful_of_queries_whatever_is_held(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        scrape(client)


def test_how_long_the_audit_trail_waits_to_be_sealed_is_told(client):
    at = timezone.now() - datetime.timedelta(minutes=20)
    audit.record(actor=None, action="user.created", subject_type="user", subject_id=None, at=at)
    found = values(client)
    assert found["portal_audit_unsealed_seconds",] == pytest.approx(1200, abs=5)
    assert found["portal_audit_unexported_heads",] == 0
    seal()
    assert values(client)["portal_audit_unsealed_seconds",] == 0
