"""The keyed indexes of people: what is written with a row, what is looked for. See `vault.index_versions`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from customers.models import Customer, Ubo
from vault.index_versions import Writing
from vault.indexes import keyed_index, keyed_indexes, number_index, number_indexes
from vault.keys import keyring

Keys = tuple[str, ...]

PHONE, ID_NUMBER = "phone_index", "id_number_index"
INDEXES = (PHONE, ID_NUMBER)


def indexes_of(phone: str, id_number: str, version: int) -> dict[str, str]:
    """By column, under one version of PORTAL_KEYS."""
    return {
        PHONE: keyed_index("phone", phone, version),
        ID_NUMBER: number_index("id_number", id_number, version),
    }


def first_indexes(values: Mapping[str, object]) -> dict[str, str]:
    """The same under the lowest listed version, of cleaned values, before a transaction is there to ask."""
    return indexes_of(str(values.get("phone_number", "")), str(values.get("id_number", "")), keyring().oldest)


def index_people(people: Iterable[Customer | Ubo], now: Writing) -> None:
    """Index rows that are about to be written, which have their `first_indexes`, as this transaction must."""
    are_right = now.version == keyring().oldest
    for person in people:
        person.index_version = now.mark
        if not are_right:
            person.__dict__.update(indexes_of(person.phone_number, person.id_number, now.version))


def keys_to_find(values: Mapping[str, object]) -> tuple[Keys, Keys]:
    """What to look for of cleaned values that have their `first_indexes`: phone and ID number."""
    if len(keyring().versions) == 1:
        return _given(str(values[PHONE])), _given(str(values[ID_NUMBER]))
    return _under_all(str(values.get("phone_number", "")), str(values.get("id_number", "")))


def keys_of_record(person: Customer | Ubo) -> tuple[Keys, Keys]:
    """The same of a stored row. What has no index is not opened: it may be erased."""
    if len(keyring().versions) == 1:
        return _given(person.phone_index), _given(person.id_number_index)
    phone = person.phone_number if person.phone_index else ""
    return _under_all(phone, person.id_number if person.id_number_index else "")


def _under_all(phone: str, id_number: str) -> tuple[Keys, Keys]:
    return keyed_indexes("phone", phone), number_indexes("id_number", id_number)


def _given(index: str) -> Keys:
    return (index,) if index else ()
