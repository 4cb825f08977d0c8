"""Whoever asks what is held about them is told of their payment references, too."""

import io
import json
import zipfile

from kyc.retention.subject_export import export_subject
from payments.models import PaymentReference
from payments.subject_export import TOLD
from tests.payments.test_receiving import BODY, reference, signed  # noqa: F401

# Keys and look-ups of ours, the webhook between the exchange and us, and who of the staff asked for it.
OF_OURS = {"id", "customer", "webhook_url", "webhook_secret", "hook_digest", "requested_by"}


def exported(customer, actor):
    target = io.BytesIO()
    export_subject(target, customer=customer, actor=actor, reason="Asked by letter.")
    return json.loads(zipfile.ZipFile(target).read("data.json"))["data"]


def test_it_holds_each_payment_reference_and_what_the_exchange_sent_about_it(reference, thandi):  # noqa: F811
    signed(reference)
    type(reference).objects.update(code="PAY-1", exchange_id="7")
    told = exported(reference.customer, thandi)["Payment reference INV-1"]
    assert (told["currency"], told["event_1"]) == ("zar", BODY.decode())
    assert (told["code"], told["exchange_id"]) == ("PAY-1", "7")
    assert not {reference.webhook_secret, reference.webhook_url} & set(told.values())


def test_an_event_is_told_in_the_letters_that_it_was_sent_in(reference, thandi):  # noqa: F811
    body = '{"error": "Überweisung für Zoë"}'
    signed(reference, body.encode())
    assert exported(reference.customer, thandi)["Payment reference INV-1"]["event_1"] == body


def test_every_field_is_told_or_named_as_ours():
    names = {field.name for field in PaymentReference._meta.concrete_fields}
    assert names == OF_OURS | set(TOLD)
