"""Who a row is about: its `entity_type` and the operator's `reference`, by their shape alone."""

from __future__ import annotations

from collections.abc import Mapping

from customers.rules.choices import one_of
from customers.rules.reading import FieldRow, Reading
from customers.rules.text import REFERENCE_MAX, text_of

ENTITY_TYPES = ("individual", "business")
_ENTITY_TYPE: tuple[FieldRow, ...] = (("entity_type", one_of(ENTITY_TYPES), True, ""),)
_REFERENCE: tuple[FieldRow, ...] = (("reference", text_of(REFERENCE_MAX), False, ""),)


def read_entity_type(raw: Mapping[str, object]) -> Reading:
    """`values["entity_type"]` is "individual" or "business"; absent where it is missing or neither."""
    reading = Reading()
    reading.read(raw, _ENTITY_TYPE)
    return reading


def read_reference(raw: Mapping[str, object]) -> Reading:
    """`values["reference"]` is stripped text of at most 100 characters, "" where none was given."""
    reading = Reading()
    reading.read(raw, _REFERENCE)
    return reading
