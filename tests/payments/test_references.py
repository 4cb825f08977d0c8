"""Asking for a payment reference: once, for a verified customer, with a webhook of its own."""

import base64

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.policy import NotAllowed
from customers.choices import Stage
from customers.problems import Refused
from exchange.outbox.models import Intent
from kyc.delivery.decisions import retry_intent
from payments.models import PaymentReference
from payments.references import request_payment_reference
from tests.factories import make_customer


def ask(customer, own_reference="INV-1", currency="zar", **more):
    actor = more.pop("actor", None) or User.objects.machine()
    return request_payment_reference(
        customer=customer, own_reference=own_reference, currency=currency, actor=actor, **more
    )


def test_it_is_one_row_one_intent_and_one_audit_row(verified):
    reference = ask(verified, expected_amount="1000.50")
    assert (reference.currency, reference.expected_amount, reference.exchange_id) == ("zar", "1000.50", None)
    (intent,) = Intent.objects.all()
    assert (intent.topic, intent.subject_id, intent.lane_id) == (
        "payment_reference.create",
        reference.pk,
        verified.pk,
    )
    (row,) = AuditEntry.objects.filter(action="payment_reference.request")
    assert row.details == {"own_reference": "INV-1", "currency": "zar"}


def test_asked_twice_under_one_name_it_is_one(verified):
    assert ask(verified, expected_amount="10") == ask(verified, expected_amount="10.00")
    assert (PaymentReference.objects.count(), Intent.objects.count()) == (1, 1)


def test_another_amount_under_the_same_name_is_refused_and_changes_nothing(verified):
    ask(verified, expected_amount="10")
    with pytest.raises(Refused) as refused:
        ask(verified, expected_amount="11")
    assert [problem.code for problem in refused.value.problems] == ["asked_for_differently"]
    assert PaymentReference.objects.get().expected_amount == "10"


def test_each_has_a_webhook_address_and_a_secret_of_its_own(verified, settings):
    settings.PORTAL_URL = "https://portal.example.com"
    first, second = ask(verified), ask(verified, "INV-2")
    assert first.webhook_url.startswith("https://portal.example.com/hooks/")
    assert first.webhook_url != second.webhook_url
    assert first.webhook_secret != second.webhook_secret
    assert len(base64.urlsafe_b64decode(first.webhook_secret + "=")) == 32
    token = first.webhook_url.rstrip("/").rpartition("/")[2]
    assert len(bytes.fromhex(token)) == 16
    assert token not in first.hook_digest


def test_address_and_secret_are_sealed_in_the_database(verified):
    reference = ask(verified)
    held = PaymentReference.objects.filter(pk=reference.pk).values_list("webhook_url", "webhook_secret").get()
    for cell, plain in zip(held, (reference.webhook_url, reference.webhook_secret), strict=True):
        assert plain.encode() not in bytes(cell)


@pytest.mark.parametrize("stage", [Stage.SUBMITTED, Stage.DOCUMENTS_SENT, Stage.REJECTED])
def test_before_the_exchange_verified_the_customer_nothing_is_asked_for(verified, stage):
    type(verified).objects.filter(pk=verified.pk).update(stage=stage)
    with pytest.raises(Refused) as refused:
        ask(verified)
    assert [problem.code for problem in refused.value.problems] == ["not_verified"]
    assert not PaymentReference.objects.exists()


def test_after_the_end_of_the_relationship_nothing_is_asked_for(verified):
    type(verified).objects.filter(pk=verified.pk).update(ended_at=timezone.now())
    with pytest.raises(Refused) as refused:
        ask(verified)
    assert [problem.code for problem in refused.value.problems] == ["ended"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("own_reference", ""),
        ("own_reference", "Thandi's rent"),
        ("own_reference", "x" * 65),
        ("own_reference", "../x"),
        ("currency", ""),
        ("currency", "z"),
        ("currency", "za r"),
        ("expected_amount", "0"),
        ("expected_amount", "-1"),
        ("expected_amount", "1,000"),
        ("expected_amount", "1e3"),
        ("expected_amount", "NaN"),
        ("expected_amount", "0." + "0" * 18 + "1"),
        ("expected_amount", "1" + "0" * 15),
    ],
)
def test_what_is_no_reference_currency_or_amount_is_refused_by_its_field(verified, field, value):
    with pytest.raises(Refused) as refused:
        ask(verified, **{field: value})
    (problem,) = refused.value.problems
    assert problem.field == field
    assert problem.remedy or problem.message
    assert not Intent.objects.exists()


def test_an_agent_may_not(verified, agent):
    with pytest.raises(NotAllowed):
        ask(verified, actor=agent)


def test_the_command_asks_and_tells_the_code_once_it_is_known(verified, capsys):
    call_command("request_payment_reference", verified.reference, "INV-1", "--currency", "ZAR")
    assert "is asked for it" in capsys.readouterr().out
    PaymentReference.objects.update(code="PAY-1")
    call_command("request_payment_reference", verified.reference, "INV-1", "--currency", "zar")
    assert "PAY-1" in capsys.readouterr().out
    assert Intent.objects.count() == 1


def test_what_was_given_up_is_not_said_to_be_asked_for(verified, capsys):
    ask(verified)
    Intent.objects.update(state="given_up")
    with pytest.raises(Refused) as refused:
        ask(verified)
    assert [problem.code for problem in refused.value.problems] == ["given_up"]
    with pytest.raises(CommandError, match="given up") as told:
        call_command("request_payment_reference", verified.reference, "INV-1", "--currency", "zar")
    assert told.value.returncode == 1
    assert ask(verified, "INV-2").own_reference == "INV-2"


def test_what_was_given_up_and_is_there_all_the_same_is_told(verified, capsys):
    ask(verified)
    PaymentReference.objects.update(exchange_id="7", code="PAY-7")
    Intent.objects.update(state="given_up")
    call_command("request_payment_reference", verified.reference, "INV-1", "--currency", "zar")
    assert "PAY-7" in capsys.readouterr().out


def test_the_command_says_that_a_person_has_to_decide(verified):
    ask(verified)
    Intent.objects.update(state="waiting_for_staff", reason="rejected_by_exchange")
    with pytest.raises(CommandError, match="waits for staff. The exchange rejected the data") as told:
        call_command("request_payment_reference", verified.reference, "INV-1", "--currency", "zar")
    assert told.value.returncode == 1


def test_the_command_says_why_not(db):
    customer = make_customer()
    with pytest.raises(CommandError, match="not verified"):
        call_command("request_payment_reference", customer.reference, "INV-1", "--currency", "zar")
    with pytest.raises(CommandError, match="No customer"):
        call_command("request_payment_reference", "NOBODY", "INV-1", "--currency", "zar")


def test_after_a_restore_a_new_one_is_sent_at_once_since_its_address_was_never_told(verified, settings):
    settings.RECOVERY_EPOCH, settings.RECOVERY_EPOCH_MS = "2099-01-01T00:00:00Z", 4_070_908_800_000
    ask(verified)
    assert Intent.objects.get().state == "pending"


def test_after_a_restore_one_that_is_sent_again_is_looked_for_first(verified, settings, officer):
    ask(verified)
    Intent.objects.update(state="waiting_for_staff", reason="too_many_attempts")
    settings.RECOVERY_EPOCH, settings.RECOVERY_EPOCH_MS = "2099-01-01T00:00:00Z", 4_070_908_800_000
    retry_intent(intent=Intent.objects.get(), actor=officer)
    intent = Intent.objects.get()
    assert (intent.state, intent.reason) == ("unknown", "payment_outcome_unknown")
