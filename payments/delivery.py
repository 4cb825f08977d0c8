"""Topic `payment_reference.create`: a deposit reference with a webhook of its own (002:2684).

The create has no key that would make it safe to repeat. The webhook's address is ours to choose, random, and
echoed by list and details, so a reference whose reply was lost is found by it: `payments.reconciliation`.
"""

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit
from exchange.client import ExchangeClient
from exchange.client import PaymentReference as ExchangeReference
from exchange.client.bodies import payment_reference_body
from exchange.outbox.choices import Reason
from exchange.outbox.claiming import Claim
from exchange.outbox.handlers import Held, Obsolete, Prepared
from exchange.outbox.models import Intent
from kyc.delivery.held_record import held_record
from payments.models import PaymentReference
from vault.envelope import CannotOpen
from vault.indexes import keyed_digest


def prepare(intent: Intent, claim: Claim) -> Prepared:
    customer = held_record(claim).customer
    reference = PaymentReference.objects.filter(pk=intent.subject_id, customer_id=claim.lane).first()
    if reference is None:
        raise Obsolete("payment_reference_gone")
    if reference.exchange_id is not None:
        raise Obsolete("is_there_already")
    reference.customer = customer
    try:
        body = payment_reference_body(
            uid=customer.uid or "",
            currency=reference.currency,
            expected_amount=reference.expected_amount or None,
            webhook_url=reference.webhook_url,
            webhook_secret=reference.webhook_secret,
        )
    except CannotOpen:
        raise Held(Reason.CONTENT_CHANGED, "webhook_does_not_open") from None

    def send(client: ExchangeClient) -> ExchangeReference:
        return client.create_payment_reference(body)

    said = "|".join(f"{name}={value}" for name, value in sorted(body.items()))
    return Prepared(send, keyed_digest("request", said.encode()), "create_payment_reference")


def applied(intent: Intent, claim: Claim, reply: ExchangeReference) -> Reason | None:
    return bind(intent, claim, reply, "payment_reference.created_at_exchange")


def bind(
    intent: Intent, claim: Claim, there: ExchangeReference, action: str, **details: object
) -> Reason | None:
    """It is at the exchange under this id. A reason where that id is another reference's, or this one has
    another id already. `action`: the audit row's."""
    unbound = PaymentReference.objects.filter(pk=intent.subject_id, exchange_id__isnull=True)
    try:
        with transaction.atomic():
            is_bound = unbound.update(
                exchange_id=there.id, code=there.reference or "", at_exchange_at=timezone.now()
            )
    except IntegrityError:
        is_bound = 0
    if not is_bound:
        return Reason.PAYMENT_EXISTS_TWICE
    record = held_record(claim)
    audit.record(
        actor=record.actor,
        action=action,
        subject_type="payment_reference",
        subject_id=intent.subject_id,
        customer_id=record.customer.pk,
        merchant_uid=record.customer.merchant.uid,
        details={"exchange_id": there.id, **details},
        changes={"exchange_id": (None, there.id)},
    )
    return None


def at_once(*_: object) -> None:
    """Nothing waits for it."""


def stopped(intent: Intent, claim: Claim, reason: Reason) -> None:
    """Nothing of ours changes: the intent says why it is not there."""


def unknown(intent: Intent, claim: Claim) -> None:
    """Nothing of ours changes: the intent itself says that it is unknown."""
