"""From cleaned values to rows of the database, and back to see what differs."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable
from decimal import Decimal

from customers.candidates import Candidate
from customers.indexes import INDEXES
from customers.models import BusinessProfile, Customer, Merchant, Ubo, vault_owner
from vault.bulk import new_row
from vault.envelope import new_data_key
from vault.tokens import correlation_token

PROFILE = "business_profile."

_INDEXES = ("email_key", *INDEXES)
_CUSTOMER_FIELDS = frozenset(field.attname for field in Customer._meta.concrete_fields)
_PROFILE_FIELDS = tuple(
    field.attname for field in BusinessProfile._meta.concrete_fields if not field.primary_key
)


def new_customer(
    candidate: Candidate, merchant: Merchant, *, origin: str, now: datetime.datetime
) -> Customer:
    """An unsaved customer with its own id and data key."""
    values = {name: value for name, value in candidate.values.items() if name in _CUSTOMER_FIELDS}
    pk = uuid.uuid4()
    key, wrapped = new_data_key(vault_owner(pk))
    values |= {
        "_vault_key": key,
        "id": pk,
        "merchant_id": merchant.pk,
        "reference": candidate.reference or made_reference(pk),
        "entity_type": candidate.entity_type,
        "origin": str(origin),
        "wrapped_key": wrapped,
        "token": correlation_token(merchant.uid, candidate.entity_type, str(values["email"])),
        "created_at": now,
        "updated_at": now,
    }
    customer = new_row(Customer, values)
    customer._state.fields_cache["merchant"] = merchant
    return customer


def made_reference(pk: uuid.UUID) -> str:
    """The reference of a customer who was handed in without one."""
    return f"C-{pk.hex[:12].upper()}"


def new_profile(candidate: Candidate, customer: Customer) -> BusinessProfile:
    return BusinessProfile(customer=customer, **_profile_values(candidate))


def new_ubos(candidate: Candidate, customer: Customer) -> list[Ubo]:
    return [Ubo(customer=customer, position=place, **values) for place, values in enumerate(candidate.ubos)]


def _profile_values(candidate: Candidate) -> dict[str, object]:
    values = candidate.values
    return {name: values[PROFILE + name] for name in _PROFILE_FIELDS if PROFILE + name in values}


def differing(customer: Customer, candidate: Candidate) -> list[str]:
    """The names of the fields, own and of the profile, for which the candidate says something else."""
    names = _differing(customer, candidate.values, _CUSTOMER_FIELDS.intersection(candidate.values))
    if candidate.is_business:
        values = _profile_values(candidate)
        names += [PROFILE + name for name in _differing(customer.business_profile, values, values)]
    return names


def differing_ubo(ubo: Ubo, values: dict[str, object]) -> list[str]:
    return _differing(ubo, values, values)


def take_over(customer: Customer, candidate: Candidate) -> None:
    """Set what the candidate says on the customer and, for a business, on its profile. Nothing is saved."""
    for name in _CUSTOMER_FIELDS.intersection(candidate.values):
        setattr(customer, name, candidate.values[name])
    if candidate.is_business:
        for name, value in _profile_values(candidate).items():
            setattr(customer.business_profile, name, value)


def _differing(row: object, values: dict[str, object], names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in _INDEXES and _is_other(getattr(row, name), values[name])]


def _is_other(held: object, given: object) -> bool:
    if isinstance(held, Decimal) and isinstance(given, Decimal | int):
        return held != given
    return (held or None) != (given or None)
