"""Scans of all workers together keep to a tenth of the key's rate."""

import threading
import time

import pytest
from django.db import connection

from exchange.outbox.key_clock import KeyClock, wait_and_take
from exchange.outbox.models import ApiKeyClock
from exchange.outbox.scan_turns import queued_seconds, take_scan_turn, wait_behind_others, wait_for_scan_turn
from kyc.reconciliation.creates import scan_merchant

pytestmark = pytest.mark.django_db(transaction=True)


def test_workers_share_one_budget_whoever_asks():
    waits, lock = [], threading.Lock()

    def scan():
        clock = KeyClock("k", rate=20)
        mine = [take_scan_turn(clock) for _ in range(5)]
        with lock:
            waits.extend(mine)
        connection.close()

    threads = [threading.Thread(target=scan) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Twenty pages at two a second: the last begins nine and a half seconds after the first.
    assert max(waits) == pytest.approx(19 / 2, abs=1.5)
    assert len({round(wait, 1) for wait in waits}) >= 15


def test_a_quiet_time_is_not_saved_up():
    clock = KeyClock("k", rate=20)
    take_scan_turn(clock)
    ApiKeyClock.objects.update(scan_tat_us=1)
    assert take_scan_turn(clock) == 0
    assert take_scan_turn(clock) == pytest.approx(0.5, abs=0.2)


def test_a_rate_that_was_cut_cuts_the_scans_too():
    clock = KeyClock("k", rate=20)
    clock.grant()
    clock.slow_down(0, 2**60)
    take_scan_turn(clock)
    assert take_scan_turn(clock) == pytest.approx(1.0, abs=0.3)


def test_the_turns_of_another_key_are_its_own():
    take_scan_turn(KeyClock("k", rate=0.01))
    assert take_scan_turn(KeyClock("other", rate=20)) == 0


def test_whoever_waits_can_be_told_to_stop():
    clock = KeyClock("k", rate=0.01)
    take_scan_turn(clock)
    asked = []
    wait_for_scan_turn(clock, asked.append)
    assert asked[0] > 900


def test_each_page_of_a_list_takes_a_turn(exchange, own_merchant):
    from exchange.connection import make_client

    turns = []
    client = make_client()
    try:
        scan_merchant(client, own_merchant, lambda: turns.append(time.monotonic()))
    finally:
        client.close()
    assert len(turns) == 1


@pytest.fixture
def crowded():
    """Four callers who send as much as the key lets them: its queue is never empty."""
    stop, clock = threading.Event(), KeyClock("k", rate=50)

    def send():
        while not stop.is_set():
            wait_and_take(KeyClock("k", rate=50), at_most=10)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    while queued_seconds(clock) < 2 / 50:
        time.sleep(0.01)
    yield clock
    stop.set()
    for thread in threads:
        thread.join()


def test_a_poll_takes_a_tenth_of_the_rate_while_others_have_something_to_send(crowded):
    started = time.monotonic()
    for _ in range(5):
        wait_behind_others(crowded)
        wait_and_take(crowded, at_most=10)
    # Five calls at five a second; as one of five callers it would be through in half of that.
    assert time.monotonic() - started >= 0.8


def test_several_polls_and_comparisons_share_that_tenth(crowded):
    def read():
        for _ in range(3):
            wait_behind_others(KeyClock("k", rate=50))
            wait_and_take(KeyClock("k", rate=50), at_most=10)
        connection.close()

    started = time.monotonic()
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    # Nine calls at five a second; each for itself, three readers would be through in a third of that.
    assert time.monotonic() - started >= 1.6


def test_turns_that_were_not_needed_do_not_add_up():
    clock = KeyClock("k", rate=20)

    def others_queue(_seconds=0.0):
        ApiKeyClock.objects.update(tat_us=time.time_ns() // 1000 + 1_000_000)

    def others_are_through(_seconds):
        ApiKeyClock.objects.update(tat_us=0)

    clock.grant()
    for _ in range(20):
        others_queue()
        wait_behind_others(clock, others_are_through)
    others_queue()
    started = time.monotonic()
    wait_behind_others(clock, lambda seconds: (others_queue(), time.sleep(seconds)))
    assert time.monotonic() - started == pytest.approx(0.5, abs=0.3)


def test_a_poll_keeps_to_the_whole_rate_while_nobody_sends():
    clock = KeyClock("k", rate=50)
    asked = []
    for _ in range(10):
        wait_behind_others(clock, asked.append)
        wait_and_take(clock, at_most=10)
        time.sleep(1 / 50)
    assert asked == []


def test_polls_and_comparisons_go_behind_what_is_to_be_sent(exchange, own_merchant, settings):
    from exchange.connection import make_client, make_patient_client

    settings.EXCHANGE_RATE_PER_SECOND = 2
    taken = []
    for make in (make_client, make_patient_client):
        client = make()
        try:
            client.list_customers(page=1, limit=1)
            ApiKeyClock.objects.update(tat_us=time.time_ns() // 1000 + 1_500_000)
            started = time.monotonic()
            client.list_customers(page=1, limit=1)
            taken.append(time.monotonic() - started)
        finally:
            client.close()
    # Within the burst whoever sends goes at once; who only reads waits until it is made up for.
    assert taken[1] > 0.5
    assert taken[1] > taken[0]
