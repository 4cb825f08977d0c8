"""Ending a relationship: by two people, only when the exchange knows everything, and once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.four_eyes import SecondPersonNeeded, approve
from accounts.models import AuditEntry
from accounts.policy import NotAllowed
from accounts.roles import NARROWED_AT
from customers.problems import Refused
from kyc.requirements import requirements
from kyc.retention.ending import end_relationship, propose_ending, reopen
from kyc.retention.rows import Ending, How
from kyc.submission import NotReady, submit_for_onboarding
from tests import factories
from tests.kyc.retention import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer():
    return factories.make_customer()


def test_one_proposes_it_and_another_approves(customer, agent, officer, four_eyes):
    proposal = propose_ending(customer=customer, how=How.REJECTED, reason="Adverse media.", actor=agent)
    customer.refresh_from_db()
    assert customer.ended_at is None
    approve(proposal, actor=officer)
    customer.refresh_from_db()
    ending = Ending.objects.get(customer=customer)
    assert (ending.how, ending.proposed_by, ending.ended_by, ending.eyes) == (
        "rejected",
        agent,
        officer,
        "two",
    )
    assert customer.ended_at == ending.ended_at
    assert AuditEntry.objects.filter(action="customer.reject", customer_id=customer.pk).count() == 1


def test_nobody_ends_it_alone(customer, thandi, four_eyes):
    with pytest.raises(SecondPersonNeeded):
        end_relationship(customer=customer, how=How.WITHDRAWN, reason="Phoned.", actor=thandi)
    proposal = propose_ending(customer=customer, how=How.WITHDRAWN, reason="Phoned.", actor=thandi)
    with pytest.raises(SecondPersonNeeded):
        approve(proposal, actor=thandi)
    assert not Ending.objects.exists()


def test_where_no_second_person_is_asked_for_one_is_enough(customer, officer, settings):
    settings.FOUR_EYES = frozenset()
    ending = end_relationship(customer=customer, how=How.CLOSED, reason="Over.", actor=officer)
    assert ending.eyes == "one"


def test_the_database_refuses_an_end_that_its_proposer_approved(customer, officer):
    with pytest.raises(IntegrityError), transaction.atomic():
        Ending.objects.create(
            customer=customer, how="closed", reason="x", proposed_by=officer, ended_by=officer, eyes="two"
        )


def test_the_database_refuses_an_end_by_a_command_alone_since_none_makes_one(customer, officer):
    by_command = dict(customer=customer, how="closed", reason="x", ended_by=officer, eyes="command")
    with pytest.raises(IntegrityError, match="a_second_person_ends_a_relationship"), transaction.atomic():
        Ending.objects.create(**by_command, ended_at=NARROWED_AT)
    Ending.objects.create(**by_command, ended_at=NARROWED_AT - timedelta(days=1))


def test_an_agent_can_not_approve(customer, agent, thandi, four_eyes):
    proposal = propose_ending(customer=customer, how=How.CLOSED, reason="Over.", actor=thandi)
    with pytest.raises(NotAllowed):
        approve(proposal, actor=agent)


def test_what_the_exchange_is_still_to_be_told_comes_first(agent, four_eyes):
    customer = factories.make_submitted_individual()
    with pytest.raises(Refused) as refused:
        propose_ending(customer=customer, how=How.CLOSED, reason="Over.", actor=agent)
    assert refused.value.problems[0].code == "still_to_be_told"


def test_an_ended_customer_needs_nothing_and_can_be_neither_changed_nor_submitted(customer, agent, officer):
    from customers.change import Frozen, change_customer

    people.end(customer, agent=agent, officer=officer)
    from django.utils import timezone

    assert requirements(customer, today=timezone.localdate()) == []
    with pytest.raises(NotReady):
        submit_for_onboarding(customer=customer, actor=officer)
    with pytest.raises((Frozen, Refused)):
        change_customer(customer=customer, data={"first_name": "Other"}, ubos=[], actor=agent)


def test_an_end_is_taken_back_once(customer, agent, officer):
    people.end(customer, agent=agent, officer=officer)
    reopen(customer=customer, reason="The wrong customer.", actor=officer)
    customer.refresh_from_db()
    assert customer.ended_at is None
    assert customer.is_editable
    with pytest.raises(Refused):
        reopen(customer=customer, reason="Again.", actor=officer)
    people.end(customer, agent=agent, officer=officer)
    assert Ending.objects.filter(customer=customer).count() == 2
