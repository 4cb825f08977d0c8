"""What a field was before and is now, as the audit trail may hold it: personal data masked.

What is masked keeps a digest, so that one can see that a value came back, or that two changes were the same.
A customer's is keyed with the customer's own key: with the key, it says nothing any more.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Container, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from vault.indexes import keyed_digest
from vault.masking import MASK

# Digits of a digest: enough to tell two values of one field apart, too few to be worth anything else.
DIGEST_DIGITS = 8
# The name of a field and the text in it, to a digest.
Digest = Callable[[str, bytes], str]


class Kind(Enum):
    """How a field's value is written down."""

    SHOWN = "as it is: states, flags, numbers, choices of closed lists, ids"
    HIDDEN = "that it is there, and a digest"
    TEXT = "that it is there, and how long it is: what people wrote in their own words"


def portals_digest(field: str, text: bytes) -> str:
    """For what belongs to no customer: keyed with the portal's key."""
    return keyed_digest(f"audit/{field}", text)


def changes(
    pairs: Mapping[str, tuple[Any, Any]],
    *,
    shown: Container[str] = (),
    texts: Container[str] = (),
    digest: Digest = portals_digest,
) -> dict[str, tuple[Any, Any]]:
    """`pairs`: what each field was and is. Masked unless the name, or its last part after a dot, is in
    `shown`."""

    def kind_of(name: str) -> Kind:
        last = name.rpartition(".")[2]
        if last in texts:
            return Kind.TEXT
        return Kind.SHOWN if last in shown else Kind.HIDDEN

    return {
        name: (mask(kind_of(name), name, was, digest), mask(kind_of(name), name, now, digest))
        for name, (was, now) in pairs.items()
    }


def mask(kind: Kind, field: str, value: Any, digest: Digest = portals_digest) -> Any:
    """The value as it may be written down; what is empty stays as it is, for that is no secret."""
    plain = _plain(value)
    if plain in (None, "") or kind is Kind.SHOWN:
        return plain
    if kind is Kind.TEXT:
        return f"{MASK} ({len(str(plain))})"
    return f"{MASK} ~{digest(field, str(plain).encode())[:DIGEST_DIGITS]}"


def _plain(value: Any) -> Any:
    """As JSON holds it."""
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, UUID) or (isinstance(value, str) and type(value) is not str):
        return str(value)
    return value
