"""Scans of all workers together keep to a tenth of the key's rate."""

import threading
import time

import pytest
from django.db import connection

from exchange.outbox.key_clock import KeyClock
from exchange.outbox.models import ApiKeyClock
from exchange.outbox.scan_turns import take_scan_turn, wait_for_scan_turn
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
