"""What was submitted, as one digest: a record that is sent again must still match it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from customers.models import BusinessProfile, Customer, Ubo
from kyc.records import Record, customer_data, ubo_data
from vault.indexes import keyed_digest


def canonical_digest(customer: Customer, ubos: Sequence[Ubo], profile: BusinessProfile | None = None) -> str:
    """A keyed digest over every field that the exchange is told of a customer, its profile and its UBOs.

    The order in which UBOs were entered does not matter. `profile` is read from the database where a
    business comes without it.
    """
    if profile is None and customer.is_business:
        profile = customer.business_profile
    record = Record(customer, profile=profile)
    content = {
        "reference": customer.reference,
        "merchant": customer.merchant.exchange_uid,
        "entity_type": customer.entity_type,
        "token": customer.token,
        "fields": customer_data(record),
        "ubos": [ubo_data(ubo) for ubo in sorted(ubos, key=lambda ubo: ubo.email_key)],
    }
    text = json.dumps(content, default=_plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return keyed_digest("submission", text.encode())


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        # 60, 60.0 and 60.0000 are one share, before the database rounded it and after.
        return format(value.normalize(), "f")
    raise TypeError(f"no canonical form for {type(value).__name__}")
