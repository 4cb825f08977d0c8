"""Waiving a document: two types, businesses only, with a reason."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import AuditEntry, Proposal
from accounts.policy import NotAllowed
from accounts.roles import WAIVERS_NARROWED_AT
from customers.problems import Refused
from kyc.approvals.waivers import propose_waiver
from kyc.doc_types import BUSINESS_TYPES
from kyc.models import Waiver
from kyc.waivers import waive_document
from tests.customers.people import TODAY
from tests.kyc.onboarding import business, hand_in, individual, row, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(corner_shop, thandi):
    return business(corner_shop, thandi)


def waive(customer, actor, doc_type="Business License", reason="No licence is needed to bake bread."):
    return waive_document(customer=customer, doc_type=doc_type, reason=reason, actor=actor, today=TODAY)


def codes(refused):
    return [problem.code for problem in refused.value.problems]


def test_a_waived_document_is_no_longer_missing(acme, thandi):
    assert str(row(acme, "document:Business License").state) == "missing"
    waive(acme, thandi)
    assert str(row(acme, "document:Business License").state) == "done"


def test_a_waiver_may_be_the_last_thing_that_was_missing(acme, thandi):
    for doc_type in BUSINESS_TYPES:
        if doc_type != "Tax Statement":
            hand_in(acme, doc_type, thandi)
    jane = acme.ubos.get()
    for doc_type in ("Passport", "Selfie", "Proof of Address"):
        hand_in(acme, doc_type, thandi, ubo=jane)
    assert acme.stage == "draft"
    waive(acme, thandi, "Tax Statement")
    acme.refresh_from_db()
    assert acme.stage == "complete"


def test_who_waived_and_why_is_written_down(acme, thandi):
    waiver = waive(acme, thandi)
    entry = AuditEntry.objects.get(action="document.waive")
    assert (waiver.waived_by, entry.actor, entry.reason) == (thandi, thandi, waiver.reason)


def test_waiving_twice_keeps_the_first_reason(acme, thandi):
    first = waive(acme, thandi)
    assert waive(acme, thandi, reason="Another reason.").pk == first.pk
    assert Waiver.objects.get().reason == first.reason
    assert AuditEntry.objects.filter(action="document.waive").count() == 1


@pytest.mark.parametrize("reason", ["", "   ", "x" * 2001])
def test_a_reason_is_needed(acme, thandi, reason):
    with pytest.raises(Refused) as refused:
        waive(acme, thandi, reason=reason)
    assert codes(refused) == ["reason"]
    assert not Waiver.objects.exists()


@pytest.mark.parametrize("doc_type", ["Bank Statement", "business license", "Passport", ""])
def test_no_other_document_can_be_waived(acme, thandi, doc_type):
    with pytest.raises(Refused) as refused:
        waive(acme, thandi, doc_type)
    assert codes(refused) == ["cannot_be_waived"]


def test_a_person_can_not_do_without_a_document(corner_shop, thandi):
    with pytest.raises(Refused) as refused:
        waive(individual(corner_shop, thandi), thandi)
    assert codes(refused) == ["cannot_be_waived"]


def test_nothing_is_waived_after_the_submission(acme, thandi):
    submitted(acme, thandi)
    with pytest.raises(Refused) as refused:
        waive(acme, thandi)
    assert codes(refused) == ["frozen"]


def test_who_may_not_waive_waives_nothing(acme, thandi):
    thandi.is_active = False
    with pytest.raises(NotAllowed):
        waive(acme, thandi)


def by_command(doc_type="Tax Statement", **options):
    out = io.StringIO()
    call_command("waive_document", "B-1", doc_type, **{"reason": "New.", **options}, stdout=out)
    return out.getvalue()


def test_the_command_waives_for_the_machine_or_a_named_person(acme, thandi):
    assert "B-1: Business License is waived." in by_command("Business License")
    by_command(actor=thandi.email)
    by = {waiver.doc_type: waiver.waived_by for waiver in Waiver.objects.all()}
    assert by["Business License"].is_machine
    assert by["Tax Statement"] == thandi


def test_where_it_takes_two_the_command_proposes_and_another_person_approves_by_it(
    acme, officer, thandi, four_eyes
):
    said = by_command(actor=thandi.email)
    assert "proposed" in said
    assert "page Waiting" in said
    assert not Waiver.objects.exists()
    with pytest.raises(CommandError):
        by_command(actor=thandi.email)
    with pytest.raises(CommandError, match="waits for a second person"):
        by_command()  # the machine is nobody's second person
    assert "as proposed" in by_command(actor=officer.email)
    waiver = Waiver.objects.get()
    assert (waiver.proposed_by, waiver.waived_by, waiver.eyes) == (thandi, officer, "two")


def test_what_is_waived_already_is_not_proposed_again(acme, officer, thandi, four_eyes):
    by_command(actor=thandi.email)
    by_command(actor=officer.email)
    assert "Tax Statement is waived." in by_command(actor=thandi.email)
    with pytest.raises(Refused) as refused:
        propose_waiver(customer=acme, doc_type="Tax Statement", reason="New.", actor=thandi)
    assert codes(refused) == ["waived_already"]
    assert Proposal.objects.count() == 1


def test_an_agents_command_proposes_though_one_officer_would_do(acme, agent):
    assert "proposed" in by_command(actor=agent.email)
    assert not Waiver.objects.exists()


def test_the_database_refuses_a_waiver_by_a_command_alone(acme, thandi):
    fields = {"customer": acme, "doc_type": "Tax Statement", "reason": "New.", "waived_by": thandi}
    with pytest.raises(IntegrityError, match="a_second_person_waives_a_document"), transaction.atomic():
        Waiver.objects.create(**fields, eyes="command", waived_at=WAIVERS_NARROWED_AT)
    before = WAIVERS_NARROWED_AT - timedelta(seconds=1)
    Waiver.objects.create(**fields, eyes="command", waived_at=before)


@pytest.mark.parametrize(
    ("reference", "doc_type", "options", "said"),
    [
        ("B-9", "Tax Statement", {}, "No customer has the reference B-9"),
        ("B-1", "Tax statement", {}, "Did you mean Tax Statement"),
        ("B-1", "Tax Statement", {"actor": "nobody@example.com"}, "Nobody signs in as"),
    ],
)
def test_the_command_says_what_is_wrong(acme, reference, doc_type, options, said):
    with pytest.raises(CommandError, match=said):
        call_command("waive_document", reference, doc_type, reason="Because.", **options)
    assert not Waiver.objects.exists()
