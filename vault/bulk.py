"""Many rows at once, stored as the ORM would store them: sealed fields sealed, defaults filled in.

PostgreSQL takes them by COPY, SQLite by executemany; either way on Django's own connection, inside the
caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models.base import ModelState

from vault.fields import EncryptedTextField, Sealed, seal_row

# Stored by SQLite just as Python holds them.
_AS_IT_IS = (models.CharField, models.TextField, models.BooleanField, models.IntegerField)

Row = TypeVar("Row", bound=models.Model)
Convert = Callable[[Any], Any]
# One value for each of the fields that are written, in their order.
Values = tuple[Any, ...]


def new_row(model: type[Row], values: dict[str, Any]) -> Row:
    """An unsaved instance that holds `values`, by column attribute, and defaults for the rest.

    What the constructor does, without asking field by field: it takes a fifth of a large import's time.
    """
    row = model.__new__(model)
    plain, made = _defaults(model)
    held = plain | values
    for name, make in made:
        if name not in values:
            held[name] = make()
    held["_state"] = ModelState()
    row.__dict__ = held
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
    held = [instance.__dict__ for instance in instances]
    fields = [
        field
        for field in _written(model)
        if not field.null or field.has_db_default() or _is_given(field, held)
    ]
    sealed = [field for field in fields if isinstance(field, EncryptedTextField)]
    plain = [field for field in fields if not isinstance(field, EncryptedTextField)]
    rows: Iterable[Values] = map(_getter([field.attname for field in plain]), held)
    if sealed:
        rows = (row + seal_row(one, sealed) for row, one in zip(rows, instances, strict=True))
    _insert(model, (*plain, *sealed), rows)
    for instance in instances:
        instance._state.adding = False
        instance._state.db = connection.alias


def seal_in_place(instance: models.Model) -> None:
    """Seal what an unsaved instance holds plain; read again, it opens."""
    fields = _sealed(type(instance))
    for field, cell in zip(fields, seal_row(instance, fields), strict=True):
        if cell is not None:
            instance.__dict__[field.attname] = Sealed(cell)


def write_values(model: type[models.Model], names: Sequence[str], rows: Iterable[Values]) -> None:
    """The same of bare rows: the values of `names` (column attributes), NULL in every other column.

    A model with sealed fields is not written so: its values are bound to their row.
    """
    by_name = {field.attname: field for field in _written(model)}
    fields = [by_name[name] for name in names]
    if any(isinstance(field, EncryptedTextField) for field in fields):
        raise TypeError(f"{model.__name__} has sealed fields, which rows without their keys can't hold")
    _insert(model, fields, rows)


def _insert(model: type[models.Model], fields: Sequence[models.Field], rows: Iterable[Values]) -> None:
    transaction.get_connection().validate_no_broken_transaction()
    assert connection.in_atomic_block, "rows are written in a transaction"
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    steps = [
        (place, convert)
        for place, field in enumerate(fields)
        if (convert := _converter(field, connection.vendor)) is not None
    ]
    if steps:
        rows = (_converted(row, steps) for row in rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Binary: neither side writes and reads ids, times and bytes as text.
            statement = f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)"
            with connection.wrap_database_errors, cursor.copy(statement) as copy:
                copy.set_types([_type_of(field) for field in fields])
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", list(rows))  # noqa: S608


@lru_cache(maxsize=32)
def _sealed(model: type[models.Model]) -> tuple[EncryptedTextField, ...]:
    return tuple(field for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField))


@lru_cache(maxsize=32)
def _written(model: type[models.Model]) -> tuple[models.Field, ...]:
    """The fields that we write; a key that the database counts up is its own."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    for field in fields:
        if getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False):
            raise TypeError(f"{field.name} fills itself in, which rows written in bulk do not")
    return tuple(fields)


def _is_given(field: models.Field, held: Sequence[dict[str, Any]]) -> bool:
    """Whether any row has a value for it. A column that is empty throughout is not even sent."""
    name = field.attname
    if isinstance(field, EncryptedTextField):
        return any(values[name] not in (None, "") for values in held)
    return any(values[name] is not None for values in held)


def _getter(names: Sequence[str]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    # Of a single name, itemgetter gives the bare value.
    return itemgetter(*names) if len(names) > 1 else lambda values: tuple(values[name] for name in names)


def _converted(row: Values, steps: Sequence[tuple[int, Convert]]) -> Values:
    values = list(row)
    for place, convert in steps:
        values[place] = convert(values[place])
    return tuple(values)


def _type_of(field: models.Field) -> str:
    """The type's bare name, as PostgreSQL and psycopg know it: `varchar`, `timestamp with time zone`."""
    return str(field.db_type(connection)).partition("(")[0]


def _converter(field: models.Field, vendor: str) -> Convert | None:
    """What makes a column's value of the attribute's; None where they are the same."""
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    if vendor == "postgresql":
        # psycopg knows the types that it is told; JSON needs the field's own encoder, and a whole number that
        # came as a decimal is no integer to it.
        if isinstance(target, models.JSONField):
            return _json_writer(target)
        return target.get_prep_value if isinstance(target, models.IntegerField) else None
    if isinstance(target, (*_AS_IT_IS, EncryptedTextField)):
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _json_writer(field: models.JSONField) -> Convert:
    from psycopg.types.json import Jsonb

    encode = (field.encoder or json.JSONEncoder)().encode
    before, written = None, None

    def write(value: Any) -> Any:
        # A batch's rows mostly share one value, which is spelled once.
        nonlocal before, written
        if value is None:
            return None
        if value is not before:
            before, written = value, Jsonb(encode(value), dumps=str)
        return written

    return write
