"""Whose data is destroyed has no payment reference left, and its addresses are nobody's."""

import pytest

from exchange.outbox.models import Intent
from kyc.retention.erasing import erase
from payments.models import PaymentReference, WebhookEvent
from tests.kyc.retention import people
from tests.payments.test_receiving import BODY, path_of, reference, send, signature, signed  # noqa: F401


@pytest.fixture(autouse=True)
def _own_ledger(settings, tmp_path):
    settings.ERASURE_LEDGER = str(tmp_path / "erased.jsonl")


def test_its_references_and_their_events_go(
    reference,  # noqa: F811
    agent,
    officer,
    four_eyes,
    settings,
):
    customer, path = reference.customer, path_of(reference)
    proof = signature(reference.webhook_secret, BODY)
    signed(reference)
    Intent.objects.update(state="done")
    people.end(customer, agent=agent, officer=officer, years_ago=9)
    settings.FOUR_EYES = frozenset()
    erase(customer=customer, actor=officer)
    assert not PaymentReference.objects.exists()
    assert not WebhookEvent.objects.exists()
    assert send(path, **{"X-Auth-Webhook": proof}).status_code == 404
