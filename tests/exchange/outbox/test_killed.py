"""Killed at any moment and started again: it takes up where it was."""

import random
import signal
import time

import pytest

from exchange.outbox.models import Intent
from kyc.models import Document
from tests.exchange.outbox.processes import kill, start, wait_until
from tests.factories import make_submitted_individual

pytestmark = pytest.mark.django_db(transaction=True)


def copies(exchange) -> dict[tuple[str, str], int]:
    """How often the exchange holds each content for each subject."""
    found: dict[tuple[str, str], int] = {}
    for row in exchange.state()["documents"]:
        key = row["owner_uid"], row["sha256"]
        found[key] = found.get(key, 0) + 1
    return found


def killed_after_an_effect(exchange, route: str, *, guard: bool) -> None:
    """One worker is killed when the exchange has done something and not answered; another goes on."""
    exchange.set_faults({"kind": "hang_after", "route": route, "count": 1, "seconds": 20})
    process = start("deliver_outbox", "--until-idle", guard=guard)
    wait_until(lambda: exchange.state()["counts"]["struck"].get("hang_after"))
    time.sleep(0.1)
    kill(process)
    exchange.clear_faults()
    process = start("deliver_outbox", "--until-idle", guard=guard)
    process.communicate(timeout=60)


def test_a_kill_during_an_upload_leaves_it_flagged_and_it_is_sent_once_more(exchange):
    make_submitted_individual()
    killed_after_an_effect(exchange, "documents.*", guard=True)
    assert sorted(copies(exchange).values()) == [1, 1, 2]
    flagged = Document.objects.get(is_flagged=True)
    attempts = Intent.objects.get(subject_id=flagged.pk).attempts.order_by("number")
    assert [attempt.phase for attempt in attempts] == ["lost", "looked", "sent"]


def test_without_the_guard_the_same_kill_doubles_a_document_and_nobody_knows(exchange):
    make_submitted_individual()
    killed_after_an_effect(exchange, "documents.*", guard=False)
    assert sorted(copies(exchange).values()) == [1, 1, 2]
    assert not Document.objects.filter(is_flagged=True).exists()


def test_a_kill_during_a_create_leaves_one_customer_who_is_found_again(exchange):
    customer = make_submitted_individual()
    killed_after_an_effect(exchange, "customers.create", guard=True)
    (there,) = exchange.state()["customers"]
    customer.refresh_from_db()
    assert customer.uid == there["uid"]
    assert sorted(copies(exchange).values()) == [1, 1, 1]


def test_killed_again_and_again_everybody_is_there_once_and_doubles_are_flagged(exchange):
    chance = random.Random(7)
    customers = [make_submitted_individual() for _ in range(15)]
    exchange.set_faults({"kind": "latency", "seconds": 0.05})
    for _ in range(4):
        process = start("deliver_outbox", "--until-idle", "--lanes", "4")
        time.sleep(0.7 + chance.random() * 0.6)
        kill(process)
    process = start("deliver_outbox", "--until-idle")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output

    held, found = exchange.state(), copies(exchange)
    by_email = {row["email"]: row["uid"] for row in held["customers"]}
    assert len(held["customers"]) == len(by_email) == 15
    for customer in customers:
        customer.refresh_from_db()
        assert customer.uid == by_email[customer.email]
        for document in customer.documents.all():
            count = found[customer.uid, document.sha256]
            assert count == 1 or (count == 2 and document.is_flagged)
    assert not Intent.objects.exclude(state="done").exists()


def test_asked_to_stop_it_finishes_what_is_in_flight_and_leaves_nothing_unknown(exchange):
    for _ in range(6):
        make_submitted_individual()
    exchange.set_faults({"kind": "latency", "seconds": 0.2})
    process = start("deliver_outbox", "--until-idle", "--lanes", "3")
    wait_until(lambda: len(exchange.state()["customers"]) >= 2)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Stopped on request" in output
    states = set(Intent.objects.values_list("state", flat=True))
    assert states == {"done", "pending"}
    process = start("deliver_outbox", "--until-idle")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert sorted(copies(exchange).values()) == [1] * 18


def test_the_worker_delivers_and_brings_the_verdicts_back(exchange):
    exchange.set_faults(review_seconds=0.1)
    customer = make_submitted_individual()
    process = start("work")

    def is_verified() -> bool:
        customer.refresh_from_db()
        return customer.stage == "verified"

    try:
        wait_until(is_verified)
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
