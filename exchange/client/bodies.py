"""Request bodies from plain data: pure functions.

Data holds the exchange's field names with typed values: text, date, bool, int or Decimal, list of text.
Fields of a business profile come flat ("business_profile.website") or nested. What is None or empty is left
out; a detail text ("pep_occupation_data") goes only with its flag.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

# 002:1722-1747; the ID number's field is `id_number` in every dialect.
PERSON_FIELDS = (
    "first_name",
    "last_name",
    "dob",
    "address",
    "postcode",
    "city",
    "country",
    "nationality",
    "id_number",
    "occupation",
    "source_of_funds",
)
INDIVIDUAL_FIELDS = ("email", "phone_number", *PERSON_FIELDS, "country_of_residence")
DETAIL_OF_FLAG = {
    "is_pep_occupation": "pep_occupation_data",
    "is_pep_related": "pep_related_data",
    "is_pip": "pip_data",
}
# 002:1952-1969.
BUSINESS_TEXTS = (
    "company_name",
    "registration_number",
    "registration_country",
    "industry",
    "purpose_of_account",
    "website",
    "address",
    "city",
    "postcode",
    "country",
    "license_status",
    "license_number",
)
BUSINESS_NUMBERS = ("expected_monthly_volume_usd", "employee_count")
BUSINESS_LISTS = ("jurisdictions_of_operation", "license_jurisdictions")
# 002:1975-2001.
UBO_FIELDS = ("email", "phone_number", *PERSON_FIELDS)
UBO_FLAGS = ("is_director", "is_authorized_signatory")

_PREFIX = "business_profile."


def individual_body(
    data: Mapping[str, object], *, account_name: str, merchant_uid: str | None = None
) -> dict[str, object]:
    """The JSON body of an individual's create (002:1722-1747)."""
    return {
        **_account("individual", account_name, merchant_uid),
        **_texts(data, INDIVIDUAL_FIELDS),
        **_declarations(data),
    }


def business_body(
    data: Mapping[str, object],
    ubos: Iterable[Mapping[str, object]],
    *,
    account_name: str,
    merchant_uid: str | None = None,
) -> dict[str, object]:
    """The JSON body of a business's create with its UBOs (002:1940-2001)."""
    return {
        **_account("business", account_name, merchant_uid),
        **_texts(data, ("email", "phone_number")),
        "business_profile": _business_profile(data),
        "ubos": [_ubo(ubo) for ubo in ubos],
    }


def payment_reference_body(
    *, uid: str, currency: str, webhook_url: str, webhook_secret: str, expected_amount: str | None = None
) -> dict[str, object]:
    """The JSON body of a payment reference's create (002:2741). Its events are always signed: a secret
    without the protocol would be told and not used (002:2707)."""
    return {
        "uid": uid,
        "currency": currency,
        **({"expected_amount": expected_amount} if expected_amount else {}),
        "webhook_url": webhook_url,
        "webhook_secret": webhook_secret,
        "webhook_protocol": "hmac",
    }


def _account(entity_type: str, account_name: str, merchant_uid: str | None) -> dict[str, object]:
    account: dict[str, object] = {"entity_type": entity_type, "account_name": account_name}
    if merchant_uid:
        account["merchant_uid"] = merchant_uid
    return account


def _business_profile(data: Mapping[str, object]) -> dict[str, object]:
    nested = data.get("business_profile")
    profile = dict(nested) if isinstance(nested, Mapping) else {}
    profile.update((key[len(_PREFIX) :], value) for key, value in data.items() if key.startswith(_PREFIX))
    return {
        **_texts(profile, BUSINESS_TEXTS),
        **_numbers(profile, BUSINESS_NUMBERS),
        **{name: [str(item) for item in profile[name]] for name in BUSINESS_LISTS if profile.get(name)},
    }


def _ubo(ubo: Mapping[str, object]) -> dict[str, object]:
    return {
        **_texts(ubo, UBO_FIELDS),
        **_numbers(ubo, ("ownership_percentage",)),
        **_flags(ubo, UBO_FLAGS),
        **_declarations(ubo),
    }


def _texts(data: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    return {name: text for name in names if (text := _text(data.get(name)))}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)


def _numbers(data: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    return {name: _number(data[name]) for name in names if data.get(name) not in (None, "")}


def _number(value: object) -> int | float:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError("A number in the body is not finite.")
    return int(number) if number == number.to_integral_value() else float(number)


def _flags(data: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    return {name: bool(data[name]) for name in names if data.get(name) is not None}


def _declarations(data: Mapping[str, object]) -> dict[str, object]:
    details = tuple(detail for flag, detail in DETAIL_OF_FLAG.items() if data.get(flag))
    return {**_flags(data, DETAIL_OF_FLAG), **_texts(data, details)}
