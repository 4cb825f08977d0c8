"""What is sent of a record, and which UBO at the exchange is which of ours."""

import io

import pytest
from django.core.management import call_command

from accounts.models import AuditEntry
from exchange.client import CreatedUbo
from exchange.outbox.decisions import RetryNotAllowed
from exchange.outbox.models import Intent
from exchange.sandbox.testing import sandbox, sandbox_server  # noqa: F401
from kyc.delivery.decisions import may_retry, retry_intent
from kyc.delivery.ubo_match import match_ubos
from tests.exchange.outbox.conftest import deliver, exchange  # noqa: F401
from tests.factories import make_customer, make_submitted_individual, make_ubo


def named(uid, **fields):
    return CreatedUbo(
        **{
            **dict.fromkeys(("email", "first_name", "last_name", "dob", "id_number")),
            "uid": uid,
            "raw": {},
            **fields,
        }
    )


@pytest.fixture
def owners(db):
    business = make_customer(entity_type="business")
    return [
        make_ubo(business, email="a@example.com", first_name="Ann"),
        make_ubo(business, email="b@example.com", first_name="Ben"),
    ]


def person_of(ubo):
    return {
        "first_name": ubo.first_name,
        "last_name": ubo.last_name,
        "dob": ubo.dob.isoformat(),
        "id_number": ubo.id_number,
    }


def test_owners_are_matched_by_email_whatever_their_order(owners):
    found = match_ubos(owners, [named("U2", email="B@example.com"), named("U1", email="a@example.com")])
    assert found == {owners[0].pk: "U1", owners[1].pk: "U2"}


def test_owners_without_email_are_matched_by_name_birth_date_and_id_number_together(owners):
    found = match_ubos(owners, [named("U2", **person_of(owners[1])), named("U1", **person_of(owners[0]))])
    assert found == {owners[0].pk: "U1", owners[1].pk: "U2"}


@pytest.mark.parametrize("masked", [{"id_number": "9002*****"}, {"dob": "1990-01-**"}, {"id_number": None}])
def test_what_is_masked_or_missing_matches_nobody(owners, masked):
    assert match_ubos(owners, [named("U1", **{**person_of(owners[0]), **masked})]) == {}


def test_owners_are_never_matched_by_position(owners):
    assert match_ubos(owners, [named("U1"), named("U2")]) == {}


def test_two_that_look_the_same_match_nobody(owners):
    twins = [named("U1", email="a@example.com"), named("U2", email="a@example.com")]
    assert match_ubos(owners, twins) == {}


@pytest.mark.django_db(transaction=True)
def test_what_was_refused_may_be_tried_again_by_staff(exchange, deliver, thandi):  # noqa: F811
    customer = make_submitted_individual()
    exchange.set_faults({"kind": "error_before", "status": 404, "route": "customers.create", "count": 1})
    deliver()
    intent = Intent.objects.get(topic="customer.create")
    assert (intent.state, intent.reason) == ("waiting_for_staff", "refused_by_exchange")
    assert may_retry(intent)
    retry_intent(intent=intent, actor=thandi)
    deliver()
    customer.refresh_from_db()
    assert customer.stage == "documents_sent"
    assert AuditEntry.objects.filter(action="intent.retry", customer_id=customer.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_unknown_offers_no_retry(exchange, deliver, thandi):  # noqa: F811
    make_submitted_individual()
    exchange.set_faults(
        {"kind": "error_after", "route": "customers.create", "count": 1},
        {"kind": "error_before", "route": "customers.list"},
    )
    deliver(until="nothing_due")
    intent = Intent.objects.get(topic="customer.create")
    assert not may_retry(intent)
    with pytest.raises(RetryNotAllowed, match="unknown"):
        retry_intent(intent=intent, actor=thandi)


@pytest.mark.django_db(transaction=True)
def test_every_change_of_a_delivery_has_its_audit_row(exchange, deliver):  # noqa: F811
    customer = make_submitted_individual()
    deliver()
    actions = list(
        AuditEntry.objects.filter(customer_id=customer.pk).order_by("at").values_list("action", flat=True)
    )
    assert sorted(actions) == sorted(
        [
            "customer.created_at_exchange",
            "customer.reference_set_at_exchange",
            *["document.sent"] * 3,
            "customer.documents_sent",
        ]
    )


@pytest.mark.django_db(transaction=True)
def test_the_command_says_what_waits_for_a_person_and_why(exchange):  # noqa: F811
    make_submitted_individual()
    make_submitted_individual(occupation="Pirate")
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("deliver_outbox", "--until-idle", stdout=out)
    assert ended.value.code == 1
    assert "Upload a document: 3 done" in out.getvalue()
    assert "1 × Create the customer: The exchange rejected the data" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_command_is_content_when_nothing_is_left(exchange):  # noqa: F811
    make_submitted_individual()
    out = io.StringIO()
    call_command("deliver_outbox", "--until-idle", stdout=out)
    assert "Create the customer: 1 done" in out.getvalue()
    assert "Stopped" not in out.getvalue()
    assert "twice" not in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_command_does_not_hide_a_document_whose_reply_was_lost(exchange):  # noqa: F811
    make_submitted_individual(documents=("Selfie",))
    exchange.set_faults({"kind": "reset_after", "route": "documents*", "count": 1})
    out = io.StringIO()
    call_command("deliver_outbox", "--until-idle", stdout=out)
    assert "may be there twice or not at all: 1 × document" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_refused_key_ends_the_command_and_says_what_to_mend(exchange, settings, monkeypatch):  # noqa: F811
    monkeypatch.setattr("exchange.outbox.key_clock.FIRST_STRIKE_MS", 50)
    settings.EXCHANGE_API_SECRET = "wrong"
    make_submitted_individual()
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("deliver_outbox", "--until-idle", stdout=out)
    assert "authz.invalid_signature" in out.getvalue()
    assert "EXCHANGE_API_SECRET" in out.getvalue()
