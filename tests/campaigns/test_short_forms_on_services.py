"""The campaigns in their short forms over PostgreSQL, with RabbitMQ, with Redis and with no broker at all."""

from pathlib import Path

import pytest

from tests.campaigns import (
    c1_exactly_once,
    c4_nonces,
    c5_fairness,
    c6_outages,
    c7_catch_up,
    c8_contention,
    c9_restore,
    c10_imports,
    quirks,
    twenty_kills,
)
from tests.campaigns.brokers import Redis
from tests.campaigns.c1_exactly_once import NO_END
from tests.campaigns.c4_nonces import NoncePlan
from tests.campaigns.c6_outages import OutagePlan
from tests.campaigns.test_short_forms import (
    SECONDS,
    away,
    contention,
    fairness,
    imports,
    restored,
    small,
    unkilled,
)
from tests.campaigns.twenty_kills import KillsPlan
from tests.services.conftest import address

pytestmark = [pytest.mark.processes, pytest.mark.services]


@pytest.fixture(autouse=True)
def server() -> str:
    """The PostgreSQL server of TEST_DATABASE_URL; what is absent is a failure."""
    return address("TEST_DATABASE_URL")


@pytest.fixture
def redis(tmp_path: Path):
    """A Redis of its own, since what it holds is thrown away."""
    with Redis(tmp_path) as running:
        yield running.url


def on_postgres(plan, **more):
    plan.database = "postgresql"
    for name, value in more.items():
        setattr(plan, name, value)
    return plan


# Beside the others these take so much of two cores that they starve: `by_the_clock`, too.

# A Celery worker takes longer to start than one that looks for itself.
RUNG = {"customers": 20, "mean_gap": 5.0, "duration": 30.0, "frozen": 6.0}


@pytest.mark.by_the_clock
def test_without_a_broker_everybody_is_there_exactly_once():
    report = c1_exactly_once.run(on_postgres(small()))
    assert report.holds, report


@pytest.mark.by_the_clock
def test_rung_by_redis_everybody_is_there_exactly_once(redis):
    report = c1_exactly_once.run(on_postgres(small(**RUNG), broker_url=redis))
    assert report.holds, report
    assert report.figures["broker"] == "redis"


@pytest.mark.by_the_clock
def test_rung_by_rabbitmq_everybody_is_there_exactly_once():
    report = c1_exactly_once.run(on_postgres(small(**RUNG), broker_url=address("TEST_RABBITMQ_URL")))
    assert report.holds, report
    assert report.figures["broker"] == "amqp"


def test_not_looking_for_the_token_leaves_people_behind():
    report = c1_exactly_once.run(on_postgres(unkilled(guard_off="no_token_scan")))
    assert "p1_everybody_is_there_once" in report.broken, report


def test_two_workers_without_the_lease_send_for_one_customer_at_once():
    # Slow calls: one is under way when the other worker comes up, however long that takes.
    plan = unkilled(customers=8, workers=2, ambiguous=0.0, latency=0.7, guard_off="no_lease")
    report = c1_exactly_once.run(on_postgres(plan))
    assert "i10_no_two_send_for_one_customer_at_once" in report.broken, report


def test_no_nonce_is_given_twice_while_the_clock_steps():
    plan = NoncePlan(takes=1000, processes=8, steps=(-1500, 0, 1500), duration=SECONDS)
    report = c4_nonces.run(on_postgres(plan))
    assert report.holds, report


def test_first_come_first_served_lets_the_small_merchants_wait():
    report = c5_fairness.run(on_postgres(fairness(guard_off="first_come_first_served")))
    assert "fairness" in report.broken, report


def outage(what: str, **more) -> OutagePlan:
    quick = {"customers": 6, "times": 1, "outage": 1.5, "workers": 1, "haste": 5, "duration": SECONDS}
    return OutagePlan(what=what, **{**quick, **more})


@pytest.mark.parametrize("what", ["database", "broker_emptied", "broker_gone", "disk"])
def test_what_goes_out_comes_back_with_nothing_lost(what):
    report = c6_outages.run(outage(what))
    assert report.holds, report


def test_rabbitmq_emptied_loses_nothing():
    report = c6_outages.run(outage("broker_emptied", broker_url=address("TEST_RABBITMQ_URL")))
    assert report.holds, report


def test_a_worker_that_gives_up_at_a_database_error_does_not_recover():
    report = c6_outages.run(
        outage("database", guard_off="no_retry_after_outage", recovers_within=6, duration=2)
    )
    assert "recovery" in report.broken, report


