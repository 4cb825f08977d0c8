"""Submitting: all or nothing, frozen, and everything the exchange must know written down."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from accounts.policy import NotAllowed
from customers.models import Customer
from customers.services import Frozen, change_customer
from exchange.outbox.models import Intent
from kyc.canonical import canonical_digest
from kyc.models import Document
from kyc.requirements import requirements_for_many
from kyc.stages import refresh_stage
from kyc.submission import CannotThaw, NotReady, can_submit, submit_for_onboarding, submit_many, thaw
from tests.customers.people import INDIVIDUAL, TODAY, UBO
from tests.kyc.onboarding import at_exchange, business, complete, hand_in, individual, rows_of, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def lerato(corner_shop, thandi):
    return individual(corner_shop, thandi)


@pytest.fixture
def acme(corner_shop, thandi):
    return business(corner_shop, thandi)


SIPHO = {
    "reference": "C-2",
    "email": "sipho@example.com",
    "phone_number": "+27825550102",
    "nationality": "ZW",
    "id_number": "63123456A42",
}


def intents():
    rows = Intent.objects.order_by("position", "created_ms")
    return [(intent.topic, intent.state, intent.is_ready) for intent in rows]


def test_a_customer_becomes_complete_with_its_last_document(lerato, thandi):
    hand_in(lerato, "Passport", thandi)
    hand_in(lerato, "Selfie", thandi)
    lerato.refresh_from_db()
    assert (lerato.stage, can_submit(lerato, today=TODAY)) == ("draft", False)
    hand_in(lerato, "Proof of Address", thandi)
    lerato.refresh_from_db()
    assert (lerato.stage, can_submit(lerato, today=TODAY)) == ("complete", True)


def test_an_incomplete_customer_is_refused_with_the_rows_that_hold_it(lerato, thandi):
    hand_in(lerato, "Passport", thandi)
    with pytest.raises(NotReady) as refused:
        submit_for_onboarding(customer=lerato, actor=thandi, today=TODAY)
    assert [row.code for row in refused.value.requirements] == [
        "document:selfie",
        "document:proof_of_address",
    ]
    assert (Customer.objects.get().stage, intents()) == ("draft", [])


def test_submitting_freezes_and_writes_every_intent_and_one_audit_row(lerato, thandi):
    submitted(lerato, thandi)
    stored = Customer.objects.get()
    assert (stored.stage, stored.submitted_by) == ("submitted", thandi)
    assert stored.submitted_at is not None
    assert intents() == [
        ("customer.create", "pending", True),
        ("customer.set_custom_id", "pending", False),
        *[("document.upload", "pending", False)] * 3,
    ]
    entry = AuditEntry.objects.get(action="customer.submit")
    assert (entry.actor, entry.customer_id, entry.merchant_uid) == (thandi, lerato.pk, "CCT0000000001")
    with pytest.raises(Frozen):
        change_customer(customer=stored, data={**INDIVIDUAL, "city": "Durban"}, ubos=[], actor=thandi)


def test_a_businesss_documents_stand_before_its_owners(acme, thandi):
    submitted(acme, thandi)
    uploads = Intent.objects.filter(topic="document.upload").order_by("position")
    owners = [Document.objects.get(pk=intent.subject_id).ubo_id is not None for intent in uploads]
    assert owners == [False] * 9 + [True] * 3
    positions = {intent.position for intent in uploads}
    assert len(positions) == 2


def test_a_document_that_nobody_asked_for_is_sent_too(lerato, thandi):
    extra = hand_in(lerato, "Source of Funds", thandi).document
    submitted(lerato, thandi)
    assert Intent.objects.filter(topic="document.upload", subject_id=extra.pk).exists()


def test_only_current_versions_are_sent(lerato, thandi):
    old = hand_in(lerato, "Selfie", thandi).document
    submitted(lerato, thandi)
    assert not Intent.objects.filter(subject_id=old.pk).exists()


def test_submitting_again_changes_nothing(lerato, thandi):
    submitted(lerato, thandi)
    before = intents()
    with pytest.raises(NotReady) as refused:
        submit_for_onboarding(customer=lerato, actor=thandi, today=TODAY)
    assert refused.value.requirements == []
    assert intents() == before
    assert AuditEntry.objects.filter(action="customer.submit").count() == 1


def test_of_many_the_clear_are_submitted_and_the_others_held_with_their_reasons(corner_shop, thandi):
    clear = complete(individual(corner_shop, thandi), thandi)
    lacking = individual(corner_shop, thandi, **SIPHO)
    foreigner = {"phone_number": "+27825550103", "nationality": "GB", "id_number": "533081803"}
    gone = individual(corner_shop, thandi, reference="C-3", email="c@example.com", **foreigner)
    submitted(gone, thandi)
    result = submit_many([clear, lacking, gone], actor=thandi, today=TODAY)
    assert [customer.reference for customer in result.submitted] == ["C-1"]
    assert "document:identity" in [row.code for row in result.held[lacking.pk]]
    assert [customer.reference for customer in result.already] == ["C-3"]
    assert clear.stage == "submitted"


def test_who_may_not_submit_submits_nothing(lerato, thandi):
    complete(lerato, thandi)
    thandi.is_active = False
    with pytest.raises(NotAllowed):
        submit_many([lerato], actor=thandi, today=TODAY)
    assert intents() == []


def people(merchant, actor, count):
    made = []
    for place in range(count):
        person = individual(
            merchant,
            actor,
            reference=f"N-{place}",
            email=f"n{place}@example.com",
            phone_number=f"+2782555{place:04d}",
            nationality="GB",
            id_number=f"A{place:06d}",
        )
        made.append(complete(person, actor))
    return made


def test_submitting_costs_the_same_number_of_queries_for_few_as_for_many(corner_shop, thandi):
    people_there = people(corner_shop, thandi, 10)
    few, many = people_there[:4], people_there[4:]

    def queries(customers):
        with CaptureQueriesContext(connection) as captured:
            assert len(submit_many(customers, actor=thandi, today=TODAY).submitted) == len(customers)
        return len(captured)

    assert queries(few) == queries(many)


def test_requirements_of_many_cost_a_fixed_number_of_queries(corner_shop, thandi):
    business(corner_shop, thandi)
    people(corner_shop, thandi, 4)
    everybody = list(Customer.objects.all())
    few = [customer for customer in everybody if customer.is_business or customer.reference == "N-0"]

    def queries(customers):
        with CaptureQueriesContext(connection) as captured:
            assert len(requirements_for_many(customers, today=TODAY)) == len(customers)
        return len(captured)

    assert queries(few) == queries(everybody)
    assert queries(everybody) <= 15


def test_the_digest_is_the_same_when_it_is_read_again(acme, thandi):
    submitted(acme, thandi)
    stored = Customer.objects.get()
    assert stored.submitted_digest == canonical_digest(stored, list(stored.ubos.all()))
    assert stored.submitted_digest == acme.submitted_digest


@pytest.mark.parametrize(
    ("name", "value"), [("city", "Durban"), ("postcode", "0001"), ("is_pip", True), ("token", "OTHER")]
)
def test_the_digest_tells_any_field_of_the_customer(lerato, name, value):
    before = canonical_digest(lerato, [])
    setattr(lerato, name, value)
    assert canonical_digest(lerato, []) != before


def test_the_digest_tells_owners_and_profile_and_not_the_owners_order(corner_shop, thandi):
    other = {**UBO, "email": "joe@example.com", "ownership_percentage": "40"}
    acme = business(corner_shop, thandi, ubos=(UBO, other))
    jane, joe = acme.ubos.all()
    before = canonical_digest(acme, [jane, joe])
    assert canonical_digest(acme, [joe, jane]) == before
    jane.ownership_percentage = Decimal("60.0000")
    assert canonical_digest(acme, [jane, joe]) == before
    jane.ownership_percentage = Decimal("59")
    assert canonical_digest(acme, [jane, joe]) != before
    jane.ownership_percentage = Decimal("60")
    acme.business_profile.industry = "Mining"
    assert canonical_digest(acme, [jane, joe]) != before


def turned_down(customer, reason="rejected_by_exchange"):
    """As the delivery leaves a customer whose create the exchange refused."""
    Intent.objects.filter(topic="customer.create", subject_id=customer.pk).update(
        state="waiting_for_staff", reason=reason
    )


def test_a_rejected_customer_is_thawed_mended_and_submitted_again(lerato, thandi, machine):
    submitted(lerato, thandi)
    first = lerato.submitted_digest
    turned_down(lerato)
    thaw(customer=lerato, reason="rejected_by_exchange", actor=machine)
    assert (lerato.is_editable, lerato.submitted_digest) == (True, "")
    assert ("create", "", "waiting_for_staff") in rows_of(lerato)
    lerato = change_customer(
        customer=lerato, data={**INDIVIDUAL, "city": "Durban"}, ubos=[], actor=thandi
    ).customer
    submit_for_onboarding(customer=lerato, actor=thandi, today=TODAY)
    assert lerato.submitted_digest not in ("", first)
    open_intents = Intent.objects.exclude(state="given_up")
    assert open_intents.count() == 5
    assert open_intents.get(topic="customer.create").generation == 2
    assert ("create", "", "waiting_for_exchange") in rows_of(lerato)


def test_thawing_is_written_down_with_its_reason(lerato, thandi, machine):
    submitted(lerato, thandi)
    turned_down(lerato, "email_taken_elsewhere")
    thaw(customer=lerato, reason="email_taken_elsewhere", actor=machine)
    entry = AuditEntry.objects.get(action="customer.thaw")
    assert (entry.actor, entry.reason) == (machine, "email_taken_elsewhere")
    assert not Intent.objects.filter(topic="document.upload", state="pending").exists()


def test_a_customer_at_the_exchange_is_never_thawed(lerato, thandi, machine):
    at_exchange(submitted(lerato, thandi))
    with pytest.raises(CannotThaw):
        thaw(customer=lerato, reason="rejected_by_exchange", actor=machine)
    assert Customer.objects.get().stage == "at_exchange"


def test_thawing_what_is_not_frozen_changes_nothing(lerato, machine):
    thaw(customer=lerato, reason="rejected_by_exchange", actor=machine)
    assert not AuditEntry.objects.filter(action="customer.thaw").exists()


def test_refreshing_leaves_a_frozen_customer_alone(lerato, thandi):
    submitted(lerato, thandi)
    refresh_stage(lerato, today=TODAY)
    assert Customer.objects.get().stage == "submitted"
