"""An account whose details show nothing is bound by people's word: by two, for what was seen, and once."""

import pytest
from django.db import IntegrityError, transaction

from accounts.four_eyes import AlreadyProposed, Lapsed, ReasonNeeded, SecondPersonNeeded, approve
from accounts.models import AuditEntry, Proposal
from accounts.policy import NotAllowed
from customers.models import Customer
from exchange.outbox.database import now_ms
from exchange.outbox.decisions import unproven_uid
from exchange.outbox.models import Intent, Lane
from kyc.delivery.decisions import NotAllowedNow, give_up_intent, look_again
from kyc.models import Confirmation, Document
from kyc.reconciliation.confirming import UnderWay, confirm_account, propose_confirmation, titles
from tests.accounts.people import a_person
from tests.factories import make_customer, make_submitted_business, make_submitted_individual
from tests.kyc.reconciliation.hiding import hide_details

SAID = "Compliance there (call of 28 November) read out the ID number."


@pytest.fixture
def second(db):
    """Sipho, another officer."""
    return a_person("sipho@aggregator.example", "officer", name="Sipho Dlamini")


@pytest.fixture
def unproven(exchange, deliver, settings):
    """Found by the reference alone after a lost reply, while the details show nothing; by now they do."""
    return waiting(make_submitted_individual(), exchange, deliver, settings)


def waiting(customer, exchange, deliver, settings) -> Intent:
    settings.OUTBOX_TOKEN_FORM = "reference"
    with pytest.MonkeyPatch.context() as hidden:
        hide_details(hidden)
        exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1})
        deliver()
    exchange.clear_faults()
    return Intent.objects.get(topic="customer.create", subject_id=customer.pk)


def proposed(intent, actor):
    return propose_confirmation(intent=intent, uid=unproven_uid(intent), actor=actor, reason=SAID)


def customer_of(intent) -> Customer:
    return Customer.objects.get(pk=intent.lane_id)


def is_untouched(intent) -> bool:
    before = (intent.state, intent.error_code, intent.attempts_made)
    intent.refresh_from_db()
    after = (intent.state, intent.error_code, intent.attempts_made)
    children = Intent.objects.filter(lane_id=intent.lane_id).exclude(pk=intent.pk)
    return (
        before == after
        and customer_of(intent).uid is None
        and not Confirmation.objects.exists()
        and not children.filter(is_ready=True).exists()
    )


def test_one_officer_proposes_and_another_binds_it_by_the_word_alone(
    exchange, unproven, deliver, officer, second, four_eyes
):
    (there,) = exchange.state()["customers"]
    proposal = proposed(unproven, officer)
    assert is_untouched(unproven)
    approve(proposal, actor=second)

    unproven.refresh_from_db()
    customer = customer_of(unproven)
    assert (unproven.state, unproven.reason, unproven.error_code) == ("done", "", "")
    assert (customer.uid, customer.stage) == (there["uid"], "at_exchange")
    last = unproven.attempts.latest("number")
    assert (last.phase, last.outcome, last.reason, last.worker) == ("looked", "applied", "confirmed", "staff")
    given = Confirmation.objects.get(customer=customer)
    assert (given.uid, given.proposed_by, given.confirmed_by, given.eyes) == (
        there["uid"],
        officer,
        second,
        "two",
    )
    entry = AuditEntry.objects.get(action="intent.confirm", customer_id=customer.pk)
    assert (entry.actor, entry.reason, entry.details["proposed_by"]) == (second, SAID, str(officer.pk))
    bound = AuditEntry.objects.get(action="customer.adopted", customer_id=customer.pk)
    assert bound.details["evidence"] == "confirmed"

    # What waited for the uid goes on, once, and was not sent before: no flag.
    deliver()
    customer.refresh_from_db()
    (there,) = exchange.state()["customers"]
    assert (customer.stage, there["custom_id"]) == ("documents_sent", customer.reference)
    assert sorted(row["doc_type"] for row in exchange.state()["documents"]) == [
        "Passport",
        "Proof of Address",
        "Selfie",
    ]
    assert not Document.objects.filter(is_flagged=True).exists()


def test_the_owners_of_a_confirmed_business_are_learnt_from_its_details(exchange, deliver, settings, officer):
    create = waiting(make_submitted_business(), exchange, deliver, settings)
    confirm_account(intent=create, uid=unproven_uid(create), actor=officer, reason=SAID)
    deliver()
    customer = customer_of(create)
    assert customer.stage == "documents_sent"
    assert customer.ubos.get().uid


def test_nobody_confirms_alone_what_takes_two(unproven, officer, agent, auditor, four_eyes):
    uid = unproven_uid(unproven)
    with pytest.raises(SecondPersonNeeded):
        confirm_account(intent=unproven, uid=uid, actor=officer, reason=SAID)
    proposal = proposed(unproven, officer)
    with pytest.raises(SecondPersonNeeded):
        approve(proposal, actor=officer)
    for reader in (agent, auditor):
        with pytest.raises(NotAllowed):
            approve(proposal, actor=reader)
        with pytest.raises(NotAllowed):
            proposed(unproven, reader)
    with pytest.raises(AlreadyProposed):
        proposed(unproven, officer)
    assert is_untouched(unproven)


