"""Whose hand was in a customer: told for many at once, from the audit rows of its present draft."""

import pytest
from django.db import connection

from customers.change import change_customer
from customers.makers import own_of
from customers.models import Customer
from kyc.submission import submit_for_onboarding, thaw
from tests.accounts.people import a_person
from tests.customers.people import INDIVIDUAL, TODAY
from tests.kyc.onboarding import complete, hand_in, individual

pytestmark = pytest.mark.django_db


@pytest.fixture
def lerato(corner_shop, officer):
    """Complete, handed in by Olivia."""
    return complete(individual(corner_shop, officer), officer)


@pytest.fixture
def second(db):
    return a_person("sibusiso@aggregator.example", "officer", name="Sibusiso Radebe")


def is_own(customer, *people) -> list[bool]:
    customer.refresh_from_db()
    return [bool(own_of([customer], person)) for person in people]


def move(customer, actor, city="Durban"):
    change_customer(customer=customer, data={**INDIVIDUAL, "city": city}, actor=actor, today=TODAY)


def test_everybody_who_had_a_hand_in_it_is_told(lerato, officer, second, agent, viewer):
    move(lerato, second)
    hand_in(lerato, "Selfie", agent)
    assert is_own(lerato, officer, second, agent, viewer) == [True, True, True, False]


def test_who_looked_at_it_only_or_was_refused_had_no_hand_in_it(lerato, second, viewer):
    from accounts import audit

    for person, action in ((second, "customer.reveal"), (viewer, "document.turned_away")):
        audit.record(
            actor=person, action=action, subject_type="customer", subject_id=lerato.pk, customer_id=lerato.pk
        )
    assert is_own(lerato, second, viewer) == [False, False]


def test_once_opened_again_its_makers_are_those_who_mend_it(lerato, officer, second):
    third = a_person("naledi@aggregator.example", "officer")
    hand_in(lerato, "Selfie", second)
    submit_for_onboarding(customer=lerato, actor=third, today=TODAY)
    thaw(customer=lerato, reason="rejected_by_exchange", actor=third)
    # Nobody has mended it yet: it is still whose it was last.
    assert is_own(lerato, officer, second, third) == [False, True, False]
    move(lerato, third)
    assert is_own(lerato, officer, second, third) == [False, False, True]
    move(lerato, officer, city="Knysna")
    assert is_own(lerato, officer, second, third) == [True, False, True]


def test_of_whom_nobody_knows_who_made_it_everybody_might_have(lerato, second):
    Customer.objects.update(made_by=None)
    assert is_own(lerato, second) == [True]


def test_many_are_asked_about_in_one_query_and_ones_own_in_none(
    corner_shop, agent, officer, second, django_assert_num_queries
):
    def one(number, actor):
        changes = {"reference": f"C-{number}", "email": f"{number}@example.com"}
        return individual(corner_shop, actor, id_number="", nationality="GB", **changes)

    mine = [one(number, officer) for number in range(3)]
    theirs = [one(number, agent) for number in range(3, 9)]
    with django_assert_num_queries(1):
        assert own_of([*mine, *theirs], officer) == {row.pk for row in mine}
    with django_assert_num_queries(0):
        assert own_of(mine, officer) == {row.pk for row in mine}
    with django_assert_num_queries(1):
        assert own_of([*mine, *theirs], second) == set()


def test_the_database_has_its_trigger():
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name = 'no_maker_submits'"
            )
        else:
            cursor.execute(
                "SELECT tgrelid::regclass::text FROM pg_trigger "
                "WHERE tgname = 'no_maker_submits' AND tgenabled IN ('O', 'A')"
            )
        assert cursor.fetchall() == [("customers_customer",)]
