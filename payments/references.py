"""Asking the exchange for a payment reference: one row, its webhook, and the intent, in one transaction."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.models import User
from customers.choices import Stage
from customers.contention import gives_way
from customers.models import Customer
from customers.problems import ERROR, Problem, Refused
from customers.rules.numbers import parse_number
from customers.rules.reading import Refused as NotReadable
from exchange.outbox import NewIntent, enqueue
from exchange.outbox.choices import IntentState, Topic
from exchange.outbox.models import Intent
from payments.models import PaymentReference
from payments.webhook_address import new_webhook

# A deposit in the smallest units of any currency; more than any of them has in all.
AMOUNT_PLACES, AMOUNT_BELOW = 18, Decimal(10) ** 15
_OWN_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_CURRENCY = re.compile(r"[a-z0-9][a-z0-9-]{1,19}")


@gives_way
def request_payment_reference(
    *, customer: Customer, own_reference: str, currency: str, actor: User, expected_amount: str = ""
) -> PaymentReference:
    """Have the exchange create a payment reference for deposits of this customer.

    `own_reference`: what it is called in our books, a code without personal data; asked twice under the same
    one it is one. `currency`: the exchange's code, such as zar. `expected_amount`: decimal digits, or
    nothing. Raises NotAllowed; Refused where a value is none, another was asked for under this name or this
    one was given up, or the exchange has not verified the customer.
    """
    policy.require(actor, "payment_reference.request", customer.merchant.uid)
    wanted = {"currency": _currency(currency), "expected_amount": _amount(expected_amount)}
    own_reference = _own_reference(own_reference)
    with transaction.atomic():
        locked = (
            Customer.objects.select_for_update(of=("self",)).select_related("merchant").get(pk=customer.pk)
        )
        before = PaymentReference.objects.filter(customer=locked, own_reference=own_reference).first()
        if before is not None:
            _check_again(before, wanted)
            return before
        _check(locked)
        return _write(locked, own_reference, wanted, actor)


def _write(customer: Customer, own_reference: str, wanted: dict[str, str], actor: User) -> PaymentReference:
    webhook = new_webhook()
    reference = PaymentReference(
        customer=customer,
        own_reference=own_reference,
        webhook_url=webhook.url,
        webhook_secret=webhook.secret,
        hook_digest=webhook.digest,
        requested_by=actor,
        **wanted,
    )
    reference.save(force_insert=True)
    audit.record(
        actor=actor,
        action="payment_reference.request",
        subject_type="payment_reference",
        subject_id=reference.pk,
        customer_id=customer.pk,
        merchant_uid=customer.merchant.uid,
        # Not the amount: what stands here stays when the customer's data is destroyed.
        details={"own_reference": own_reference, "currency": reference.currency},
    )
    enqueue([NewIntent(Topic.PAYMENT_REFERENCE.value, reference.pk, customer.pk, customer.merchant.uid)])
    return reference


def intent_of(reference: PaymentReference) -> Intent | None:
    """What tells the exchange of it, as it stands; None where nothing is left of it."""
    return (
        Intent.objects.filter(topic=Topic.PAYMENT_REFERENCE, subject_id=reference.pk)
        .order_by("-generation")
        .first()
    )


def _check_again(before: PaymentReference, wanted: dict[str, str]) -> None:
    is_same = before.currency == wanted["currency"] and (
        _number(before.expected_amount) == _number(wanted["expected_amount"])
    )
    if not is_same:
        raise _refused(
            "asked_for_differently",
            "own_reference",
            _("Another currency or amount was asked for under this reference before."),
            _("Take another reference of yours: what the exchange holds can't be changed."),
        )
    intent = intent_of(before)
    if before.exchange_id is None and (intent is None or intent.state == IntentState.GIVEN_UP):
        # Sent once more it could be there twice: nobody looks for one that was given up.
        raise _refused(
            "given_up",
            "own_reference",
            _("It was asked for under this reference before, and given up: nothing of it is sent any more."),
            _("Take another reference of yours."),
        )


def _number(amount: str) -> Decimal | None:
    return Decimal(amount) if amount else None


def _check(locked: Customer) -> None:
    if locked.ended_at is not None:
        raise _refused("ended", "", _("The relationship with this customer has ended."))
    if locked.stage != Stage.VERIFIED or not locked.uid:
        raise _refused(
            "not_verified",
            "",
            _("The exchange has not verified this customer, so no money may move yet."),
            _("Wait for its verdict; the customer's page says whose move it is."),
        )


def _own_reference(text: str) -> str:
    if not _OWN_REFERENCE.fullmatch(text.strip()):
        raise _refused(
            "format",
            "own_reference",
            _("This is no reference of your books."),
            _("Up to 64 letters, digits, dots, dashes, slashes and underscores: INV-2026-118. No names."),
        )
    return text.strip()


def _currency(text: str) -> str:
    code = text.strip().lower()
    if not _CURRENCY.fullmatch(code):
        raise _refused(
            "format", "currency", _("This is no currency's code."), _("Write the exchange's: zar, btc.")
        )
    return code


def _amount(text: str) -> str:
    if not text.strip():
        return ""
    try:
        amount = parse_number(text, places=AMOUNT_PLACES)
    except NotReadable as problem:
        raise _refused(problem.code, "expected_amount", problem.message, problem.remedy) from None
    if not 0 < amount < AMOUNT_BELOW:
        raise _refused(
            "out_of_range",
            "expected_amount",
            _("The amount must be above 0, and below 1,000,000,000,000,000."),
            _("Leave it out where any amount may come."),
        )
    return text.strip()


def _refused(code: str, field: str, message: Any, remedy: Any = "") -> Refused:
    return Refused([Problem(code, "", field, ERROR, message, remedy)])
