"""Who may work on a customer, and what becomes of it when its worker ends."""

import threading
import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from exchange.outbox import NewIntent, enqueue, open_intents, withdraw_intents
from exchange.outbox.claiming import claim_lanes, next_due_ms, release_claim, renew_claim
from exchange.outbox.database import now_ms
from exchange.outbox.enqueueing import OutsideTransaction
from exchange.outbox.models import Intent, Lane, Worker
from exchange.outbox.workers import STALE_MS, free_dead_lanes

pytestmark = pytest.mark.django_db(transaction=True)


def add(count=1, **more):
    lanes = [uuid.uuid4() for _ in range(count)]
    with transaction.atomic():
        enqueue(NewIntent("customer.create", lane, lane, "self", **more) for lane in lanes)
    return lanes


def test_an_intent_needs_the_transaction_of_its_change():
    with pytest.raises(OutsideTransaction):
        enqueue([NewIntent("customer.create", uuid.uuid4(), uuid.uuid4(), "self")])


def test_a_rolled_back_change_leaves_no_intent():
    with transaction.atomic():
        add()
        transaction.set_rollback(True)
    assert not Intent.objects.exists()
    assert not Lane.objects.exists()


def test_a_subject_has_one_open_intent_per_topic():
    (lane,) = add()
    with pytest.raises(IntegrityError), transaction.atomic():
        enqueue([NewIntent("customer.create", lane, lane, "self")])


def test_what_was_turned_down_makes_way_for_the_next_generation():
    (lane,) = add()
    Intent.objects.update(state="waiting_for_staff", reason="rejected_by_exchange")
    with transaction.atomic():
        enqueue([NewIntent("customer.create", lane, lane, "self")])
    generations = list(Intent.objects.order_by("generation").values_list("generation", "state"))
    assert generations == [(1, "given_up"), (2, "pending")]


def test_what_is_unknown_makes_way_for_nothing():
    (lane,) = add()
    Intent.objects.update(state="unknown", reason="create_outcome_unknown")
    with pytest.raises(IntegrityError), transaction.atomic():
        enqueue([NewIntent("customer.create", lane, lane, "self")])
    with transaction.atomic():
        assert withdraw_intents(lane) == 0


def test_a_lane_is_claimed_by_one_worker_at_a_time():
    (lane,) = add()
    (claim,) = claim_lanes("one", 5)
    assert claim.lane == lane
    assert claim_lanes("two", 5) == []
    release_claim(claim)
    assert [claim.lane for claim in claim_lanes("two", 5)] == [lane]
    assert not renew_claim(claim, False)


def test_many_threads_claim_each_lane_once():
    lanes = add(60)
    claimed, lock = [], threading.Lock()

    def work(name):
        while next_due_ms() == 0:
            mine = [claim.lane for claim in claim_lanes(name, 2)]
            with lock:
                claimed.extend(mine)
        connection.close()

    threads = [threading.Thread(target=work, args=[str(number)]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(lanes)


def test_what_waits_for_a_uid_is_not_due_until_it_is_opened():
    (lane,) = add(is_ready=False)
    assert claim_lanes("one", 1) == []
    assert open_intents(lane) == 1
    assert len(claim_lanes("one", 1)) == 1


def test_an_intent_written_while_its_lane_is_held_is_due_afterwards():
    (lane,) = add()
    (claim,) = claim_lanes("one", 1)
    Intent.objects.update(state="done")
    with transaction.atomic():
        enqueue([NewIntent("document.upload", uuid.uuid4(), lane, "self")])
    release_claim(claim)
    assert next_due_ms() == 0


def test_a_lane_with_nothing_left_is_not_due():
    add()
    (claim,) = claim_lanes("one", 1)
    Intent.objects.update(state="done")
    release_claim(claim)
    assert next_due_ms() is None


def test_lanes_of_a_worker_whose_heart_stopped_are_freed_at_once():
    add(2)
    Worker.objects.create(id="dead", host="h", pid=1, started_ms=0, beat_ms=now_ms() - STALE_MS - 1)
    Worker.objects.create(id="alive", host="h", pid=2, started_ms=0, beat_ms=now_ms())
    (lost,) = claim_lanes("dead", 1)
    (kept,) = claim_lanes("alive", 1)
    assert free_dead_lanes() == 1
    assert [claim.lane for claim in claim_lanes("alive", 5)] == [lost.lane]
    assert not renew_claim(lost, False)
    assert renew_claim(kept, False)
