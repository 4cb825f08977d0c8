"""The retention clock: from which day on the data is due."""

import datetime

import pytest
from django.utils import timezone

from customers.models import Customer
from kyc.retention.clock import Due, due_by, due_day, due_on, ended, standing
from tests import factories
from tests.kyc.retention import people

TODAY = datetime.date(2026, 3, 1)


@pytest.mark.parametrize(
    ("ended_on", "due"),
    [("2021-03-01", "2026-03-01"), ("2020-02-29", "2025-03-01"), ("2024-02-29", "2029-03-01")],
)
def test_what_the_exchange_was_told_of_is_kept_for_years(settings, ended_on, due):
    settings.RETENTION_YEARS = 5
    day = datetime.date.fromisoformat(ended_on)
    assert due_on(day, was_submitted=True) == datetime.date.fromisoformat(due)


def test_what_was_never_sent_is_kept_for_days(settings):
    settings.RETENTION_UNSENT_DAYS = 30
    assert due_on(TODAY, was_submitted=False) == datetime.date(2026, 3, 31)


def test_while_the_relationship_goes_on_nothing_is_due(db):
    customer = factories.make_customer()
    assert due_day(customer) is None
    assert standing(customer, is_held=False, today=TODAY) is Due.RUNNING


def test_the_query_and_the_rule_agree_on_every_day_round_the_limit(db, settings, agent, officer):
    settings.RETENTION_UNSENT_DAYS = 10
    customer = people.end(factories.make_customer(), agent=agent, officer=officer)
    today = timezone.localdate()
    for days in range(7, 13):
        day = today + datetime.timedelta(days=days)
        found = due_by(Customer.objects.all(), day).exists()
        assert found == (standing(customer, is_held=False, today=day) is Due.DUE), days


def test_leap_days_agree_too(db, settings, agent, officer):
    settings.RETENTION_YEARS = 5
    customer = people.end(factories.make_customer(), agent=agent, officer=officer)
    for ended_on in ("2024-02-28", "2024-02-29", "2024-03-01"):
        at = timezone.make_aware(datetime.datetime.fromisoformat(f"{ended_on}T12:00"))
        Customer.objects.filter(pk=customer.pk).update(ended_at=at, submitted_at=at)
        customer.refresh_from_db()
        for day in (datetime.date(2029, 2, 28), datetime.date(2029, 3, 1), datetime.date(2029, 3, 2)):
            is_due = standing(customer, is_held=False, today=day) is Due.DUE
            assert due_by(Customer.objects.all(), day).exists() == is_due, (ended_on, day)


def test_a_legal_hold_keeps_what_is_due(db, officer, agent):
    from kyc.retention.holding import lift_hold, place_hold

    customer = people.end(factories.make_customer(), agent=agent, officer=officer, years_ago=9)
    place_hold(customer=customer, reason="Case 7/2026", actor=officer)
    (row,) = ended(Customer.objects.all())
    assert row.is_held
    assert standing(row, is_held=row.is_held, today=timezone.localdate()) is Due.HELD
    lift_hold(customer=customer, reason="Case closed", actor=officer)
    assert not ended(Customer.objects.all()).get().is_held
