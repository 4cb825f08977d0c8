"""What only the database knows against a customer; asked for many at once."""

import pytest

from customers.candidates import judge
from customers.known import check_candidates
from customers.services import register_customer
from tests.customers.people import BUSINESS, INDIVIDUAL, TODAY, UBO, found

pytestmark = pytest.mark.django_db


@pytest.fixture
def lerato(own_merchant, machine):
    return register_customer(
        merchant=own_merchant, data=INDIVIDUAL, actor=machine, origin="form", today=TODAY
    ).customer


def known_against(data, ubos=(), merchant=None, customer=None):
    candidate = judge({**data, "reference": "NEW"}, ubos, merchant=merchant, today=TODAY)
    candidate.customer_id = customer.pk if customer else None
    before = len(candidate.problems)
    check_candidates([candidate])
    return found(candidate.problems[before:])


STRANGER = {
    **INDIVIDUAL,
    "email": "other@example.com",
    "phone_number": "+33625979190",
    "id_number": "8001015009087",
}


def test_a_stranger_has_nothing_against_them(lerato, own_merchant):
    assert known_against(STRANGER, merchant=own_merchant) == []


def test_nobody_is_compared_with_themselves(lerato, own_merchant):
    assert known_against(INDIVIDUAL, merchant=own_merchant, customer=lerato) == []


def test_an_email_is_taken_within_the_merchant_and_doubted_elsewhere(lerato, own_merchant, corner_shop):
    data = {**STRANGER, "email": "LERATO@example.com"}
    assert known_against(data, merchant=own_merchant) == [("email", "email_taken", "error")]
    assert known_against(data, merchant=corner_shop) == [("email", "email_elsewhere", "warning")]


def test_the_same_phone_and_id_number_are_doubts_however_they_are_written(lerato, own_merchant):
    data = {**STRANGER, "phone_number": "+27 82 290-4047", "id_number": "020208 6471 085"}
    assert known_against(data, merchant=own_merchant) == [
        ("phone_number", "same_phone", "warning"),
        ("id_number", "same_id_number", "warning"),
    ]


def test_a_ubo_is_compared_with_customers_and_other_businesses_ubos(lerato, own_merchant):
    business = {**BUSINESS, "entity_type": "business", "phone_number": "+33625979190"}
    own = {**UBO, "id_number": INDIVIDUAL["id_number"], "email": INDIVIDUAL["email"]}
    assert known_against(business, [own], merchant=own_merchant) == [
        ("email", "email_elsewhere", "warning"),
        ("id_number", "same_id_number", "warning"),
    ]


def test_many_are_asked_about_in_six_queries(lerato, own_merchant, django_assert_num_queries):
    many = [
        judge({**STRANGER, "email": f"p{number}@example.com"}, merchant=own_merchant, today=TODAY)
        for number in range(300)
    ]
    with django_assert_num_queries(6):
        check_candidates(many)


def test_those_of_one_batch_are_compared_with_each_other(own_merchant):
    twins = [
        judge(
            {**STRANGER, "reference": name, "email": f"{name}@example.com"},
            merchant=own_merchant,
            today=TODAY,
        )
        for name in ("one", "two")
    ]
    before = len(twins[0].problems)
    check_candidates(twins)
    assert [len(twin.problems) - before for twin in twins] == [0, 2]
