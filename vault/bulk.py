"""Many rows at once, stored as the ORM would store them: sealed fields sealed, defaults filled in.

PostgreSQL takes them by COPY, SQLite by executemany; either way on Django's own connection, inside the
caller's transaction.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models.base import ModelState

from vault.fields import EncryptedTextField, seal_row

# Stored by both databases just as Python holds them.
_AS_IT_IS = (models.CharField, models.TextField, models.BooleanField, models.IntegerField)
# What psycopg writes for itself.
_KNOWN_TO_PSYCOPG = (
    *_AS_IT_IS,
    models.BinaryField,
    models.DateField,
    models.DecimalField,
)

Row = TypeVar("Row", bound=models.Model)
Convert = Callable[[Any, Any], Any]


def new_row(model: type[Row], values: dict[str, Any]) -> Row:
    """An unsaved instance that holds `values`, by column attribute, and defaults for the rest.

    What the constructor does, without asking field by field: it takes a fifth of a large import's time.
    """
    row = model.__new__(model)
    row._state = ModelState()
    plain, made = _defaults(model)
    held = row.__dict__
    held.update(plain)
    for name, make in made:
        if name not in values:
            held[name] = make()
    held.update(values)
    return row


@lru_cache(maxsize=32)
def _defaults(model: type[models.Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """The defaults that are the same for every row, and how the others are made."""
    plain, made = {}, []
    for field in model._meta.concrete_fields:
        if field.has_default() and callable(field.default):
            made.append((field.attname, field.default))
        else:
            # A choice is its own type, which the database's library would have to look up each time.
            value = field.get_default()
            plain[field.attname] = str(value) if isinstance(value, str) else value
    return plain, made


def write_rows(model: type[models.Model], instances: Sequence[models.Model]) -> None:
    """Insert new `instances` of one model. Must run in a transaction; raises Django's IntegrityError."""
    if not instances:
        return
    transaction.get_connection().validate_no_broken_transaction()
    assert connection.in_atomic_block, "rows are written in a transaction"
    plan = _plan(model, connection.vendor)
    columns = ", ".join(connection.ops.quote_name(column) for column, _, _ in plan)
    table = connection.ops.quote_name(model._meta.db_table)
    held = itemgetter(*(attname for _, attname, _ in plan))
    steps = [
        (place, attname, convert) for place, (_, attname, convert) in enumerate(plan) if convert is not None
    ]
    sealed = [field for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]
    sealed_places = [model._meta.concrete_fields.index(field) for field in sealed]

    def row_of(instance: models.Model) -> list[Any]:
        values = instance.__dict__
        row = list(held(values))
        for place, attname, convert in steps:
            row[place] = convert(instance, values[attname])
        if sealed:
            for place, value in zip(sealed_places, seal_row(instance, sealed), strict=True):
                row[place] = value
        return row

    rows = map(row_of, instances)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(plan))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", list(rows))  # noqa: S608
    for instance in instances:
        instance._state.adding = False
        instance._state.db = connection.alias


@lru_cache(maxsize=32)
def _plan(model: type[models.Model], vendor: str) -> list[tuple[str, str, Convert | None]]:
    """For each column: its name, the attribute that holds it, and what makes the one of the other."""
    return [
        (field.column or "", field.attname, _converter(field, vendor))
        for field in model._meta.concrete_fields
    ]


def _sealed_later(_instance: Any, _value: Any) -> None:
    """A row's sealed columns are filled in together; no plain value stands in their place till then."""


def _converter(field: models.Field, vendor: str) -> Convert | None:
    if isinstance(field, EncryptedTextField):
        return _sealed_later
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    if isinstance(target, models.DateField | models.DateTimeField) and getattr(target, "auto_now_add", False):
        raise TypeError(f"{field.name} fills itself in, which rows written in bulk do not")
    if isinstance(target, models.JSONField):
        encode = (target.encoder or json.JSONEncoder)().encode
        return lambda _instance, value: None if value is None else encode(value)
    if vendor == "postgresql" and isinstance(target, models.UUIDField):
        # An id stands in several rows of a batch, and psycopg writes it more slowly.
        text = lru_cache(maxsize=4096)(str)
        return lambda _instance, value: None if value is None else text(value)
    if vendor == "postgresql" and isinstance(target, models.DateTimeField):
        # A batch's rows mostly have one time.
        written = lru_cache(maxsize=64)(datetime.datetime.isoformat)
        return lambda _instance, value: None if value is None else written(value)
    if isinstance(target, _KNOWN_TO_PSYCOPG if vendor == "postgresql" else _AS_IT_IS):
        return None
    return lambda _instance, value: field.get_db_prep_save(value, connection)
