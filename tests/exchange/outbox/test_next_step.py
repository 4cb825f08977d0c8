"""What becomes of an intent, by the class of its outcome alone."""

import pytest

from exchange.client import Outcome
from exchange.client import Reason as Cause
from exchange.outbox.looks import pace_of
from exchange.outbox.next_step import MAX_TRIES, Result, backoff_ms, lost_result, next_step

PACE = pace_of(300)


def step(
    topic,
    outcome,
    cause="x",
    *,
    tries=0,
    unknown_tries=0,
    is_outage=False,
    pace=PACE,
    resends=1,
    **more,
):
    return next_step(
        topic,
        Result(outcome, cause, **more),
        tries=tries,
        unknown_tries=unknown_tries,
        is_outage=is_outage,
        chance=lambda: 1.0,
        pace=pace,
        resends=resends,
    )


@pytest.mark.parametrize(
    ("outcome", "cause", "state", "reason"),
    [
        (Outcome.APPLIED, "applied", "done", ""),
        (Outcome.REJECTED, Cause.REJECTED, "waiting_for_staff", "rejected_by_exchange"),
        (Outcome.REFUSED, Cause.REFUSED, "waiting_for_staff", "refused_by_exchange"),
        # It may be us: looked for first.
        (Outcome.TAKEN, Cause.EMAIL_TAKEN, "unknown", "email_taken_elsewhere"),
        (Outcome.TAKEN, Cause.UBO_EMAIL_TAKEN, "unknown", "ubo_email_taken"),
        (Outcome.UNKNOWN, Cause.NO_ANSWER, "unknown", "create_outcome_unknown"),
        (Outcome.NOT_APPLIED, Cause.UNREACHABLE, "pending", ""),
    ],
)
def test_the_class_of_the_outcome_decides(outcome, cause, state, reason):
    found = step("customer.create", outcome, cause)
    assert (found.state, found.reason) == (state, reason)


def test_an_unknown_upload_has_its_own_reason():
    assert step("document.upload", Outcome.UNKNOWN).reason == "upload_outcome_unknown"


def test_what_may_be_repeated_safely_is_sent_again_after_an_unknown_outcome():
    found = step("customer.set_custom_id", Outcome.UNKNOWN, is_safe_to_repeat=True)
    assert (found.state, found.wait_ms, found.unknown_tries) == ("pending", 1000, 1)


@pytest.mark.parametrize(
    "cause", [Cause.RATE_LIMITED, Cause.PAUSED, Cause.KEY_REFUSED, Cause.CLOCK, Cause.NOT_SIGNED]
)
def test_what_is_not_the_subjects_fault_uses_up_no_try(cause):
    found = step("customer.create", Outcome.NOT_APPLIED, cause, tries=19)
    assert (found.state, found.tries) == ("pending", 19)


def test_a_limit_is_waited_for_as_long_as_it_says():
    found = step("customer.create", Outcome.NOT_APPLIED, Cause.RATE_LIMITED, retry_after=30.0)
    assert 30_000 <= found.wait_ms <= 30_200


def test_an_outage_uses_up_no_try():
    found = step("customer.create", Outcome.NOT_APPLIED, Cause.UNREACHABLE, tries=19, is_outage=True)
    assert (found.state, found.tries) == ("pending", 19)


def test_the_twentieth_failure_calls_a_person():
    found = step("customer.create", Outcome.NOT_APPLIED, Cause.UNREACHABLE, tries=MAX_TRIES - 1)
    assert (found.state, found.reason) == ("waiting_for_staff", "too_many_attempts")


def test_waits_double_from_a_second_to_a_quarter_of_an_hour_with_full_jitter():
    longest = [backoff_ms(tries, lambda: 1.0) for tries in range(12)]
    assert longest[:5] == [1000, 2000, 4000, 8000, 16000]
    assert longest[-1] == 15 * 60 * 1000
    assert backoff_ms(5, lambda: 0.0) == 0


@pytest.mark.parametrize(
    ("topic", "state"),
    [
        ("customer.create", "unknown"),
        ("document.upload", "unknown"),
        ("customer.set_custom_id", "pending"),
    ],
)
def test_an_attempt_whose_worker_ended_may_have_arrived(topic, state):
    found = next_step(topic, lost_result(topic), tries=0, unknown_tries=0)
    assert found.state == state


def test_an_unknown_create_is_looked_for_after_a_sixtieth_of_the_settle_time():
    found = step("customer.create", Outcome.UNKNOWN, Cause.NO_ANSWER, pace=pace_of(300))
    assert (found.state, found.look_ms, found.unknown_tries) == ("unknown", 5_000, 1)


def test_a_worker_that_ended_counts_as_no_round_of_the_exchange():
    found = next_step("customer.create", lost_result("customer.create"), tries=0, unknown_tries=2)
    assert (found.state, found.unknown_tries) == ("unknown", 2)


def test_an_unknown_upload_waits_for_the_settle_time():
    found = step("document.upload", Outcome.UNKNOWN, pace=pace_of(300))
    assert (found.state, found.look_ms) == ("unknown", 300_000)


@pytest.mark.parametrize(("unknown_tries", "resends"), [(1, 1), (0, 0)])
def test_an_upload_that_is_unknown_after_its_last_resend_is_finished(unknown_tries, resends):
    found = step("document.upload", Outcome.UNKNOWN, unknown_tries=unknown_tries, resends=resends)
    assert (found.state, found.reason, found.look_ms) == ("done", "upload_outcome_unknown", None)


def test_an_outage_uses_up_no_round_of_a_create():
    found = step("customer.create", Outcome.UNKNOWN, unknown_tries=2, is_outage=True)
    assert (found.state, found.unknown_tries) == ("unknown", 2)


def test_an_upload_whose_last_resend_fell_into_an_outage_is_not_said_to_be_finished():
    found = step("document.upload", Outcome.UNKNOWN, unknown_tries=1, resends=1, is_outage=True)
    assert (found.state, found.reason) == ("waiting_for_staff", "upload_outcome_unknown")


@pytest.mark.parametrize("code", ["resource.documents.limit_reached", "documents.already_exists"])
def test_a_resend_that_is_refused_because_it_is_there_asks_staff_whether_it_is(code):
    found = step("document.upload", Outcome.REFUSED, Cause.REFUSED, unknown_tries=1, codes=(code,))
    assert (found.state, found.reason) == ("waiting_for_staff", "upload_outcome_unknown")
    first = step("document.upload", Outcome.REFUSED, Cause.REFUSED, codes=(code,))
    assert first.reason == "refused_by_exchange"


def test_a_rejection_that_names_nothing_is_looked_for_where_an_earlier_reply_was_lost():
    unreadable = Result(Outcome.REJECTED, "rejected", status=422)
    first = next_step("customer.create", unreadable, tries=0, unknown_tries=0)
    assert first.state == "waiting_for_staff"
    later = next_step("customer.create", unreadable, tries=0, unknown_tries=1)
    assert (later.state, later.reason) == ("unknown", "create_outcome_unknown")
