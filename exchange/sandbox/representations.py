"""How the exchange shows what it holds: the list's rows and the two models of a customer (002:2064-2090,
4065-4094)."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime

from exchange.sandbox.review import verdict_of

PROFILE_FIELDS = (
    "first_name",
    "last_name",
    "dob",
    "address",
    "postcode",
    "city",
    "country",
    "nationality",
    "country_of_residence",
    "occupation",
    "source_of_funds",
)
UBO_FIELDS = (
    "email",
    "first_name",
    "last_name",
    "phone_number",
    "dob",
    "country",
    "nationality",
    "id_number",
    "ownership_percentage",
    "is_director",
    "is_authorized_signatory",
)


def moment(seconds: float) -> str:
    """ISO 8601 with milliseconds and Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _masked(name: str, value: object) -> object:
    """The original stack's masks: `S****`, `1990-01-**`, `27*****4567`, `AA****BB`."""
    if not isinstance(value, str) or not value:
        return value
    if name == "last_name":
        return value[0] + "****"
    if name == "dob":
        return value[:8] + "**"
    if name in ("number", "phone_number"):
        return value[:2] + "*" * max(0, len(value) - 6) + value[-4:]
    if name == "id_number":
        return value[:2] + "****" + value[-2:]
    return value


def _shown(values: dict, masking: bool) -> dict:
    return {name: _masked(name, value) for name, value in values.items()} if masking else values


def _state(account: sqlite3.Row, verdict: str) -> str:
    if account["entity_type"] == "individual":
        return "active"
    return "active" if verdict == "verified" else "pending"


def _account_name(account: sqlite3.Row, quirks: dict) -> str | None:
    if quirks["account_name"] == "custom_id" and account["custom_id"]:
        return account["custom_id"]
    return account["account_name"]


def list_row(account: sqlite3.Row, quirks: dict, now: float) -> dict:
    """One row of List Customers."""
    verdict = verdict_of(account, now)
    row = {
        "uid": account["uid"],
        "account_name": _account_name(account, quirks),
        "state": _state(account, verdict),
        "custom_id": account["custom_id"],
        "kyc_status": verdict,
        "created_at": moment(account["created_at"]),
    }
    if account["entity_type"] == "business" and quirks["business_kyc_status"] == "hidden":
        del row["kyc_status"]
    return row


def customer(account: sqlite3.Row, ubos: list[sqlite3.Row], quirks: dict, *, created: bool = False) -> dict:
    """A customer or merchant with its details; `created`: as the answer to its creation."""
    fields = json.loads(account["fields"])
    verdict = verdict_of(account)
    if account["entity_type"] == "individual":
        return _individual(account, fields, verdict, quirks)
    with_uid = quirks["ubo_uid_in_create" if created else "ubo_uid_in_get"]
    profile = fields.get("business_profile") or {}
    shown = {
        "id": account["id"],
        "uid": account["uid"],
        "email": account["email"],
        "role": account["kind"],
        "entity_type": "business",
        "level": 3 if verdict == "verified" else 1,
        "state": _state(account, verdict),
        "custom_id": account["custom_id"],
        "business_profile": {
            "legal_name": profile.get("company_name"),
            "trading_name": account["account_name"],
            "registration_number": profile.get("registration_number"),
            "tax_id": None,
            "incorporation_date": None,
            "business_type": None,
            **{
                name: profile.get(name)
                for name in ("industry", "address", "city", "postcode", "country", "website")
            },
        },
        "ubos": [_ubo(ubo, with_uid, quirks["masking"]) for ubo in ubos],
        "created_at": moment(account["created_at"]),
        "updated_at": moment(account["updated_at"]),
    }
    if quirks["business_kyc_status"] == "shown":
        shown["kyc_status"] = verdict
    if quirks["business_account_name"]:
        shown["account_name"] = _account_name(account, quirks)
    if account["external_verification_url"]:
        shown["external_verification_url"] = account["external_verification_url"]
    return shown


def _individual(account: sqlite3.Row, fields: dict, verdict: str, quirks: dict) -> dict:
    phone = {
        "country": fields.get("country"),
        "number": str(fields.get("phone_number", "")).lstrip("+"),  # the original stack keeps digits only
        "validated_at": None,
    }
    return {
        "uid": account["uid"],
        "account_name": _account_name(account, quirks),
        "state": _state(account, verdict),
        "custom_id": account["custom_id"],
        "external_verification_url": account["external_verification_url"],
        "kyc_status": verdict,
        "created_at": moment(account["created_at"]),
        "profile": _shown({name: fields.get(name) for name in PROFILE_FIELDS}, quirks["masking"]),
        "phone": _shown(phone, quirks["masking"]),
    }


def _ubo(ubo: sqlite3.Row, with_uid: bool, masking: bool) -> dict:
    fields = json.loads(ubo["fields"])
    shown = _shown({name: fields.get(name) for name in UBO_FIELDS}, masking)
    shown["kyc_status"] = verdict_of(ubo)
    return {"uid": ubo["uid"], **shown} if with_uid else shown
