"""The judge itself: what holds is not found broken, and each thing that is broken is."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.audit_rows import AuditEntry
from accounts.models import User
from customers.models import Customer
from exchange.outbox.models import Intent
from exchange.sandbox.testing import sandbox, sandbox_server  # noqa: F401
from kyc.models import Document
from payments.references import request_payment_reference
from tests.accounts.audit_trail import triggers_off
from tests.campaigns.facts import gather
from tests.campaigns.invariants import judge
from tests.campaigns.scene import Scene
from tests.campaigns.strangers import take_emails
from tests.exchange.outbox.conftest import deliver, exchange  # noqa: F401
from tests.factories import make_submitted_individual


@pytest.fixture(autouse=True)
def _in_the_database(transactional_db):
    """Threads deliver: what they write must be committed."""


def broken(exchange, strangers=frozenset()) -> dict[str, list[str]]:  # noqa: F811
    facts = json.loads(json.dumps(gather(), default=str))
    return judge(Scene(facts, exchange.state(), exchange.oracle(), strangers=strangers)).broken


def stored() -> Path:
    return Path(settings.MEDIA_ROOT) / Document.objects.get().file


@pytest.fixture
def delivered(exchange, deliver):  # noqa: F811
    customer = make_submitted_individual(documents=["Selfie"])
    deliver()
    return customer


@pytest.fixture
def clash(exchange, deliver):  # noqa: F811
    """A customer whose e-mail somebody else has at the exchange; the stranger's e-mail."""
    customer = make_submitted_individual(documents=["Selfie"])
    strangers = take_emails(exchange, [(None, customer.email)], share=1.0, seed=1)
    deliver()
    return customer, strangers


def test_what_was_delivered_holds(exchange, delivered):  # noqa: F811
    assert broken(exchange) == {}


def test_an_audit_entry_that_was_changed_is_found(exchange, delivered):  # noqa: F811
    gather()  # seals
    with triggers_off():
        AuditEntry.objects.filter(action="document.sent").update(reason="nothing happened")
    assert "i8_the_audit_trail_verifies" in broken(exchange)


def test_a_file_that_a_crash_left_without_a_row_is_swept_and_holds(exchange, delivered):  # noqa: F811
    left = stored().with_name("0" * 32 + ".sealed")
    left.write_bytes(b"sealed")
    part = stored().with_name("0" * 32 + ".sealed.12ab34cd.part")
    part.write_bytes(b"sea")
    assert broken(exchange) == {}
    assert not left.exists()
    assert not part.exists()


def test_a_file_without_a_row_that_the_sweep_leaves_is_found(exchange, delivered, monkeypatch):  # noqa: F811
    monkeypatch.setattr("kyc.orphans.files.remove", lambda name: None)
    stored().with_name("0" * 32 + ".sealed").write_bytes(b"sealed")
    assert "i11_files_and_rows_agree" in broken(exchange)


def test_a_row_without_its_file_is_found(exchange, delivered):  # noqa: F811
    stored().unlink()
    assert "i11_files_and_rows_agree" in broken(exchange)


def test_a_file_that_is_not_what_was_handed_in_is_found(exchange, delivered):  # noqa: F811
    document = Document.objects.select_related("customer").get()
    document.sha256 = "0" * 64
    document.save()
    assert "i11_files_and_rows_agree" in broken(exchange)


def test_a_customer_whose_email_a_stranger_has_waits_for_staff_and_holds(exchange, clash):  # noqa: F811
    _customer, strangers = clash
    assert broken(exchange, strangers) == {}


@pytest.mark.parametrize(
    "left",
    [
        {"state": "given_up", "reason": ""},
        {"state": "waiting_for_staff", "reason": "too_many_attempts"},
        {"state": "waiting_for_staff", "reason": "create_outcome_unknown"},
        {"state": "unknown", "reason": "email_taken_elsewhere"},
    ],
    ids=lambda left: f"{left['state']} {left['reason']}",
)
def test_a_stranger_excuses_no_other_end(exchange, clash, left):  # noqa: F811
    customer, strangers = clash
    Intent.objects.filter(topic="customer.create", subject_id=customer.pk).update(**left)
    assert "p1_everybody_is_there_once" in broken(exchange, strangers)


def test_a_customer_that_took_a_strangers_account_is_found(exchange, clash):  # noqa: F811
    customer, strangers = clash
    Customer.objects.filter(pk=customer.pk).update(uid=exchange.state()["customers"][0]["uid"])
    assert "p1_everybody_is_there_once" in broken(exchange, strangers)


def test_a_strangers_account_that_was_written_to_is_found(exchange, clash):  # noqa: F811
    _customer, strangers = clash
    facts, held = gather(), exchange.state()
    held["customers"][0]["custom_id"] = "REF-1"
    verdict = judge(Scene(facts, held, exchange.oracle(), strangers=strangers))
    assert "p1_a_strangers_account_is_left_alone" in verdict.broken


@pytest.fixture
def paid(exchange, deliver):  # noqa: F811
    """A verified customer with a payment reference that is there."""
    customer = make_submitted_individual(documents=[])
    deliver()
    Customer.objects.filter(pk=customer.pk).update(stage="verified", verdict_at=timezone.now())
    customer.refresh_from_db()
    actor = User.objects.machine()
    reference = request_payment_reference(
        customer=customer, own_reference="INV-1", currency="zar", actor=actor
    )
    deliver()
    return reference


def of_payments(exchange, **changes) -> list[str]:  # noqa: F811
    """What is found of the payments where the exchange's one row is changed so; None: there is none."""
    facts = json.loads(json.dumps(gather(), default=str))
    (row,) = exchange.payment_references()
    rows = changes.pop("rows", [{**row, **changes}])
    held = {**exchange.state(), "payments": rows(row) if callable(rows) else rows}
    return judge(Scene(facts, held, exchange.oracle())).broken.get("p3_payment_references_are_there_once", [])


def test_a_payment_reference_that_is_there_holds(exchange, paid):  # noqa: F811
    assert of_payments(exchange) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rows": []}, "payment not there"),
        ({"rows": lambda row: [row, {**row, "id": row["id"] + 1}]}, "payment doubled"),
        ({"rows": lambda row: [row, {**row, "webhook_url": "https://other/"}]}, "nobody's payment"),
        ({"webhook_secret": "another"}, "other content"),
        ({"uid": "ID0"}, "other content"),
        ({"reference": "PAY-0"}, "another's code"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_payment_reference_that_is_not_as_it_must_be_is_found(exchange, paid, changes, told):  # noqa: F811
    (line,) = of_payments(exchange, **changes)
    assert told in line


def test_a_payment_reference_that_is_lost_is_found(exchange, paid):  # noqa: F811
    type(paid).objects.update(exchange_id=None)
    assert "known here" in of_payments(exchange)[0]
    assert "payment lost" in of_payments(exchange, rows=[])[0]
