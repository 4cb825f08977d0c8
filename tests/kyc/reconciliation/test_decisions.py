"""What staff may decide, and what the status says."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AuditEntry
from exchange.connection import make_client
from exchange.outbox.models import Intent
from kyc.delivery.decisions import (
    NotAllowedNow,
    give_up_intent,
    hold_intent,
    look_again,
    may_look,
    release_intent,
)
from kyc.requirements import requirements
from tests.factories import make_submitted_individual


def test_a_held_intent_is_not_sent_until_it_is_released(exchange, deliver, thandi):
    customer = make_submitted_individual()
    create = Intent.objects.get(topic="customer.create")
    hold_intent(intent=create, actor=thandi, reason="The officer asks the merchant first.")
    deliver()
    assert exchange.state()["customers"] == []
    release_intent(intent=create, actor=thandi)
    deliver()
    assert [row["email"] for row in exchange.state()["customers"]] == [customer.email]
    entries = AuditEntry.objects.filter(action="intent.hold", customer_id=customer.pk)
    assert sorted(entry.reason for entry in entries) == ["", "The officer asks the merchant first."]


def test_looking_again_finds_what_came_late(exchange, deliver, thandi):
    customer = make_submitted_individual(documents=())
    exchange.set_faults({"kind": "reset_after", "route": "customers.create", "count": 1}, list_lag_seconds=60)
    deliver(until="nothing_due")
    create = Intent.objects.get(topic="customer.create")
    Intent.objects.filter(pk=create.pk).update(
        state="waiting_for_staff", reason="create_outcome_unknown", look_ms=None
    )
    create.refresh_from_db()
    exchange.clear_faults()
    assert may_look(create)
    look_again(intent=create, actor=thandi)
    deliver()
    customer.refresh_from_db()
    assert customer.uid == exchange.state()["customers"][0]["uid"]


def test_what_is_under_way_can_not_be_given_up(exchange, thandi):
    make_submitted_individual()
    with pytest.raises(NotAllowedNow):
        give_up_intent(intent=Intent.objects.get(topic="customer.create"), actor=thandi, reason="no more")


def test_a_decision_needs_its_reason(exchange, thandi):
    make_submitted_individual()
    with pytest.raises(ValueError, match="reason"):
        give_up_intent(intent=Intent.objects.get(topic="customer.create"), actor=thandi, reason=" ")


def test_what_was_not_bound_since_it_contradicts_is_not_said_to_carry_our_token(exchange, deliver, settings):
    """Another system counts the same way: no token, nothing bound, and nothing that says otherwise."""
    settings.OUTBOX_TOKEN_FORM = "reference"
    customer = make_submitted_individual(documents=())
    client = make_client()
    client.create_customer(
        {
            **{"entity_type": "individual", "account_name": customer.reference, "email": "o@example.com"},
            **{"first_name": "Someone", "last_name": "Else", "dob": "1970-01-01"},
            **{"phone_number": "+447400999999", "nationality": "GB", "country_of_residence": "GB"},
            **{"address": "1 Other Road", "postcode": "LS1 4AP", "city": "Leeds", "country": "GB"},
            **{"id_number": "X1", "occupation": "Historian", "source_of_funds": "Salary or Wages"},
        }
    )
    client.close()
    exchange.set_faults({"kind": "reset_before", "route": "customers.create", "count": 1})
    deliver()
    create = Intent.objects.get(topic="customer.create", subject_id=customer.pk)
    assert (create.reason, create.error_code.partition(":")[0]) == ("foreign_sender", "contradicts")
    customer.refresh_from_db()
    (row,) = [row for row in requirements(customer, today=timezone.localdate()) if row.code == "create"]
    out = StringIO()
    call_command("outbox_status", stdout=out)
    for told in (out.getvalue(), f"{row.title} {row.remedy}"):
        assert "made elsewhere, or holds other data" in told
        assert "was not bound" in told
        assert "was bound" not in told.replace("was not bound", "")
        assert "closed or its reference changed" in told


def test_the_status_counts_and_names_what_needs_a_person(exchange, deliver):
    rejected = make_submitted_individual(occupation="Pirate")
    make_submitted_individual()
    deliver()
    out = StringIO()
    call_command("outbox_status", "--json", stdout=out)
    status = json.loads(out.getvalue())
    assert status["counts"]["customer.create"] == {"done": 1, "waiting_for_staff": 1}
    (item,) = status["items"]
    assert item["reference"] == rejected.reference
    assert (item["topic"], item["reason"]) == ("customer.create", "rejected_by_exchange")
    assert (item["ubo_email"], item["doc_type"]) == ("", "")
    assert set(item) == {
        *("reference", "ubo_email", "topic", "doc_type", "reason", "state", "code", "is_flagged"),
    }
    plain = StringIO()
    call_command("outbox_status", stdout=plain)
    assert f"{rejected.reference}: The exchange rejected the data" in plain.getvalue()
