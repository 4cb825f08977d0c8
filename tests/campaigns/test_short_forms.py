"""The campaigns in their short forms: each holds, and without its guard it fails.

Small loads, a few seconds each; `make campaign` runs the long forms.
"""

import pytest

from tests.campaigns import (
    c1_exactly_once,
    c2_crash_points,
    c4_nonces,
    c5_fairness,
    c6_outages,
    c9_restore,
    c10_imports,
)
from tests.campaigns.c1_exactly_once import Plan
from tests.campaigns.c2_crash_points import CrashPlan
from tests.campaigns.c4_nonces import NoncePlan
from tests.campaigns.c5_fairness import FairnessPlan
from tests.campaigns.c6_outages import OutagePlan
from tests.services.conftest import address

pytestmark = pytest.mark.processes

# A quiet machine needs half of it; a delivery that hangs must not take the suite's time.
SECONDS = 40.0
NEVER = 3600.0


def small(**more) -> Plan:
    return Plan(
        **{
            "customers": 14,
            "merchants": 3,
            "workers": 2,
            "is_packed": False,
            "strangers": 0.15,
            "haste": 5,
            "frozen": 3.0,
            "duration": 12.0,
            **more,
        }
    )


def unkilled(**more) -> Plan:
    quiet = {"customers": 5, "workers": 1, "mean_gap": NEVER, "ambiguous": 0.5, "duration": 3.0}
    return small(**{**quiet, "strangers": 0.0, **more})


def test_everybody_is_there_exactly_once_though_replies_are_lost_and_workers_killed():
    report = c1_exactly_once.run(small())
    assert report.holds, report
    assert report.figures["kills"] + report.figures["freezes"] >= 1
    assert report.figures["genuine_clashes"] == 2


def test_sending_again_what_may_have_arrived_breaks_it():
    report = c1_exactly_once.run(unkilled(guard_off="resend_unknown"))
    assert {"p1_everybody_is_there_once", "p2_documents_arrive_and_doubt_is_flagged"} & set(report.broken), (
        report
    )


def test_not_looking_for_the_token_leaves_people_behind():
    report = c1_exactly_once.run(unkilled(guard_off="no_token_scan"))
    assert "p1_everybody_is_there_once" in report.broken, report


SOME_POINTS = (
    "after_claim",
    "after_nonce",
    "after_create_answer",
    "within_create_settling",
    "after_upload_answer",
)


def test_a_delivery_killed_at_named_points_and_lines_comes_to_the_same_end():
    plan = CrashPlan(
        seed=3, is_business=False, duration=SECONDS, names=SOME_POINTS, lines=(90, 700, 1500, 2300)
    )
    report = c2_crash_points.run(plan)
    assert report.holds, report
    assert report.figures["runs"] == 14


def test_sending_again_what_was_sent_when_the_worker_was_killed_breaks_it():
    names = ("after_create_answer", "after_upload_answer")
    plan = CrashPlan(is_business=False, duration=SECONDS, names=names, lines=(), guard_off="resend_unknown")
    report = c2_crash_points.run(plan)
    assert "p2_documents_arrive_and_doubt_is_flagged" in report.broken, report


def test_no_nonce_is_given_twice_while_the_clock_steps():
    report = c4_nonces.run(NoncePlan(takes=1000, processes=8, steps=(-1500, 0, 1500), duration=SECONDS))
    assert report.holds, report
    assert report.figures["takes"] == 1000


def test_nonces_counted_by_each_process_repeat():
    report = c4_nonces.run(
        NoncePlan(takes=400, processes=4, steps=(), duration=SECONDS, guard_off="own_nonce")
    )
    assert "no nonce twice" in report.broken, report


def fairness(**more) -> FairnessPlan:
    return FairnessPlan(
        large=40, small=5, merchants=4, rate=100, halves_for=0, duration=SECONDS, lanes=4, **more
    )


def test_a_small_merchant_does_not_wait_behind_a_large_one():
    report = c5_fairness.run(fairness())
    assert report.holds, report


