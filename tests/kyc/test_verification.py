"""Verification comes back: from lists, by what changed, and never more than was said."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import AuditEntry
from customers.models import Customer, Merchant
from exchange.connection import make_client
from exchange.outbox.crew import Crew
from exchange.sandbox.testing import sandbox, sandbox_server  # noqa: F401
from kyc.verdicts import apply_verdict, stage_said
from kyc.verification import poll_verifications
from tests.exchange.outbox.conftest import exchange  # noqa: F401
from tests.factories import make_customer, make_submitted_business, make_submitted_individual

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entity_type", "state", "kyc_status", "stage"),
    [
        ("individual", "active", "verified", "verified"),
        ("individual", "active", "rejected", "rejected"),
        ("individual", "active", "pending", None),
        ("individual", "active", "", None),
        ("individual", "active", "on_hold", None),
        ("individual", "active", "Verified", "verified"),
        ("individual", "deleted", "verified", None),
        ("business", "active", "", "verified"),
        ("business", "pending", "", None),
        ("business", "deleted", "", None),
        ("business", "active", "pending", None),
        ("business", "pending", "verified", "verified"),
    ],
)
def test_what_the_exchange_says_is_read_by_a_closed_list(entity_type, state, kyc_status, stage):
    assert stage_said(entity_type, state, kyc_status) == stage


def at_the_exchange(**fields) -> Customer:
    return make_customer(
        uid="CCT1", stage="documents_sent", submitted_at=NOW, documents_sent_at=NOW, **fields
    )


def say(customer, state, kyc_status):
    return apply_verdict(customer=customer, exchange_state=state, kyc_status=kyc_status, at=NOW)


def test_a_verdict_is_written_once_with_its_audit_row(db):
    customer = at_the_exchange()
    assert say(customer, "active", "verified") is True
    assert say(customer, "active", "verified") is False
    customer.refresh_from_db()
    assert (customer.stage, customer.verdict_at) == ("verified", NOW)
    entry = AuditEntry.objects.get(action="customer.verdict")
    assert entry.changes["stage"] == ["documents_sent", "verified"]


def test_an_unknown_answer_is_shown_as_it_came_and_counts_as_in_review(db):
    customer = at_the_exchange()
    say(customer, "active", "awaiting_moon")
    customer.refresh_from_db()
    assert (customer.stage, customer.kyc_status) == ("documents_sent", "awaiting_moon")


def test_a_verdict_that_is_taken_back_puts_the_customer_back_in_review(db):
    customer = at_the_exchange()
    say(customer, "active", "verified")
    say(customer, "active", "pending")
    customer.refresh_from_db()
    assert (customer.stage, customer.verdict_at) == ("documents_sent", None)


def test_a_stale_copy_does_not_overwrite_what_another_wrote(db):
    customer = at_the_exchange()
    stale = Customer.objects.get(pk=customer.pk)
    say(customer, "active", "verified")
    assert say(stale, "active", "rejected") is False
    customer.refresh_from_db()
    assert customer.stage == "verified"


def test_a_customer_that_was_not_submitted_gets_no_verdict(db):
    assert say(make_customer(), "active", "verified") is False


@pytest.fixture
def delivered(exchange, transactional_db):  # noqa: F811
    """Delivers what is due; the exchange's review takes a moment, or for ever."""

    def run(review_seconds: float = 0.0) -> None:
        exchange.set_faults(review_seconds=review_seconds)
        with Crew(4) as crew:
            crew.run(until="idle")

    return run


def poll(machine):
    client = make_client()
    try:
        return poll_verifications(client, actor=machine)
    finally:
        client.close()


def test_individuals_come_back_verified_and_businesses_wait_for_a_person(
    exchange,  # noqa: F811
    delivered,
    machine,
):
    person, business = make_submitted_individual(), make_submitted_business()
    delivered()
    poll(machine)
    person.refresh_from_db()
    business.refresh_from_db()
    assert (person.stage, business.stage) == ("verified", "documents_sent")
    exchange.verify(business.uid)
    poll(machine)
    business.refresh_from_db()
    assert business.stage == "verified"


