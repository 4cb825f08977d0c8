"""Nonce and rate of one key, over threads and over a clock that is off."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from exchange.outbox.database import not_waiting_for_disk, now_ms, run
from exchange.outbox.key_clock import Grant, KeyClock, NotNow, NotYet, wait_and_take
from exchange.outbox.models import ApiKeyClock

pytestmark = pytest.mark.django_db(transaction=True)


def test_threads_never_share_a_nonce():
    taken, lock = [], threading.Lock()

    def take():
        clock = KeyClock("k", rate=2000)
        mine = [wait_and_take(clock, at_most=10) for _ in range(40)]
        with lock:
            taken.extend(mine)
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == len(taken) == 320


def test_calls_keep_to_the_rate_after_a_short_burst():
    clock = KeyClock("k", rate=50)
    started = time.monotonic()
    for _ in range(25):
        wait_and_take(clock, at_most=5)
    assert time.monotonic() - started >= (25 - 5 - 1) / 50


def test_nonces_rise_although_the_clock_was_set_back():
    clock = KeyClock("k", rate=1000)
    clock.grant()
    ahead = now_ms() + 600
    ApiKeyClock.objects.update(last_nonce=ahead)
    assert clock.grant().nonce == ahead + 1


def test_a_nonce_far_ahead_of_the_clock_is_not_given():
    clock = KeyClock("k", rate=1000)
    clock.grant()
    ApiKeyClock.objects.update(last_nonce=now_ms() + 10_000)
    answer = clock.grant()
    assert isinstance(answer, NotYet)
    assert 8 < answer.wait <= 10
    with pytest.raises(NotNow):
        wait_and_take(clock, at_most=60)


def test_a_limit_pauses_and_halves_the_rate_once_for_all_that_were_under_way():
    clock = KeyClock("k", rate=20)
    nonces = [clock.grant().nonce for _ in range(3)]
    for nonce in nonces:
        clock.slow_down(2.0, nonce)
    state = clock.state()
    assert state.rate == pytest.approx(10, rel=0.01)
    assert 1 < state.paused_for <= 2
    assert clock.grant().reason == "rate_limited"


def test_the_rate_climbs_back_by_five_percent_a_minute():
    clock = KeyClock("k", rate=20)
    clock.grant()
    ApiKeyClock.objects.update(share=0.5, share_at_ms=now_ms() - 120_000)
    assert clock.state().rate == pytest.approx(12, rel=0.01)
    ApiKeyClock.objects.update(share=0.5, share_at_ms=now_ms() - 24 * 3600_000)
    assert clock.state().rate == pytest.approx(20)


def test_a_key_that_was_told_to_slow_down_sends_one_by_one():
    clock = KeyClock("k", rate=20)
    clock.grant()
    ApiKeyClock.objects.update(share=0.5, share_at_ms=now_ms(), tat_us=0)
    first, second = clock.grant(), clock.grant()
    assert first.wait == 0
    assert second.wait == pytest.approx(0.1, abs=0.05)
    ApiKeyClock.objects.update(share=1.0, tat_us=0)
    assert [clock.grant().wait for _ in range(5)] == [0] * 5


def test_a_refused_key_is_struck_once_a_pause_and_stops_at_the_third():
    clock = KeyClock("k", rate=20)
    for strikes in range(3):
        clock.grant()
        clock.strike("authz.apikey_not_active")
        clock.strike("authz.apikey_not_active")
        assert ApiKeyClock.objects.get().strikes == strikes + 1
        assert clock.state().is_stopped == (strikes == 2)
        ApiKeyClock.objects.update(paused_until_ms=0)
    clock.accepted()
    assert clock.state().stopped_code == ""


def test_the_exchanges_clock_is_taken_over_where_ours_is_off():
    clock = KeyClock("k", rate=1000)
    clock.grant()
    clock.learn_skew(datetime.now(UTC) - timedelta(minutes=10), nonce_was_refused=True)
    grant = clock.grant()
    assert isinstance(grant, Grant)
    assert abs(grant.nonce - (now_ms() - 600_000)) < 3_000


def test_a_second_of_rounding_is_no_skew():
    clock = KeyClock("k", rate=1000)
    clock.grant()
    clock.learn_skew(datetime.now(UTC) - timedelta(seconds=1), nonce_was_refused=False)
    assert clock.state().skew_ms == 0


def test_no_nonce_is_taken_within_a_transaction():
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        KeyClock("k").grant()


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="what SQLite's commits wait for")
def test_after_a_nonce_commits_wait_for_the_disk_again():
    clock = KeyClock("k", rate=100)
    clock.grant()
    with pytest.raises(RuntimeError), not_waiting_for_disk():
        raise RuntimeError
    assert run("PRAGMA synchronous") == [(2,)]  # FULL
