"""Which row of the exchange's list is ours: by the token in its webhook's address, in whatever spelling."""

from dataclasses import replace

import pytest

from exchange.client import ExchangeClient
from exchange.outbox.crew import Crew
from exchange.outbox.models import Intent
from payments.models import PaymentReference
from tests.payments.test_delivery import ask, intent_of

LOST_REPLY = {"kind": "reset_after", "route": "payments.create", "count": 1}


@pytest.fixture
def shown(monkeypatch):
    """Have the exchange show each payment reference otherwise than the sandbox does."""

    def otherwise(change):
        list_them, get_one = ExchangeClient.list_payment_references, ExchangeClient.get_payment_reference

        def listed(self, *given, **more):
            page = list_them(self, *given, **more)
            return replace(page, rows=tuple(change(row) for row in page.rows))

        monkeypatch.setattr(ExchangeClient, "list_payment_references", listed)
        monkeypatch.setattr(
            ExchangeClient, "get_payment_reference", lambda self, id: change(get_one(self, id))
        )

    return otherwise


def stands(reference):
    intent = intent_of(reference)
    return intent.state, intent.reason, intent.error_code


@pytest.mark.parametrize("spelled", [lambda url: url.rstrip("/"), str.upper, lambda url: f"{url}?via=1"])
def test_an_address_in_another_spelling_is_found(there, exchange, deliver, shown, spelled):
    reference = ask(there)
    exchange.set_faults(LOST_REPLY)
    shown(lambda row: replace(row, webhook_url=spelled(row.webhook_url)))
    deliver()
    (row,) = exchange.payment_references()
    reference.refresh_from_db()
    assert reference.exchange_id == str(row["id"])


def test_a_masked_address_proves_no_absence(there, exchange, deliver, shown):
    reference = ask(there)
    exchange.set_faults(LOST_REPLY)
    shown(lambda row: replace(row, webhook_url=row.webhook_url[:30] + "****"))
    deliver()
    assert len(exchange.payment_references()) == 1
    assert stands(reference) == ("waiting_for_staff", "payment_outcome_unknown", "no_token_echo")


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "ZAR"},
        {"expected_amount": "0.0"},
        {"expected_amount": ""},
        {"expected_amount": "R 5"},
        {"expected_amount": "NaN"},
    ],
)
def test_a_bare_row_is_ruled_out_by_what_certainly_differs_alone(there, exchange, deliver, shown, change):
    reference = ask(there)
    exchange.set_faults(LOST_REPLY, payments_webhook_url="nowhere")
    shown(lambda row: replace(row, **change))
    deliver()
    assert len(exchange.payment_references()) == 1
    assert stands(reference) == ("waiting_for_staff", "payment_outcome_unknown", "no_token_echo")


def test_a_row_without_an_id_proves_no_absence(there, exchange, deliver, monkeypatch):
    reference = ask(there)
    exchange.set_faults(LOST_REPLY)
    list_them = ExchangeClient.list_payment_references

    def without_ids(self, *given, **more):
        page = list_them(self, *given, **more)
        return replace(page, rows=(), unreadable=len(page.rows))

    monkeypatch.setattr(ExchangeClient, "list_payment_references", without_ids)
    deliver()
    assert len(exchange.payment_references()) == 1
    assert stands(reference) == ("waiting_for_staff", "payment_outcome_unknown", "no_token_echo")


def test_one_whose_address_does_not_open_keeps_no_other_from_being_found(there, exchange):
    broken, whole = ask(there, "INV-1"), ask(there, "INV-2")
    cell = PaymentReference.objects.filter(pk=broken.pk).values_list("webhook_secret", flat=True).get()
    PaymentReference.objects.filter(pk=broken.pk).update(webhook_url=cell)
    Intent.objects.filter(subject_id=broken.pk).update(
        state="unknown", reason="payment_outcome_unknown", unknown_ms=1, look_ms=1
    )
    exchange.set_faults(LOST_REPLY)
    tries = iter(range(200))
    with Crew(2) as crew:
        crew.run(until="idle", give_up=lambda: next(tries, None) is None)
    assert intent_of(whole).state == "done"
    assert stands(broken) == ("waiting_for_staff", "payment_outcome_unknown", "look_failed.CannotOpen")


def test_what_cannot_be_written_down_waits_for_a_person(there, exchange, deliver, shown):
    reference = ask(there)
    exchange.set_faults(LOST_REPLY)
    shown(lambda row: replace(row, reference="PAY-\ud800"))
    tries = iter(range(200))
    with Crew(2) as crew:
        crew.run(until="idle", give_up=lambda: next(tries, None) is None)
    assert len(exchange.payment_references()) == 1
    assert stands(reference) == (
        "waiting_for_staff",
        "payment_outcome_unknown",
        "look_failed.UnicodeEncodeError",
    )
