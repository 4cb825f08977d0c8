"""What the pages say of a payment reference that waits for a person: its own words, not a customer's."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from customers.choices import Stage
from customers.models import Customer
from exchange.outbox.models import Intent
from payments.models import PaymentReference, WebhookEvent
from payments.references import request_payment_reference
from portal.pages.customer.sent import titles_of
from tests.portal.pages import people


@pytest.fixture
def waits(corner_shop, thandi):
    """One that staff must decide about, by its reason."""
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    Intent.objects.all().delete()
    Customer.objects.filter(pk=customer.pk).update(
        uid="CCT1", stage=Stage.VERIFIED, verdict_at=timezone.now()
    )
    customer.refresh_from_db()
    reference = request_payment_reference(
        customer=customer, own_reference="INV-1", currency="zar", actor=User.objects.machine()
    )

    def waiting(reason, code=""):
        Intent.objects.filter(subject_id=reference.pk).update(
            state="waiting_for_staff", reason=reason, error_code=code
        )
        return Intent.objects.get(subject_id=reference.pk)

    return waiting


def test_what_to_do_about_a_rejected_one_can_be_done(waits, staff):
    intent = waits("rejected_by_exchange", "currency.doesnt_exist")
    for page in (
        reverse("intent-detail", args=[intent.pk]),
        reverse("customer-detail", args=[intent.lane_id]),
        reverse("waiting"),
    ):
        text = staff.get(page).text
        assert "ask for a payment reference under another name" in text
        assert "submit again" not in text


def test_the_customers_page_shows_each_with_its_code_and_what_was_reported(waits, staff):
    intent = waits("payment_outcome_unknown")
    reference = PaymentReference.objects.select_related("customer").get()
    events = [WebhookEvent(reference=reference, digest=str(number), body="{}") for number in range(2)]
    for event in events:
        event.save(force_insert=True)
    page = reverse("customer-detail", args=[intent.lane_id])

    text = staff.get(page).text
    assert "INV-1" in text
    assert "any amount" in text
    assert "2 events" in text
    assert "Whether the payment reference was created is unknown" in text
    Intent.objects.filter(pk=intent.pk).update(state="done", reason="")
    PaymentReference.objects.update(code="PAY-77", expected_amount="12.50")
    (payment,) = staff.get(page).context["page"].payments
    assert (payment.reference.code, payment.label, payment.why, payment.events) == ("PAY-77", "Done", "", 2)
    assert "12.50 ZAR" in staff.get(page).text


def test_one_without_payment_references_has_no_such_part(corner_shop, thandi, staff):
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    assert "Payment references" not in staff.get(reverse("customer-detail", args=[customer.pk])).text


def test_what_was_told_names_documents_and_payment_references_side_by_side(waits, thandi):
    intent = waits("payment_outcome_unknown")
    customer = Customer.objects.get(pk=intent.lane_id)
    document = customer.documents.first()
    upload = Intent(topic="document.upload", subject_id=document.pk, merchant_uid=intent.merchant_uid)
    assert titles_of([intent, upload], thandi) == {
        intent.subject_id: "INV-1",
        document.pk: document.doc_type,
    }