def test_where_one_is_enough_the_row_says_so_and_still_wants_a_reason(unproven, officer, operator):
    uid = unproven_uid(unproven)
    with pytest.raises(NotAllowed):
        confirm_account(intent=unproven, uid=uid, actor=operator, reason=SAID)
    with pytest.raises(ReasonNeeded):
        confirm_account(intent=unproven, uid=uid, actor=officer, reason="  ")
    assert is_untouched(unproven)
    assert confirm_account(intent=unproven, uid=uid, actor=officer, reason=SAID).eyes == "one"
    assert AuditEntry.objects.get(action="intent.confirm").details["eyes"] == "one"


def test_an_account_that_somebody_else_here_has_is_not_confirmed(unproven, officer, second, four_eyes):
    proposal = proposed(unproven, officer)
    other = make_submitted_individual(documents=())
    Customer.objects.filter(pk=other.pk).update(uid=unproven_uid(unproven), stage="at_exchange")
    assert titles([proposal]) == {}
    with pytest.raises(Lapsed):
        approve(proposal, actor=second)
    proposal.refresh_from_db()
    assert proposal.decision == "lapsed"
    with pytest.raises(NotAllowedNow, match="Another customer here"):
        proposed(unproven, officer)
    assert is_untouched(unproven)


def test_what_was_looked_at_again_since_is_proposed_anew(
    exchange, unproven, deliver, officer, second, four_eyes, monkeypatch
):
    stale = proposed(unproven, officer)
    hide_details(monkeypatch)
    look_again(intent=unproven, actor=officer)
    # While it is looked for there is nothing to say a word on.
    with pytest.raises(NotAllowedNow):
        propose_confirmation(
            intent=unproven, uid=exchange.state()["customers"][0]["uid"], actor=officer, reason=SAID
        )
    deliver()
    unproven.refresh_from_db()
    assert unproven_uid(unproven)
    with pytest.raises(Lapsed):
        approve(stale, actor=second)
    assert is_untouched(unproven)
    approve(proposed(unproven, officer), actor=second)
    assert customer_of(unproven).uid == exchange.state()["customers"][0]["uid"]


def test_what_was_given_up_meanwhile_is_not_bound(unproven, officer, second, four_eyes):
    proposal = proposed(unproven, officer)
    give_up_intent(intent=unproven, actor=second, reason="The exchange closes it.")
    assert titles([proposal]) == {}
    with pytest.raises(Lapsed):
        approve(proposal, actor=second)
    assert customer_of(unproven).uid is None


def test_another_account_than_the_one_that_was_seen_is_not_confirmed(unproven, officer):
    for uid in ("", "CCT0000000404"):
        with pytest.raises(NotAllowedNow):
            confirm_account(intent=unproven, uid=uid, actor=officer, reason=SAID)
    assert is_untouched(unproven)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("foreign_sender", "contradicts:{uid}:email"),
        ("create_outcome_unknown", "no_token_echo"),
        ("create_outcome_unknown", "{uid}"),
    ],
)
def test_only_an_account_that_shows_nothing_is_confirmed(unproven, officer, reason, code):
    uid = unproven_uid(unproven)
    Intent.objects.filter(pk=unproven.pk).update(reason=reason, error_code=code.format(uid=uid))
    unproven.refresh_from_db()
    with pytest.raises(NotAllowedNow):
        confirm_account(intent=unproven, uid=uid, actor=officer, reason=SAID)
    assert is_untouched(unproven)


def test_while_a_worker_is_at_the_customer_the_proposal_stays_open(unproven, officer, second, four_eyes):
    proposal = proposed(unproven, officer)
    Lane.objects.filter(pk=unproven.lane_id).update(lease_until_ms=now_ms() + 60_000)
    with pytest.raises(UnderWay):
        approve(proposal, actor=second)
    assert Proposal.objects.get().is_open
    assert is_untouched(unproven)
    Lane.objects.filter(pk=unproven.lane_id).update(lease_until_ms=None)
    approve(Proposal.objects.get(), actor=second)
    assert customer_of(unproven).uid


def test_after_a_restore_its_documents_are_flagged_since_they_may_be_there(
    unproven, deliver, officer, settings
):
    settings.RECOVERY_EPOCH_MS = now_ms()
    confirm_account(intent=unproven, uid=unproven_uid(unproven), actor=officer, reason=SAID)
    deliver()
    assert Document.objects.filter(is_flagged=True, delivery="sent").count() == 3


def test_the_database_refuses_a_word_that_its_proposer_approved(officer):
    customer = make_customer()
    given = dict(customer=customer, uid="CCT1", proposed_by=officer, confirmed_by=officer)
    for eyes in ("two", "command"):
        with pytest.raises(IntegrityError, match="second_person_confirms"), transaction.atomic():
            Confirmation.objects.create(**given, eyes=eyes)
