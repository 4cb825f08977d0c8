"""Reading single values out of answers that may differ from the documents: lenient, never guessing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

_LIST_WRAPPERS = (
    "data",
    "customers",
    "merchants",
    "payments",
    "payment_references",
    "items",
    "results",
    "rows",
)
# By what the object itself is known by. A payment reference's customer has an id too: that is no wrapper.
_OBJECT_WRAPPERS = {
    "uid": ("data", "customer", "merchant", "result"),
    "id": ("data", "payment", "payment_reference", "result"),
}


def list_of(document: object) -> list | None:
    """The list that a list answer is, or wraps; None where there is none."""
    if isinstance(document, list):
        return document
    if isinstance(document, Mapping):
        return next((document[key] for key in _LIST_WRAPPERS if isinstance(document.get(key), list)), None)
    return None


def object_of(document: object, name: str = "uid") -> Mapping | None:
    """The object that an answer is, or wraps; None where there is none. `name`: uid or id, which it has."""
    if not isinstance(document, Mapping):
        return None
    if name not in document:
        for key in _OBJECT_WRAPPERS[name]:
            if isinstance(document.get(key), Mapping):
                return document[key]
    return document


def uid_of(row: object, *names: str) -> str | None:
    """The uid under the first of `names` (default `uid`) that holds one, as text: an opaque identifier."""
    if not isinstance(row, Mapping):
        return None
    return next((text for name in names or ("uid",) if (text := text_of(row, name))), None)


def text_of(row: Mapping, name: str) -> str | None:
    """The value as text; numbers become text; None where it is missing, blank or no plain value."""
    value = row.get(name)
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def first_object(row: Mapping, *names: str) -> Mapping:
    """The first of `names` that holds an object or a list that begins with one; else an empty one."""
    for name in names:
        value = row.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, Mapping):
            return value
    return {}


def moment_of(row: Mapping, name: str) -> datetime | None:
    """An ISO 8601 time, aware (UTC where no offset is given); None where it can't be read."""
    text = text_of(row, name)
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def count_of(text: str | None) -> int | None:
    """A pagination header's number; None where it is missing or none."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
