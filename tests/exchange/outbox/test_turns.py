"""Merchants take turns, whatever the size of their backlogs."""

import uuid

import pytest
from django.db import transaction

from exchange.outbox import NewIntent, claiming, enqueue
from exchange.outbox.choices import Topic
from exchange.outbox.claiming import claim_lanes, release_claim
from exchange.outbox.models import Intent, Lane

pytestmark = pytest.mark.django_db


def submit(merchant, count):
    with transaction.atomic():
        customers = [uuid.uuid4() for _ in range(count)]
        enqueue([NewIntent(Topic.CREATE, pk, pk, merchant) for pk in customers])


def served(count, at_once=1):
    """Whose lanes are claimed and worked off, one batch after another: the merchants in order."""
    order = []
    while len(order) < count:
        claims = claim_lanes("w", at_once)
        assert claims
        for claim in claims:
            order.append(claim.merchant_uid)
            Intent.objects.filter(lane_id=claim.lane).update(state="done")
            release_claim(claim)
    return order


def last_of(merchant, order):
    return len(order) - order[::-1].index(merchant)


def test_a_small_merchant_does_not_wait_behind_a_large_one():
    submit("large", 500)
    submit("small", 5)

    order = served(30)
    assert order.count("small") == 5
    assert last_of("small", order) <= 11


def test_by_the_time_alone_it_would_wait_behind_all_of_them(monkeypatch):
    """The test has teeth: the order that was before lets the small one wait."""
    monkeypatch.setattr(claiming, "_CLAIM", claiming._CLAIM.replace("l.rank, l.id", "l.due_ms, l.rank, l.id"))
    submit("large", 50)
    Lane.objects.update(due_ms=1)
    submit("small", 5)

    assert "small" not in served(50)


@pytest.mark.parametrize("at_once", [1, 4])
def test_merchants_that_all_wait_are_served_alike(at_once):
    for merchant in ("a", "b", "c", "d"):
        submit(merchant, 40 if merchant == "a" else 10)

    order = served(40, at_once)
    assert {merchant: order.count(merchant) for merchant in "abcd"} == dict.fromkeys("abcd", 10)


def test_who_was_idle_joins_where_the_others_are():
    submit("busy", 40)
    served(30)
    submit("idle", 10)

    # It neither makes up for the thirty that it did not use, nor waits for the ten that are left.
    order = served(20)
    assert abs(order[:10].count("idle") - 5) <= 1
    assert order.count("busy") == 10


def test_who_did_much_before_a_quiet_time_does_not_pay_for_it():
    submit("old", 100)
    served(100)
    submit("new", 20)
    submit("old", 20)

    order = served(20)
    assert abs(order.count("old") - 10) <= 1


def test_within_a_merchant_who_came_first_goes_first():
    first, second = uuid.uuid4(), uuid.uuid4()
    for pk in (first, second):
        with transaction.atomic():
            enqueue([NewIntent(Topic.CREATE, pk, pk, "m")])
    assert [claim.lane for claim in claim_lanes("w", 1)] == [first]


def test_what_is_not_due_or_held_is_passed_over():
    submit("a", 3)
    first, second, third = Lane.objects.order_by("rank")
    Lane.objects.filter(pk=first.pk).update(due_ms=4_000_000_000_000)
    claim_lanes("other", 1)
    assert [claim.lane for claim in claim_lanes("w", 5)] == [third.pk]


def ask_for_payments(merchant, count):
    with transaction.atomic():
        customers = [uuid.uuid4() for _ in range(count)]
        enqueue([NewIntent(Topic.PAYMENT_REFERENCE, uuid.uuid4(), pk, merchant) for pk in customers])


def test_a_payment_reference_does_not_wait_behind_a_backlog():
    submit("large", 100)
    served(3)
    ask_for_payments("small", 2)

    assert served(3)[:2] == ["small", "small"]


def test_payment_references_take_turns_among_themselves():
    ask_for_payments("large", 100)
    served(5)
    ask_for_payments("small", 3)

    order = served(20)
    assert last_of("small", order) <= 8


def test_who_is_new_while_payments_wait_does_not_go_before_other_customers():
    submit("old", 10)
    ask_for_payments("payer", 3)
    submit("new", 10)

    order = served(23)
    assert order[:3] == ["payer"] * 3
    assert 4 <= order[3:13].count("new") <= 6


def test_a_lane_that_asked_for_a_payment_takes_its_turn_again_afterwards():
    with transaction.atomic():
        lane = uuid.uuid4()
        enqueue([NewIntent(Topic.PAYMENT_REFERENCE, uuid.uuid4(), lane, "payer")])
    served(1)
    submit("other", 3)
    with transaction.atomic():
        enqueue([NewIntent(Topic.UPLOAD, uuid.uuid4(), lane, "payer")])

    assert Lane.objects.get(pk=lane).rank >= 0


def test_who_joins_while_only_a_payment_is_in_hand_does_not_go_before_later_ones():
    ask_for_payments("payer", 1)
    (claim,) = claim_lanes("w", 1)
    Lane.objects.filter(pk=claim.lane).update(due_ms=None)
    submit("new", 1)

    assert Lane.objects.get(merchant_uid="new").rank >= 0