def test_first_come_first_served_lets_the_small_ones_wait():
    report = c5_fairness.run(fairness(guard_off="first_come_first_served"))
    assert "fairness" in report.broken, report


def test_an_exchange_that_is_gone_for_a_while_costs_nothing():
    plan = OutagePlan(what="exchange", customers=4, times=1, outage=0.7, workers=1, haste=5, duration=SECONDS)
    report = c6_outages.run(plan)
    assert report.holds, report


def restored(**more) -> Plan:
    return small(**{"customers": 9, "workers": 1, "lanes": 2, "mean_gap": NEVER, "ambiguous": 0.0, **more})


def test_a_database_put_back_to_an_earlier_hour_sends_nobody_twice():
    report = c9_restore.run(restored())
    assert report.holds, report


def test_without_the_epoch_a_restored_database_sends_documents_again():
    report = c9_restore.run(restored(guard_off=c9_restore.FORGOTTEN))
    assert report.broken, report


def imports(**more) -> Plan:
    return small(**{"customers": 5, "mean_gap": 1.5, "duration": 2.5, **more})


def test_four_importers_of_the_same_rows_enter_each_once():
    report = c10_imports.run(imports())
    assert report.holds, report
    assert report.figures["kills"] >= 1


def test_without_uniqueness_four_importers_enter_rows_twice():
    report = c10_imports.run(imports(duration=0.0, guard_off="no_uniqueness"))
    assert "each row once" in report.broken, report


@pytest.fixture
def server() -> str:
    """The PostgreSQL server of TEST_DATABASE_URL; what is absent is a failure."""
    return address("TEST_DATABASE_URL")


@pytest.mark.services
def test_on_postgresql_everybody_is_there_exactly_once(server):
    report = c1_exactly_once.run(small(database="postgresql"))
    assert report.holds, report


@pytest.mark.services
def test_on_postgresql_no_nonce_is_given_twice(server):
    plan = NoncePlan(database="postgresql", takes=1000, processes=8, steps=(-1500, 0, 1500), duration=SECONDS)
    report = c4_nonces.run(plan)
    assert report.holds, report


@pytest.mark.services
def test_on_postgresql_four_importers_of_the_same_rows_enter_each_once(server):
    report = c10_imports.run(imports(database="postgresql"))
    assert report.holds, report


@pytest.mark.services
def test_on_postgresql_without_uniqueness_four_importers_enter_rows_twice(server):
    report = c10_imports.run(imports(database="postgresql", duration=0.0, guard_off="no_uniqueness"))
    assert "each row once" in report.broken, report


def outage(what: str, **more) -> OutagePlan:
    quick = {"customers": 6, "times": 1, "outage": 1.5, "workers": 1, "haste": 5, "duration": SECONDS}
    return OutagePlan(what=what, **{**quick, **more})


@pytest.mark.services
@pytest.mark.parametrize("what", ["database", "broker_emptied", "broker_gone", "disk"])
def test_what_goes_out_comes_back_with_nothing_lost(what):
    report = c6_outages.run(outage(what))
    assert report.holds, report


@pytest.mark.services
def test_rabbitmq_emptied_loses_nothing():
    url = address("TEST_RABBITMQ_URL")
    report = c6_outages.run(outage("broker_emptied", broker_url=url))
    assert report.holds, report


@pytest.mark.services
def test_a_worker_that_gives_up_at_a_database_error_does_not_recover():
    report = c6_outages.run(
        outage("database", guard_off="no_retry_after_outage", recovers_within=6, duration=2)
    )
    assert "recovery" in report.broken, report


@pytest.mark.services
def test_a_worker_that_only_hears_the_broker_waits_for_ever_when_it_is_emptied():
    report = c6_outages.run(
        outage("broker_emptied", guard_off="deaf_to_the_clock", recovers_within=12, duration=2)
    )
    assert "recovery" in report.broken, report
