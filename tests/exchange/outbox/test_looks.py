"""When the exchange is looked at and what a look says: a table over rows and a clock."""

import pytest

from exchange.outbox.looks import Adopt, Case, ForStaff, LookAgain, Seen, SendAgain, judge, pace_of

PACE = pace_of(300)
T0 = 1_000_000
S = 1000  # a second


def case(**more):
    return Case(unknown_ms=T0, **more)


def seen(seconds, *uids, **more):
    return Seen(T0 + int(seconds * S), uids, **more)


@pytest.mark.parametrize(
    ("clean_at", "seen_at", "next_at", "clean_after"),
    [
        (None, 0, 5, None),
        (None, 5, 30, None),
        (None, 30, 300, None),
        (None, 299, 300, None),
        (None, 300, 360, 300),
        (None, 4000, 4060, 4000),
        (300, 330, 360, 300),
        (300, 359.9, 360, 300),
    ],
)
def test_until_absence_is_proven_the_next_look_has_its_time(clean_at, seen_at, next_at, clean_after):
    found = judge(case(clean_ms=clean_at and T0 + clean_at * S), seen(seen_at), PACE)
    assert found == LookAgain(T0 + next_at * S, clean_after and T0 + clean_after * S)


def test_two_clean_scans_a_minute_apart_after_the_settle_time_prove_absence():
    assert judge(case(clean_ms=T0 + 300 * S), seen(360), PACE) == SendAgain()


@pytest.mark.parametrize("seconds", [0, 5, 300, 9000])
def test_whatever_is_found_is_adopted_at_once(seconds):
    assert judge(case(), seen(seconds, "A"), PACE) == Adopt("A")


def test_a_scan_that_missed_rows_can_find_and_proves_nothing():
    late = case(clean_ms=T0 + 300 * S)
    assert isinstance(judge(late, seen(400, is_whole=False), PACE), LookAgain)
    assert judge(late, seen(400, "A", is_whole=False), PACE) == Adopt("A")


def test_a_list_that_is_never_whole_ends_with_staff():
    found = judge(case(), seen(20 * 300 + 1, is_whole=False), PACE)
    assert found == ForStaff("create_outcome_unknown", "list_never_whole")


def test_of_several_the_oldest_is_adopted_and_the_others_are_named():
    assert judge(case(), seen(5, "OLD", "NEW"), PACE) == Adopt("OLD", ("NEW",))


def test_three_unknown_rounds_end_with_staff():
    absent = seen(400)
    assert judge(case(clean_ms=T0 + 300 * S, rounds=2), absent, PACE) == SendAgain()
    found = judge(case(clean_ms=T0 + 300 * S, rounds=3), absent, PACE)
    assert found == ForStaff("create_outcome_unknown", "too_many_rounds")


def test_a_list_that_does_not_show_our_token_can_not_prove_absence():
    found = judge(case(clean_ms=T0 + 300 * S), seen(400, is_blind=True), PACE)
    assert found == ForStaff("create_outcome_unknown", "no_token_echo")


TAKEN = {"is_taken": True, "rounds": 0, "had_unknown": False}


@pytest.mark.parametrize(
    ("given", "found_there", "is_absent", "expected"),
    [
        ({"is_taken": True, "had_unknown": True}, True, False, Adopt("A")),
        ({"is_taken": True, "had_unknown": True}, False, True, ForStaff("email_taken_elsewhere")),
        (TAKEN, True, False, Adopt("A", is_foreign=True)),
        (TAKEN, False, True, ForStaff("email_taken_elsewhere")),
        ({**TAKEN, "taken_reason": "ubo_email_taken"}, False, True, ForStaff("ubo_email_taken")),
        ({**TAKEN, "looks_first": True}, True, False, Adopt("A")),
    ],
)
def test_a_taken_email_is_ours_only_by_the_token(given, found_there, is_absent, expected):
    clean = T0 if not given["had_unknown"] else T0 + 300 * S
    found = judge(case(clean_ms=clean, **given), seen(1000, *(["A"] if found_there else [])), PACE)
    assert found == expected


def test_taken_without_a_lost_reply_is_looked_for_twice_from_the_start():
    assert judge(case(**TAKEN), seen(0.1), PACE) == LookAgain(T0 + 60_100, T0 + 100)


def test_taken_after_a_lost_reply_never_goes_to_staff_before_a_slow_list_had_its_time():
    after = case(is_taken=True)
    assert judge(after, seen(0), PACE) == LookAgain(T0 + 5 * S)
    assert judge(after, seen(300), PACE) == LookAgain(T0 + 900 * S, T0 + 300 * S)
    assert judge(case(is_taken=True, clean_ms=T0 + 300 * S), seen(899), PACE) == LookAgain(
        T0 + 900 * S, T0 + 300 * S
    )


def test_everything_scales_with_the_settle_time():
    assert pace_of(3).quick_ms == (50, 300)
    assert pace_of(3).gap_ms == 600
