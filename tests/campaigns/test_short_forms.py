"""The campaigns in their short forms: each holds, and the first of them fail without their guard.

Small loads, a few seconds each, at most a minute of `make test` together; the others without their guards are
in test_short_forms_on_services.py. `make campaign` runs the long forms.
"""

import pytest

from tests.campaigns import (
    c1_exactly_once,
    c2_crash_points,
    c3_webhooks,
    c4_nonces,
    c5_fairness,
    c6_outages,
    c7_catch_up,
    c8_contention,
    c9_restore,
    c10_imports,
    c11_rotation,
    quirks,
    twenty_kills,
)
from tests.campaigns.c1_exactly_once import NO_END, Plan
from tests.campaigns.c2_crash_points import CrashPlan
from tests.campaigns.c3_webhooks import WebhookPlan
from tests.campaigns.c4_nonces import NoncePlan
from tests.campaigns.c5_fairness import FairnessPlan
from tests.campaigns.c6_outages import OutagePlan
from tests.campaigns.c7_catch_up import CatchUpPlan
from tests.campaigns.c8_contention import ContentionPlan
from tests.campaigns.twenty_kills import KillsPlan

pytestmark = pytest.mark.processes

# A quiet machine needs half of it; a delivery that hangs must not take the suite's time.
SECONDS = 40.0
NEVER = NO_END
# Too long for `make test`: `make campaign-services` runs them with the forms on services.
elsewhere = pytest.mark.services


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
    # It ends as soon as nothing moves; a busy machine needs long until its worker has begun.
    quiet = {"customers": 5, "workers": 1, "mean_gap": NEVER, "ambiguous": 0.5, "duration": 20.0}
    return small(**{**quiet, "strangers": 0.0, **more})


def test_everybody_is_there_exactly_once_though_replies_are_lost_and_workers_killed():
    report = c1_exactly_once.run(small(payees=3))
    assert report.holds, report
    assert report.figures["payments_there_1_times"] == 6
    assert report.figures["kills"] + report.figures["freezes"] >= 1
    assert report.figures["genuine_clashes"] == 2


@elsewhere
def test_sending_again_what_may_have_arrived_breaks_it():
    report = c1_exactly_once.run(unkilled(guard_off="resend_unknown"))
    assert {"p1_everybody_is_there_once", "p2_documents_arrive_and_doubt_is_flagged"} & set(report.broken), (
        report
    )


@elsewhere
def test_taking_a_lost_payment_reference_for_absent_breaks_it():
    report = c1_exactly_once.run(unkilled(payees=8, customers=1, guard_off="no_webhook_match"))
    assert "p3_payment_references_are_there_once" in report.broken, report


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


def webhooks(**more) -> WebhookPlan:
    return WebhookPlan(**{"payees": 8, "duration": SECONDS, "kill_every": 0.3, "is_timed": False, **more})


def test_each_event_is_kept_once_though_the_web_server_is_killed():
    report = c3_webhooks.run(webhooks())
    assert report.holds, report
    assert report.figures["kills"] >= 1


@elsewhere
def test_answering_an_event_before_it_is_kept_loses_it():
    report = c3_webhooks.run(webhooks(payees=20, guard_off="answers_first"))
    assert "every true event is kept" in report.broken, report


@elsewhere
def test_believing_whoever_knows_the_address_keeps_what_is_forged():
    report = c3_webhooks.run(webhooks(kill_every=NEVER, guard_off="any_signature"))
    assert "nothing forged is kept" in report.broken, report


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


def test_an_exchange_that_is_gone_for_a_while_costs_nothing():
    plan = OutagePlan(what="exchange", customers=4, times=1, outage=0.7, workers=1, haste=5, duration=SECONDS)
    report = c6_outages.run(plan)
    assert report.holds, report


def away(**more) -> CatchUpPlan:
    """Four hours away and one unheard in six seconds."""
    quick = {"customers": 15, "merchants": 3, "rate": 40, "away_hours": 4, "unheard_hours": 1}
    return CatchUpPlan(
        **{**quick, "settle_seconds": 0.1, "poll_seconds": 1.0, "workers": 1, "duration": 30, **more}
    )


def test_what_queued_for_hours_is_caught_up_with_and_the_poll_finds_the_verdicts():
    report = c7_catch_up.run(away())
    assert report.holds, report
    assert report.figures["verdicts_while_unheard"] == 3


def contention(**more) -> ContentionPlan:
    return ContentionPlan(**{"customers": 4, "clients": 6, "duration": 2.0, **more})


@elsewhere
def test_six_clients_on_four_customers_lose_no_update():
    report = c8_contention.run(contention())
    assert report.holds, report


def restored(**more) -> Plan:
    return small(**{"customers": 9, "workers": 1, "lanes": 2, "mean_gap": NEVER, "ambiguous": 0.0, **more})


def test_a_database_put_back_to_an_earlier_hour_sends_nobody_twice():
    report = c9_restore.run(restored())
    assert report.holds, report


def imports(**more) -> Plan:
    return small(**{"customers": 5, "mean_gap": 1.5, "duration": 2.5, **more})


def test_four_importers_of_the_same_rows_enter_each_once():
    report = c10_imports.run(imports())
    assert report.holds, report
    assert report.figures["kills"] >= 1


def rotated(**more) -> Plan:
    # Most of its time are starts of processes: everything is started anew twice.
    quiet = {"customers": 4, "workers": 1, "mean_gap": NEVER, "ambiguous": 0.2, "strangers": 0.0}
    return small(**{**quiet, "duration": 4.0, **more})


def test_every_key_is_replaced_under_load_and_the_old_ones_are_used_no_more():
    report = c11_rotation.run(rotated())
    assert report.holds, report
    assert report.figures["rotations_killed"] >= 1


@elsewhere
def test_writers_who_keep_to_the_old_version_break_it():
    report = c11_rotation.run(rotated(guard_off="writers_keep_their_version"))
    assert "old keys unused" in report.broken, report


def test_commands_that_are_killed_and_started_again_bring_everybody_there_once():
    report = twenty_kills.run(KillsPlan(customers=4, kills=2, mean_gap=1.0, rate=25))
    assert report.holds, report


def test_every_switch_of_the_sandbox_has_values_to_try():
    assert set(quirks.VALUES) == set(quirks.QUIRKS)
    assert all(value != quirks.QUIRKS[name] for name, values in quirks.VALUES.items() for value in values)
