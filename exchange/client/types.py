"""Typed answers. Every one is tolerant: what is missing is None or empty, what is unknown is kept as it came.

`raw` is the parsed answer; it and the personal fields are left out of repr. `server_date` is the answer's
Date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from exchange.client.rows import first_object, list_of, moment_of, object_of, text_of, uid_of


@dataclass(frozen=True, slots=True)
class Ubo:
    """A UBO as the exchange returned it; `uid` is None where it gave none. Values may be masked."""

    uid: str | None
    email: str | None = field(repr=False)
    first_name: str | None = field(repr=False)
    last_name: str | None = field(repr=False)
    dob: str | None = field(repr=False)
    id_number: str | None = field(repr=False)
    raw: Mapping = field(repr=False)


CreatedUbo = Ubo


@dataclass(frozen=True, slots=True)
class Created:
    """A new account. Its UBOs may lack uids (002:2547 promises them, no model shows them)."""

    uid: str
    ubos: tuple[Ubo, ...]
    raw: Mapping = field(repr=False)
    status: int = 201
    server_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer in full (002:4065-4094). `kyc_status` is None where the exchange sent none."""

    uid: str
    entity_type: str | None
    account_name: str | None = field(repr=False)
    custom_id: str | None
    state: str | None
    kyc_status: str | None
    email: str | None = field(repr=False)
    profile: Mapping = field(repr=False)
    phone: Mapping = field(repr=False)
    business_profile: Mapping = field(repr=False)
    ubos: tuple[Ubo, ...]
    external_verification_url: str | None
    created_at: datetime | None
    raw: Mapping = field(repr=False)
    server_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A row of a customer list (002:2070-2087): no e-mail, no profile."""

    uid: str
    account_name: str | None = field(repr=False)
    custom_id: str | None
    state: str | None
    kyc_status: str | None
    entity_type: str | None
    created_at: datetime | None
    raw: Mapping = field(repr=False)


@dataclass(frozen=True, slots=True)
class Merchant:
    """A row of the merchants' list (002:3217); `name`: the account's or the company's, else None."""

    uid: str
    email: str | None = field(repr=False)
    name: str | None
    state: str | None
    raw: Mapping = field(repr=False)


@dataclass(frozen=True, slots=True)
class PaymentReference:
    """A deposit reference (002:4169). `reference` is what the payer writes; lists leave some out (002:3087).

    The webhook's address is left out of repr: who knows it can knock there.
    """

    id: str
    reference: str | None
    uid: str | None
    currency: str | None
    expected_amount: str | None
    state: str | None
    webhook_url: str | None = field(repr=False)
    webhook_protocol: str | None
    created_at: datetime | None
    raw: Mapping = field(repr=False)


Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """A page of a list. `total`: None where there is none; `unreadable`: rows without a uid or id."""

    rows: tuple[Row, ...]
    page: int
    per_page: int
    total: int | None
    unreadable: int = 0
    server_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An upload that was taken. The exchange documents no content for it (002:2366)."""

    status: int
    server_date: datetime | None = None


def ubos_of(row: Mapping) -> tuple[Ubo, ...]:
    return tuple(
        Ubo(
            uid=uid_of(ubo, "uid", "id"),
            email=text_of(ubo, "email"),
            first_name=text_of(ubo, "first_name"),
            last_name=text_of(ubo, "last_name"),
            dob=text_of(ubo, "dob"),
            id_number=text_of(ubo, "id_number"),
            raw=ubo,
        )
        for ubo in list_of(row.get("ubos")) or ()
        if isinstance(ubo, Mapping)
    )


def created_from(document: object, *, status: int, server_date: datetime | None) -> Created:
    """`document` must carry a uid, as `classify` has seen to."""
    row = object_of(document) or {}
    uid = uid_of(row)
    if uid is None:
        raise ValueError("A create was counted as applied without a uid.")
    return Created(uid, ubos_of(row), row, status, server_date)


def customer_from(document: object, *, uid: str, server_date: datetime | None) -> Customer:
    """`uid` is the one that was asked for; it stands where the answer repeats none."""
    row = object_of(document) or {}
    return Customer(
        uid=uid_of(row) or uid,
        entity_type=_entity_type(row),
        account_name=text_of(row, "account_name"),
        custom_id=text_of(row, "custom_id"),
        state=text_of(row, "state"),
        kyc_status=text_of(row, "kyc_status"),
        email=text_of(row, "email"),
        profile=first_object(row, "profile", "profiles"),
        phone=first_object(row, "phone", "phones"),
        business_profile=first_object(row, "business_profile"),
        ubos=ubos_of(row),
        external_verification_url=text_of(row, "external_verification_url"),
        created_at=moment_of(row, "created_at"),
        raw=row,
        server_date=server_date,
    )


def customer_row_from(row: Mapping, uid: str) -> CustomerRow:
    return CustomerRow(
        uid=uid,
        account_name=text_of(row, "account_name"),
        custom_id=text_of(row, "custom_id"),
        state=text_of(row, "state"),
        kyc_status=text_of(row, "kyc_status"),
        entity_type=_entity_type(row),
        created_at=moment_of(row, "created_at"),
        raw=row,
    )


def merchant_from(row: Mapping, uid: str) -> Merchant:
    profile = first_object(row, "business_profile")
    names = (
        text_of(row, "account_name"),
        text_of(row, "name"),
        *(text_of(profile, name) for name in ("trading_name", "company_name", "legal_name")),
    )
    return Merchant(
        uid=uid,
        email=text_of(row, "email"),
        name=next((name for name in names if name), None),
        state=text_of(row, "state"),
        raw=row,
    )


def payment_reference_from(row: Mapping, id: str | None) -> PaymentReference:
    """`id`: the row's own, or the one that was asked for; a create's is there, as `classify` has seen to."""
    if id is None:
        raise ValueError("A payment reference was counted as created without an id.")
    return PaymentReference(
        id=id,
        reference=text_of(row, "reference"),
        uid=uid_of(row),
        currency=text_of(row, "currency"),
        expected_amount=text_of(row, "expected_amount"),
        state=text_of(row, "state"),
        webhook_url=text_of(row, "webhook_url"),
        webhook_protocol=text_of(row, "webhook_protocol"),
        created_at=moment_of(row, "created_at"),
        raw=row,
    )


def _entity_type(row: Mapping) -> str | None:
    if stated := text_of(row, "entity_type"):
        return stated
    if row.get("business_profile") or row.get("ubos"):
        return "business"
    return "individual" if row.get("profile") or row.get("profiles") else None
