"""What the API tells: plain dicts, without any value that is held encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from customers.models import BusinessProfile, Customer, Ubo
from customers.problems import Problem
from kyc.models import Document
from kyc.records import PROFILE_FIELDS, UBO_FIELDS, Record, documents_by_owner
from kyc.requirements import Requirement
from vault.fields import EncryptedTextField, Sealed

_CUSTOMER = (
    "reference",
    "entity_type",
    "stage",
    "uid",
    "exchange_state",
    "kyc_status",
    "email",
    "account_name",
    "first_name",
    "last_name",
    "city",
    "country",
    "nationality",
    "country_of_residence",
    "occupation",
    "source_of_funds",
    "is_pep_occupation",
    "is_pep_related",
    "is_pip",
    "deposit_action",
    "external_verification_url",
    "doc_type",
    "doc_expire",
    "doc_country",
    "version",
    "created_at",
    "updated_at",
    "submitted_at",
    "at_exchange_at",
    "documents_sent_at",
    "verdict_at",
)
_DOCUMENT = (
    "doc_type",
    "version",
    "doc_expire",
    "doc_issued",
    "content_type",
    "size",
    "delivery",
    "sent_at",
    "is_flagged",
    "added_at",
)


def customer_shape(customer: Customer) -> dict[str, Any]:
    """One customer as a list shows it. `merchant` must be loaded."""
    return {
        "merchant_uid": customer.merchant.uid,
        **{name: getattr(customer, name) for name in _CUSTOMER},
        "held_encrypted": held_encrypted(customer),
    }


def record_shape(record: Record) -> dict[str, Any]:
    """One customer with its profile, UBOs and current documents."""
    owned = documents_by_owner(record.documents)
    shape = customer_shape(record.customer)
    shape["documents"] = [_document(document) for document in owned[None]]
    if record.customer.is_business:
        shape["business_profile"] = _fields(record.profile, PROFILE_FIELDS)
        shape["ubos"] = [
            {
                **_fields(ubo, UBO_FIELDS),
                "uid": ubo.uid,
                "documents": [_document(document) for document in owned[ubo.pk]],
            }
            for ubo in record.ubos
        ]
    return shape


def held_encrypted(row: Customer | BusinessProfile | Ubo) -> list[str]:
    """The names of the encrypted fields in which something is held. Nothing is opened to tell."""
    return [
        field.name
        for field in row._meta.concrete_fields
        if isinstance(field, EncryptedTextField)
        and (isinstance(value := row.__dict__.get(field.attname), Sealed) or value)
    ]


def problem_shapes(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [
        {
            "code": problem.code,
            "subject": problem.subject,
            "field": problem.field,
            "severity": problem.severity,
            "message": problem.message,
            "remedy": problem.remedy,
            "shown": problem.shown,
        }
        for problem in problems
    ]


def requirement_shapes(rows: Iterable[Requirement]) -> list[dict[str, Any]]:
    return [
        {
            "code": row.code,
            "subject": row.subject,
            "state": str(row.state),
            "blocks": row.blocks,
            "due": row.due,
            "title": row.title,
            "remedy": row.remedy,
            "doc_type": row.doc_type,
        }
        for row in rows
    ]


def _fields(row: BusinessProfile | Ubo | None, names: Sequence[str]) -> dict[str, Any]:
    if row is None:
        return {}
    sealed = {field.name for field in row._meta.concrete_fields if isinstance(field, EncryptedTextField)}
    shape = {name: getattr(row, name) for name in names if name not in sealed}
    return {**shape, "held_encrypted": held_encrypted(row)}


def _document(document: Document) -> dict[str, Any]:
    return {name: getattr(document, name) for name in _DOCUMENT}
