"""Topic `customer.create`: an individual or a business with its UBOs (002:1703, 002:1926)."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import audit
from accounts.audit_writing import statement_of
from customers.choices import Stage
from customers.models import Ubo
from exchange.client import Created, CreatedUbo, ExchangeClient
from exchange.client.bodies import business_body, individual_body
from exchange.outbox import open_intents
from exchange.outbox.choices import Reason
from exchange.outbox.claiming import Claim
from exchange.outbox.database import run, time_param, uuid_param
from exchange.outbox.enqueueing import opening_of
from exchange.outbox.handlers import AtOnce, Held, Prepared
from exchange.outbox.models import Intent
from exchange.outbox.together import Write
from kyc.canonical import canonical_digest
from kyc.delivery.held_record import HeldRecord, held_record
from kyc.delivery.ubo_match import match_ubos
from kyc.records import Record, customer_data, ubo_data

# Room for the token within what the exchange takes as a name.
NAME_CHARACTERS = 80
# Nothing of the customer is at the exchange, and only another content can change that.
_THAWING = (
    Reason.REJECTED_BY_EXCHANGE,
    Reason.EMAIL_TAKEN_ELSEWHERE,
    Reason.UBO_EMAIL_TAKEN,
    Reason.CONTENT_CHANGED,
)


def account_name(record: HeldRecord) -> str:
    """The name at the exchange, with the token by which a create is found again whose reply was lost.

    With OUTBOX_TOKEN_FORM = reference it is the operator's reference alone, unique as the token is.
    """
    if settings.OUTBOX_TOKEN_FORM == "reference":  # noqa: S105 - a form, no secret
        return record.customer.reference
    return f"{record.display_name[:NAME_CHARACTERS]} [{record.customer.token}]"


def prepare(intent: Intent, claim: Claim) -> Prepared:
    record = held_record(claim)
    customer = record.customer
    if customer.uid is not None:
        raise Held(Reason.EXISTS_MORE_THAN_ONCE, "has_a_uid_already")
    digest = canonical_digest(customer, list(record.ubos.values()), record.profile)
    if digest != customer.submitted_digest:
        raise Held(Reason.CONTENT_CHANGED, "customer")
    data = customer_data(Record(customer, profile=record.profile))
    name, merchant = account_name(record), customer.merchant.exchange_uid
    if customer.is_business:
        ubos = [ubo_data(ubo) for ubo in record.ubos.values()]
        body = business_body(data, ubos, account_name=name, merchant_uid=merchant)
    else:
        body = individual_body(data, account_name=name, merchant_uid=merchant)
    return Prepared(partial(_send, body), digest, "create_customer")


def _send(body: dict[str, object], client: ExchangeClient) -> Created:
    return client.create_customer(body)


def applied(intent: Intent, claim: Claim, reply: Created) -> Reason | None:
    """Bind the uid, where none is bound and nobody else has it; the UBOs' as far as they are certain."""
    return bind(claim, reply.uid, reply.ubos, "customer.created_at_exchange")


def at_once(intent: Intent, claim: Claim, reply: Created, following: Intent) -> AtOnce | None:
    """An individual's uid, where nobody has it. Which UBO is which is asked first."""
    record = held_record(claim)
    if record.customer.is_business:
        return None
    return AtOnce(
        [
            _binding(record, reply.uid),
            opening_of(record.customer.pk, following.pk),
            Write(*statement_of(_entry(record, "customer.created_at_exchange", reply.uid, 0))),
        ],
        opens=True,
        then=lambda: setattr(record.customer, "uid", reply.uid),
    )


def bind(claim: Claim, uid: str, ubos: Iterable[CreatedUbo], action: str, **details: object) -> Reason | None:
    """The customer is at the exchange under this uid: everything that follows. `action`: the audit row's."""
    record = held_record(claim)
    customer = record.customer
    binding = _binding(record, uid)
    if not run(binding.sql, binding.params):
        return Reason.EXISTS_MORE_THAN_ONCE
    customer.uid = uid
    known = bind_ubos(record, match_ubos(record.ubos.values(), ubos))
    open_intents(customer.pk)
    audit.record_many([_entry(record, action, uid, known, **details)])
    return None


def _binding(record: HeldRecord, uid: str) -> Write:
    at = time_param(timezone.now())
    return Write(
        "UPDATE customers_customer SET uid = %s, stage = %s, at_exchange_at = %s, updated_at = %s "
        "WHERE id = %s AND uid IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM customers_customer other WHERE other.uid = %s) RETURNING uid",
        (uid, Stage.AT_EXCHANGE.value, at, at, uuid_param(record.customer.pk), uid),
        must=True,
    )


def stopped(intent: Intent, claim: Claim, reason: Reason) -> None:
    if reason in _THAWING:
        from kyc.submission import thaw

        record = held_record(claim)
        thaw(customer=record.customer, reason=reason.value, actor=record.actor)


def unknown(intent: Intent, claim: Claim) -> None:
    """Nothing of ours changes: the intent itself says that it is unknown, and its children stay closed."""


def bind_ubos(record: HeldRecord, uids: dict[Any, str]) -> int:
    """Write the uids of UBOs that have none yet; how many."""
    bound = 0
    for ubo_id, uid in uids.items():
        ubo = record.ubos[ubo_id]
        if Ubo.objects.filter(uid=uid).exclude(pk=ubo_id).exists():
            continue
        if Ubo.objects.filter(pk=ubo_id, uid__isnull=True).update(uid=uid):
            ubo.uid = uid
            bound += 1
    return bound


def _entry(record: HeldRecord, action: str, uid: str, ubo_uids: int, **details: object) -> audit.AuditEntry:
    customer = record.customer
    return audit.entry(
        actor=record.actor,
        action=action,
        subject_type="customer",
        subject_id=customer.pk,
        customer_id=customer.pk,
        merchant_uid=customer.merchant.uid,
        details={"uid": uid, "ubos": len(record.ubos), "ubo_uids": ubo_uids, **details},
        changes={"uid": (None, uid), "stage": (str(customer.stage), Stage.AT_EXCHANGE.value)},
    )
