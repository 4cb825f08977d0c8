"""What the pages say of a payment reference that waits for a person: its own words, not a customer's."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from customers.choices import Stage
from customers.models import Customer
from exchange.outbox.models import Intent
from payments.references import request_payment_reference
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