def test_nobody_is_passed_over_by_a_server_that_gives_fewer_rows_than_are_asked_for(
    exchange,  # noqa: F811
    delivered,
    machine,
):
    people = [make_submitted_individual() for _ in range(5)]
    exchange.set_faults(list_page_cap=2)
    delivered()
    poll(machine)
    assert {type(person).objects.get(pk=person.pk).stage for person in people} == {"verified"}


def test_a_business_without_kyc_status_is_read_from_its_state(exchange, delivered, machine):  # noqa: F811
    business = make_submitted_business()
    delivered()
    business.refresh_from_db()
    exchange.set_faults(business_kyc_status="hidden")
    poll(machine)
    exchange.verify(business.uid)
    poll(machine)
    business.refresh_from_db()
    assert (business.stage, business.kyc_status) == ("verified", "")


def test_a_rejection_comes_back(exchange, delivered, machine):  # noqa: F811
    person = make_submitted_individual()
    delivered(review_seconds=3600)
    person.refresh_from_db()
    exchange.reject(person.uid)
    poll(machine)
    person.refresh_from_db()
    assert person.stage == "rejected"


def test_details_are_asked_only_for_what_changed(exchange, delivered, machine):  # noqa: F811
    people = [make_submitted_individual() for _ in range(3)]
    delivered(review_seconds=3600)
    first = poll(machine)
    assert (first.details, first.changed) == (0, 3)  # in review, says the list: that is all there is to know
    again = poll(machine)
    assert (again.seen, again.details, again.changed) == (3, 0, 0)
    people[0].refresh_from_db()
    exchange.verify(people[0].uid)
    third = poll(machine)
    assert (third.details, third.changed) == (1, 1)


def test_a_first_word_that_decides_is_read_in_full(exchange, delivered, machine):  # noqa: F811
    person = make_submitted_individual()
    delivered(review_seconds=3600)
    person.refresh_from_db()
    exchange.verify(person.uid)
    first = poll(machine)
    assert (first.details, first.changed) == (1, 1)


def test_only_merchants_with_open_customers_are_asked(exchange, delivered, machine):  # noqa: F811
    uid = exchange.add_merchant(name="Corner Shop")
    make_submitted_individual(merchant=Merchant.objects.create(uid=uid, name="Corner Shop"))
    delivered()
    assert poll(machine).merchants == 1
    assert poll(machine).merchants == 0


def test_the_own_list_names_everybody_and_judges_only_ours(exchange, delivered, machine):  # noqa: F811
    uid = exchange.add_merchant(name="Corner Shop")
    make_submitted_individual(merchant=Merchant.objects.create(uid=uid, name="Corner Shop"))
    own = make_submitted_individual()
    delivered(review_seconds=3600)
    Customer.objects.exclude(pk=own.pk).update(stage="verified")
    polled = poll(machine)
    assert (polled.merchants, polled.changed, polled.unknown_here) == (1, 1, 0)


def test_what_is_there_and_not_here_is_counted_and_left_alone(exchange, delivered, machine):  # noqa: F811
    forgotten, kept = make_submitted_individual(), make_submitted_individual()
    delivered(review_seconds=3600)
    Customer.objects.filter(pk=forgotten.pk).update(uid=None, stage="submitted")
    polled = poll(machine)
    assert (polled.unknown_here, polled.missing_there) == (1, 0)
    Customer.objects.filter(pk=kept.pk).update(uid="CCTGONE")
    polled = poll(machine)
    assert (polled.unknown_here, polled.missing_there) == (2, 1)


def test_who_was_created_while_the_list_was_read_is_not_missing(exchange, delivered, machine):  # noqa: F811
    customer = make_submitted_individual()
    delivered(review_seconds=3600)
    later = datetime.now(UTC) + timedelta(minutes=1)
    Customer.objects.filter(pk=customer.pk).update(uid="CCTNEW", at_exchange_at=later)
    assert poll(machine).missing_there == 0
    Customer.objects.filter(pk=customer.pk).update(at_exchange_at=later - timedelta(hours=1))
    assert poll(machine).missing_there == 1