def test_a_worker_that_gives_up_at_a_full_disk_does_not_recover():
    report = c6_outages.run(
        outage("disk", customers=40, guard_off="no_retry_after_outage", recovers_within=6, duration=2)
    )
    assert "recovery" in report.broken, report


def test_a_circuit_that_nobody_probes_stays_open_when_the_exchange_is_back():
    report = c6_outages.run(
        outage("exchange", customers=40, guard_off="never_probes", recovers_within=6, duration=2)
    )
    assert "recovery" in report.broken, report


@pytest.mark.parametrize("what", ["broker_emptied", "broker_gone"])
def test_a_worker_that_only_hears_the_broker_waits_for_ever_for_what_nobody_could_ring(what):
    report = c6_outages.run(outage(what, guard_off="deaf_to_the_clock", recovers_within=12, duration=2))
    assert "recovery" in report.broken, report


def test_what_queued_for_hours_is_caught_up_with_and_the_poll_finds_the_verdicts():
    report = c7_catch_up.run(on_postgres(away()))
    assert report.holds, report


def test_an_exchange_that_answers_503_for_hours_is_caught_up_with_just_the_same():
    """What is answered with 503 may have been done: who met it is looked for before it is sent again."""
    report = c7_catch_up.run(on_postgres(away(answering=True)))
    assert report.holds, report
    assert report.figures["answered_503"] >= 5


@pytest.mark.parametrize("answering", [False, True], ids=["refused", "503"])
def test_without_the_circuit_everybody_knocks_at_an_exchange_that_is_away(answering):
    plan = away(customers=120, unheard_hours=0.2, duration=4, answering=answering, guard_off="no_circuit")
    report = c7_catch_up.run(on_postgres(plan))
    assert "the circuit opens" in report.broken, report


def test_without_the_poll_nobody_hears_of_the_verdicts():
    plan = away(customers=10, away_hours=2, unheard_hours=0.2, guard_off="no_poll")
    report = c7_catch_up.run(on_postgres(plan))
    assert "the poll converges" in report.broken, report


def test_deadlocks_cost_nobody_an_update_or_an_error():
    report = c8_contention.run(on_postgres(contention(customers=6, clients=8, duration=8.0)))
    assert report.holds, report
    assert report.figures["deadlocks"] > 0


def test_where_the_last_write_wins_updates_are_lost():
    plan = contention(duration=3.0, is_edit_only=True, guard_off="last_write_wins")
    report = c8_contention.run(on_postgres(plan))
    assert "no update lost" in report.broken, report


def test_a_database_put_back_to_an_earlier_hour_sends_nobody_twice():
    report = c9_restore.run(on_postgres(restored()))
    assert report.holds, report


def test_without_the_epoch_a_restored_database_sends_documents_again():
    report = c9_restore.run(on_postgres(restored(latency=0.7, guard_off=c9_restore.FORGOTTEN)))
    assert "p2_documents_arrive_and_doubt_is_flagged" in report.broken, report


def test_four_importers_of_the_same_rows_enter_each_once():
    report = c10_imports.run(on_postgres(imports()))
    assert report.holds, report


def test_without_uniqueness_four_importers_enter_rows_twice():
    report = c10_imports.run(on_postgres(imports(duration=0.0, guard_off="no_uniqueness")))
    assert "each row once" in report.broken, report


@pytest.mark.by_the_clock
def test_commands_that_are_killed_and_started_again_bring_everybody_there_once():
    report = twenty_kills.run(on_postgres(KillsPlan(customers=10, kills=6, mean_gap=1.0, rate=30)))
    assert report.holds, report


def test_masks_taken_at_their_word_leave_people_with_staff():
    plan = quirks.QuirksPlan(customers=8, workers=1, mean_gap=NO_END, guard_off="masks_taken_at_their_word")
    plan.ambiguous, plan.strangers = 0.6, 0.0
    report = c1_exactly_once.run(quirks.plan_for(on_postgres(plan), {"masking": True}, 7))
    assert "p1_everybody_is_there_once" in report.broken, report


@pytest.mark.by_the_clock
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_mix_of_switches_changes_nothing_about_it(seed):
    (mixed,) = quirks.mixes(1, seed=seed)
    report = c1_exactly_once.run(quirks.plan_for(on_postgres(quirks.QuirksPlan(customers=10)), mixed, seed))
    assert report.holds, report
