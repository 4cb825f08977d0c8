"""Showing one masked value to one person, for a reason: both are written down first, the value never is."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from django.db import models

from accounts import audit, policy
from accounts.models import User
from customers.models import BusinessProfile, Customer, Ubo
from kyc.acceptance import checked_reason
from kyc.models import Document
from vault.masking import sealed_fields

# The digest of a document's file says nothing to people; it is for programs.
_NEVER: dict[type[models.Model], frozenset[str]] = {Document: frozenset({"sha256"})}
_KINDS: dict[type[models.Model], str] = {
    Customer: "customer",
    BusinessProfile: "profile",
    Ubo: "ubo",
    Document: "document",
}


class NothingThere(LookupError):
    """There is no such row of this customer, no such field, or nothing that is masked."""


@dataclass(frozen=True, slots=True)
class Masked:
    """One masked value of a customer: the row it stands in, and the field's name."""

    row: Customer | BusinessProfile | Ubo | Document
    field: str

    @property
    def subject(self) -> str:
        """`customer`, `profile`, `ubo:<uuid>` or `document:<uuid>`: what a page names it by."""
        kind = _KINDS[type(self.row)]
        return kind if kind in ("customer", "profile") else f"{kind}:{self.row.pk}"


def find_masked(customer: Customer, subject: str, field: str) -> Masked:
    """The masked value that a page names. Raises NothingThere."""
    kind, _, text = subject.partition(":")
    row: Customer | BusinessProfile | Ubo | Document | None = None
    if subject == "customer":
        row = customer
    elif subject == "profile":
        row = BusinessProfile.objects.filter(customer=customer).first()
    elif kind == "ubo" and (pk := _uuid(text)):
        row = Ubo.objects.filter(customer=customer, pk=pk).first()
    elif kind == "document" and (pk := _uuid(text)):
        row = Document.objects.filter(customer=customer, pk=pk).first()
    if row is None:
        raise NothingThere(subject)
    return masked_value(row, field)


def find_named(customer: Customer, subject: str, field: str) -> Masked:
    """The masked value that a program names as `customers.problems.Problem` does. Raises NothingThere.

    `subject`: "", `ubo:<email>`, `document:<doc_type>` or `ubo:<email>/document:<doc_type>`, of documents the
    current version; `field`: the exchange's name, of a business profile `business_profile.<name>`.
    """
    owner_text, has_document, doc_type = subject.partition("document:")
    ubo = None
    if owner_text:
        email = owner_text.removeprefix("ubo:").removesuffix("/").casefold()
        ubo = Ubo.objects.filter(customer=customer, email_key=email).first()
        if ubo is None or not owner_text.startswith("ubo:") or owner_text.endswith("/") != bool(has_document):
            raise NothingThere(subject)
    if has_document:
        current = Document.objects.filter(customer=customer, ubo=ubo, doc_type=doc_type, is_current=True)
        if (document := current.first()) is None:
            raise NothingThere(subject)
        return masked_value(document, field)
    if ubo is not None:
        return masked_value(ubo, field)
    if field.startswith("business_profile."):
        profile = BusinessProfile.objects.filter(customer=customer).first()
        if profile is None:
            raise NothingThere(field)
        return masked_value(profile, field.removeprefix("business_profile."))
    return masked_value(customer, field)


def masked_value(row: Customer | BusinessProfile | Ubo | Document, field: str) -> Masked:
    """The masked value of a row. Raises NothingThere for a field that is not masked."""
    if field not in sealed_fields(type(row)) - _NEVER.get(type(row), frozenset()):
        raise NothingThere(field)
    return Masked(row, field)


def reveal(customer: Customer, masked: Masked, *, reason: str, actor: User) -> str | datetime.date | None:
    """The value, after it was written down who saw which field of whom, and why.

    Raises NotAllowed; Refused without a reason; CannotOpen where the customer's key is gone.
    """
    policy.require(actor, "customer.reveal", customer.merchant.uid)
    reason = checked_reason(reason)
    if isinstance(masked.row, Ubo | BusinessProfile | Document):
        masked.row.customer = customer
    # Opened before it is written down, and handed out after: what can't be opened was not seen.
    value = getattr(masked.row, masked.field)
    audit.record(
        actor=actor,
        action="customer.reveal",
        subject_type=_KINDS[type(masked.row)],
        subject_id=masked.row.pk,
        customer_id=customer.pk,
        merchant_uid=customer.merchant.uid,
        reason=reason,
        details={"field": masked.field},
    )
    return value


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
