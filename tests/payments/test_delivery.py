"""Payment references at the exchange: there once, with the webhook that is theirs, whatever happens."""

import pytest

from accounts.models import AuditEntry, User
from exchange.connection import make_client
from exchange.outbox.claiming import Claim
from exchange.outbox.models import Attempt, Intent, Lane
from kyc.delivery.decisions import acknowledge_intent, give_up_intent, look_again, send_after_all
from payments.delivery import bind
from payments.references import request_payment_reference

FAULTS = ["reset_after", "error_after", "html_after", "truncated", "huge", "redirect", "reset_before"]


def ask(customer, own_reference="INV-1", **more):
    return request_payment_reference(
        customer=customer, own_reference=own_reference, currency="zar", actor=User.objects.machine(), **more
    )


def intent_of(reference):
    return Intent.objects.get(subject_id=reference.pk)


def strangers(customer, count=1, **changes):
    """Payment references of this customer that somebody made without us."""
    client = make_client()
    try:
        return [
            client.create_payment_reference({"uid": customer.uid, "currency": "zar", **changes}).id
            for _ in range(count)
        ]
    finally:
        client.close()


def test_it_is_created_as_asked_and_its_code_comes_back(there, exchange, deliver):
    reference = ask(there, expected_amount="1000")
    deliver()
    (row,) = exchange.payment_references()
    assert (row["uid"], row["currency"], row["expected_amount"]) == (there.uid, "zar", "1000")
    reference.refresh_from_db()
    assert (row["webhook_url"], row["webhook_secret"]) == (reference.webhook_url, reference.webhook_secret)
    assert (reference.exchange_id, reference.code) == (str(row["id"]), row["reference"])
    assert reference.at_exchange_at
    assert intent_of(reference).state == "done"
    assert AuditEntry.objects.filter(action="payment_reference.created_at_exchange").count() == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_happens_to_the_reply_it_is_there_once(there, exchange, deliver, fault):
    reference = ask(there)
    strangers(there, 2, webhook_url="https://elsewhere.example.com/x")
    exchange.set_faults({"kind": fault, "route": "payments.create", "count": 1})
    deliver()
    (row,) = [row for row in exchange.payment_references() if row["webhook_url"] == reference.webhook_url]
    reference.refresh_from_db()
    assert (reference.exchange_id, reference.code) == (str(row["id"]), row["reference"])
    assert intent_of(reference).state == "done"


def test_a_request_that_takes_effect_late_is_waited_for(there, exchange, deliver):
    reference = ask(there)
    exchange.set_faults({"kind": "reset_late", "seconds": 0.3, "route": "payments.create", "count": 1})
    deliver()
    assert len(exchange.payment_references()) == 1
    assert intent_of(reference).attempts.filter(phase="sent").count() == 1


def test_teeth_sent_again_blindly_it_is_there_twice(there, exchange, deliver, monkeypatch):
    monkeypatch.setattr("exchange.client.errors.OutcomeUnknown.is_safe_to_repeat", True, raising=False)
    monkeypatch.setattr("exchange.client.calls.Call.is_safe_to_repeat", True)
    ask(there)
    exchange.set_faults({"kind": "reset_after", "route": "payments.create", "count": 1})
    deliver()
    assert len(exchange.payment_references()) == 2


def test_what_is_sent_again_says_the_same(there, exchange, deliver):
    reference = ask(there)
    exchange.set_faults({"kind": "reset_before", "route": "payments.create", "count": 2})
    deliver()
    sent = Attempt.objects.filter(intent__subject_id=reference.pk, phase="sent")
    assert sent.count() == 3
    assert len(set(sent.values_list("request_digest", flat=True))) == 1


def test_after_three_rounds_in_doubt_a_person_decides_and_may_have_it_sent(there, exchange, deliver, officer):
    reference = ask(there)
    exchange.set_faults({"kind": "reset_before", "route": "payments.create", "count": 3})
    deliver()
    intent = intent_of(reference)
    assert (intent.state, intent.reason) == ("waiting_for_staff", "payment_outcome_unknown")
    send_after_all(intent=intent, actor=officer, reason="the exchange holds none")
    deliver()
    assert len(exchange.payment_references()) == 1
    assert intent_of(reference).state == "done"


def test_there_twice_the_oldest_is_taken_and_a_person_is_told_of_the_other(there, exchange, deliver, officer):
    reference = ask(there)
    strangers(there, 2, webhook_url=reference.webhook_url)
    exchange.set_faults({"kind": "reset_before", "route": "payments.create", "count": 1})
    deliver()
    first, second = (str(row["id"]) for row in exchange.payment_references())
    intent = intent_of(reference)
    reference.refresh_from_db()
    assert reference.exchange_id == first
    assert (intent.state, intent.reason, intent.error_code) == (
        "waiting_for_staff",
        "payment_exists_twice",
        f"also:{second}",
    )
    acknowledge_intent(intent=intent, actor=officer, reason="told the payer the first")
    assert intent_of(reference).state == "done"


