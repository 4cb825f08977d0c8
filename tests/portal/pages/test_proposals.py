"""Four eyes on the pages: who proposes, who approves, and what the maker is told."""

import io

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Proposal
from accounts.policy import forget
from customers.choices import Stage
from kyc.models import AcceptedWarning, Waiver
from kyc.warnings import open_warnings
from tests.accounts.people import a_person, elsewhere
from tests.portal.pages import people

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("four_eyes")]


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def doubtful(corner_shop, agent):
    """Everything is there, but the check digit of the ID number is wrong. Registered by Ayanda."""
    return people.an_individual(
        corner_shop, agent, nationality="ZA", id_number="0202086471086", dob="2002-02-08"
    )


def propose(customer, user, reason="The card was seen."):
    (warning,) = open_warnings(customer, today=timezone.localdate())
    address = reverse("customer-accept-warning", args=[customer.pk])
    return signed_in(user).post(address, {"key": warning.key, "reason": reason}, follow=True)


def decide(user, what, proposal, **data):
    return signed_in(user).post(reverse(f"proposal-{what}", args=[proposal.pk]), data, follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_an_agent_proposes_and_an_officer_approves(doubtful, agent, officer):
    assert "second person" in said(propose(doubtful, agent))
    proposal = Proposal.objects.get()
    assert not AcceptedWarning.objects.exists()

    page = signed_in(officer).get(reverse("waiting"))
    assert "The card was seen." in page.text
    assert reverse("proposal-approve", args=[proposal.pk]) in page.text
    assert "done" in said(decide(officer, "approve", proposal))
    accepted = AcceptedWarning.objects.get()
    assert (accepted.proposed_by, accepted.accepted_by, accepted.eyes) == (agent, officer, "two")
    assert accepted.reason == "The card was seen."
    actions = list(AuditEntry.objects.filter(customer_id=doubtful.pk).values_list("action", flat=True))
    assert {"proposal.made", "proposal.approved", "warning.accept"} <= set(actions)


def test_the_maker_is_told_why_they_can_not_approve_and_may_take_it_back(doubtful, officer):
    propose(doubtful, officer)
    proposal = Proposal.objects.get()
    for address in (reverse("waiting"), reverse("customer-detail", args=[doubtful.pk])):
        page = signed_in(officer).get(address)
        assert "somebody else has to decide it" in page.text
        assert reverse("proposal-approve", args=[proposal.pk]) not in page.text
    assert "Somebody else has to approve" in said(decide(officer, "approve", proposal))
    assert "Somebody else has to approve" in said(decide(officer, "refuse", proposal, reason="No."))
    assert not AcceptedWarning.objects.exists()
    decide(officer, "withdraw", proposal)
    proposal.refresh_from_db()
    assert proposal.decision == "withdrawn"
    assert "Propose to accept" in signed_in(officer).get(reverse("customer-detail", args=[doubtful.pk])).text


def test_a_refusal_needs_its_reason_and_is_told_to_the_maker(doubtful, agent, officer):
    propose(doubtful, agent)
    proposal = Proposal.objects.get()
    assert "Say in a sentence why" in said(decide(officer, "refuse", proposal, reason="  "))
    decide(officer, "refuse", proposal, reason="The number belongs to somebody else.")
    page = signed_in(agent).get(reverse("waiting"))
    assert "The number belongs to somebody else." in page.text
    assert "Olivia Smit" in page.text
    assert not AcceptedWarning.objects.exists()


def test_what_waits_for_a_second_person_can_not_be_proposed_again(doubtful, agent, officer):
    propose(doubtful, agent)
    assert "already" in said(propose(doubtful, officer))
    assert Proposal.objects.count() == 1


def test_what_has_changed_meanwhile_lapses(doubtful, agent, officer):
    propose(doubtful, agent)
    proposal = Proposal.objects.get()
    doubtful.id_number = "0202086471087"
    doubtful.save()
    assert "lapsed" in signed_in(officer).get(reverse("waiting")).text
    assert "lapsed" in said(decide(officer, "approve", proposal))
    proposal.refresh_from_db()
    assert proposal.decision == "lapsed"
    assert not AcceptedWarning.objects.exists()


@pytest.mark.parametrize("what", ["approve", "refuse", "withdraw"])
def test_who_may_not_decide_is_refused_and_who_is_out_of_scope_sees_nothing(
    what, doubtful, agent, viewer, auditor
):
    propose(doubtful, agent)
    proposal = Proposal.objects.get()
    other_agent = a_person("another@aggregator.example", "agent")
    address = reverse(f"proposal-{what}", args=[proposal.pk])
    assert signed_in(viewer).post(address, {"reason": "x"}).status_code == 404
    assert signed_in(auditor).post(address, {"reason": "x"}).status_code == 403
    assert signed_in(other_agent).post(address, {"reason": "x"}).status_code == 403
    far = elsewhere(a_person("far@aggregator.example"))
    assert signed_in(far).post(address, {"reason": "x"}).status_code == 404
    assert signed_in(far).get(reverse("waiting")).context["page"].proposals == []
    proposal.refresh_from_db()
    assert proposal.is_open


def test_a_waiver_takes_two(corner_shop, agent, officer):
    business = people.a_business(corner_shop, agent)
    address = reverse("customer-waive", args=[business.pk])
    page = signed_in(agent).post(address, {"doc_type": "Tax Statement", "reason": "Too new."}, follow=True)
    assert "second person" in said(page)
    assert not Waiver.objects.exists()
    proposal = Proposal.objects.get()
    assert "Waive: Tax Statement" in signed_in(officer).get(reverse("waiting")).text
    decide(officer, "approve", proposal, back="customer")
    waiver = Waiver.objects.get()
    assert (waiver.proposed_by, waiver.waived_by, waiver.eyes) == (agent, officer, "two")


def test_what_a_command_proposes_in_no_persons_name_is_said_to_be_the_portals_own(
    corner_shop, agent, officer
):
    business = people.a_business(corner_shop, agent)
    call_command("waive_document", business.reference, "Tax Statement", reason="New.", stdout=io.StringIO())
    assert "proposed by the portal itself" in signed_in(officer).get(reverse("waiting")).text
    decide(officer, "approve", Proposal.objects.get())
    page = signed_in(officer).get(reverse("customer-detail", args=[business.pk]))
    assert f"the portal itself, approved by {officer}" in page.text


def test_whoever_had_a_hand_in_a_customer_does_not_submit_it(corner_shop, agent, officer):
    customer = people.an_individual(corner_shop, officer)
    assert customer.stage == Stage.COMPLETE
    address = reverse("customer-detail", args=[customer.pk])
    submit = reverse("customer-submit", args=[customer.pk])
    assert submit not in signed_in(officer).get(address).text
    assert "You had a hand in this customer" in signed_in(officer).get(address).text
    assert "you had a hand in it" in signed_in(officer).get(reverse("waiting")).text
    assert "You had a hand in this customer" in said(signed_in(officer).post(submit, follow=True))
    second = a_person("second@aggregator.example", "officer")
    assert submit in signed_in(second).get(address).text
    signed_in(second).post(submit)
    customer.refresh_from_db()
    assert (customer.stage, customer.submitted_eyes) == (Stage.SUBMITTED, "two")
    assert (customer.made_by, customer.submitted_by) == (officer, second)


def test_an_agent_hands_in_and_never_submits(corner_shop, agent):
    customer = people.an_individual(corner_shop, agent)
    submit = reverse("customer-submit", args=[customer.pk])
    assert submit not in signed_in(agent).get(reverse("customer-detail", args=[customer.pk])).text
    assert signed_in(agent).post(submit).status_code == 403


def test_with_four_eyes_off_an_officer_decides_alone_and_an_agent_still_proposes(
    doubtful, agent, officer, settings
):
    settings.FOUR_EYES = frozenset()
    propose(doubtful, agent)
    assert Proposal.objects.get().is_open
    assert "Accept" in signed_in(officer).get(reverse("customer-detail", args=[doubtful.pk])).text
    propose(doubtful, officer, reason="Called them.")
    accepted = AcceptedWarning.objects.get()
    assert (accepted.accepted_by, accepted.eyes) == (officer, "one")


def test_a_role_taken_away_is_felt_on_the_next_request(doubtful, agent, officer):
    propose(doubtful, agent)
    client = signed_in(officer)
    assert client.get(reverse("waiting")).status_code == 200
    officer.grants.all().delete()
    forget(officer)
    assert client.get(reverse("waiting")).status_code == 403
    assert client.get(reverse("customer-detail", args=[doubtful.pk])).status_code == 403
