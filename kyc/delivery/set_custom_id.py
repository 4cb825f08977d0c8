"""Topic `customer.set_custom_id`: our reference, beside the exchange's uid (002:2170).

It sets what it sets, so where its outcome is unknown it is sent again.
"""

from accounts import audit
from accounts.audit_writing import statement_of
from exchange.client import Customer as ExchangeCustomer
from exchange.client import ExchangeClient
from exchange.outbox.choices import Reason
from exchange.outbox.claiming import Claim
from exchange.outbox.enqueueing import open_intents, opening_of
from exchange.outbox.handlers import AtOnce, Prepared
from exchange.outbox.models import Intent
from exchange.outbox.together import Write
from kyc.delivery.held_record import HeldRecord, held_record
from vault.indexes import keyed_digest


def prepare(intent: Intent, claim: Claim) -> Prepared:
    customer = held_record(claim).customer
    url = customer.external_verification_url or None

    def send(client: ExchangeClient) -> ExchangeCustomer:
        # The uid is read when it is sent: where the create went before it, it was learnt since.
        return client.update_customer(
            customer.uid or "", custom_id=customer.reference, external_verification_url=url
        )

    content = f"custom_id|{customer.pk}|{customer.reference}|{url or ''}"
    return Prepared(send, keyed_digest("request", content.encode()), "update_customer")


def applied(intent: Intent, claim: Claim, reply: ExchangeCustomer) -> Reason | None:
    record = held_record(claim)
    open_intents(record.customer.pk)
    audit.record_many([_entry(record)])
    return None


def at_once(intent: Intent, claim: Claim, reply: ExchangeCustomer, following: Intent) -> AtOnce:
    """Opens what the create could not see: a document that was being handed in as it was answered."""
    record = held_record(claim)
    opening = opening_of(record.customer.pk, following.pk)
    return AtOnce([opening, Write(*statement_of(_entry(record)))])


def _entry(record: HeldRecord) -> audit.AuditEntry:
    return audit.entry(
        actor=record.actor,
        action="customer.reference_set_at_exchange",
        subject_type="customer",
        subject_id=record.customer.pk,
        customer_id=record.customer.pk,
        merchant_uid=record.customer.merchant.uid,
    )


def stopped(intent: Intent, claim: Claim, reason: Reason) -> None:
    """The documents go on without the reference."""
    open_intents(held_record(claim).customer.pk)


def unknown(intent: Intent, claim: Claim) -> None:
    """Never unknown: it is sent again."""