def test_an_address_that_only_details_show_is_found_there(there, exchange, deliver):
    reference = ask(there)
    exchange.set_faults(
        {"kind": "reset_after", "route": "payments.create", "count": 1}, payments_webhook_url="details"
    )
    deliver()
    (row,) = exchange.payment_references()
    reference.refresh_from_db()
    assert reference.exchange_id == str(row["id"])


def test_where_no_address_is_echoed_absence_is_not_believed(there, exchange, deliver, officer):
    reference = ask(there)
    exchange.set_faults(
        {"kind": "reset_after", "route": "payments.create", "count": 1}, payments_webhook_url="nowhere"
    )
    deliver()
    intent = intent_of(reference)
    assert (intent.state, intent.reason, intent.error_code) == (
        "waiting_for_staff",
        "payment_outcome_unknown",
        "no_token_echo",
    )
    assert len(exchange.payment_references()) == 1
    exchange.set_faults()
    look_again(intent=intent, actor=officer)
    deliver()
    assert intent_of(reference).state == "done"


def test_a_bare_row_that_asks_for_another_currency_keeps_nothing_from_being_sent(there, exchange, deliver):
    reference = ask(there)
    strangers(there, 1, currency="btc")
    exchange.set_faults({"kind": "reset_before", "route": "payments.create", "count": 1})
    deliver()
    assert intent_of(reference).state == "done"
    assert len(exchange.payment_references()) == 2


def test_what_the_exchange_rejects_waits_for_staff_and_may_be_given_up(there, exchange, deliver, officer):
    reference = request_payment_reference(
        customer=there, own_reference="INV-1", currency="no-such", actor=User.objects.machine()
    )
    exchange.set_faults({"kind": "error_before", "status": 422, "route": "payments.create", "count": 1})
    deliver()
    intent = intent_of(reference)
    assert (intent.state, intent.reason) == ("waiting_for_staff", "rejected_by_exchange")
    give_up_intent(intent=intent, actor=officer, reason="no such currency")
    assert intent_of(reference).state == "given_up"
    there.refresh_from_db()
    assert there.stage == "verified"


def test_a_worker_killed_between_sending_and_settling_leaves_one(there, exchange, deliver):
    reference = ask(there)
    deliver()
    # As after a kill: the attempt is open, the reply was never settled.
    Intent.objects.filter(subject_id=reference.pk).update(state="sending", done_ms=None)
    Attempt.objects.filter(intent__subject_id=reference.pk).update(phase="open", outcome="", finished_ms=None)
    Lane.objects.filter(pk=there.pk).update(due_ms=0)
    type(reference).objects.filter(pk=reference.pk).update(exchange_id=None, code="", at_exchange_at=None)
    deliver()
    assert len(exchange.payment_references()) == 1
    reference.refresh_from_db()
    assert reference.exchange_id


def test_after_a_restore_what_was_open_is_looked_for_before_it_is_sent(there, exchange, deliver, settings):
    reference = ask(there)
    deliver()
    # The backup is from before it was sent.
    Intent.objects.filter(subject_id=reference.pk).update(state="pending", done_ms=None, attempts_made=0)
    Attempt.objects.filter(intent__subject_id=reference.pk).delete()
    Lane.objects.filter(pk=there.pk).update(due_ms=0)
    type(reference).objects.filter(pk=reference.pk).update(exchange_id=None, code="", at_exchange_at=None)
    settings.RECOVERY_EPOCH = "2099-01-01T00:00:00Z"
    settings.RECOVERY_EPOCH_MS = 4_070_908_800_000
    deliver()
    assert len(exchange.payment_references()) == 1
    reference.refresh_from_db()
    assert reference.exchange_id


def test_one_that_is_bound_keeps_its_id_whatever_another_answer_says(there, exchange, deliver):
    reference = ask(there)
    deliver()
    (row,) = exchange.payment_references()
    (other,) = strangers(there)
    client = make_client()
    try:
        answer = client.get_payment_reference(other)
    finally:
        client.close()
    intent = intent_of(reference)
    claim = Claim(intent.lane_id, 0, intent.merchant_uid, "w")
    assert bind(intent, claim, answer, "payment_reference.adopted") == "payment_exists_twice"
    reference.refresh_from_db()
    assert reference.exchange_id == str(row["id"])
