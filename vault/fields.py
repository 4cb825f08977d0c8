"""Model fields that the database holds sealed and Python sees plain.

A model with such fields has `vault_key() -> DataKey`; its primary key is made before the insert,
since the cell is bound to it. A value opens on first access, so a row that is only listed costs
nothing. Sealed columns can't be filtered on: look up by a keyed index (`vault.indexes`).
"""

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from vault.envelope import SEALED_HEAD, cell_name, row_cells


class Sealed(bytes):
    """Bytes as they stand in the database, not opened yet."""


def _is_sealed(value: Any) -> bool:
    return isinstance(value, bytes | memoryview) and bytes(value[: len(SEALED_HEAD)]) == SEALED_HEAD


class _SealedAttribute(DeferredAttribute):
    """Opens on first access. `__set__` makes it a data descriptor, so that access always comes here."""

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        if instance is None:
            return self
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = cast("EncryptedTextField", self.field).open_for(
                instance, value
            )
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.BinaryField):
    """Text, held sealed; empty text is held as NULL."""

    if TYPE_CHECKING:
        # Python sees what was sealed, not the column's bytes.
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

    descriptor_class = _SealedAttribute

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("null", True)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("editable", True)
        super().__init__(*args, **kwargs)

    def get_default(self) -> Any:
        return self.empty

    empty: Any = ""

    def to_bytes(self, value: Any) -> bytes:
        return str(value).encode()

    def to_value(self, plain: bytes) -> Any:
        return plain.decode()

    def cell(self, instance: models.Model) -> bytes:
        return cell_name(instance._meta.db_table, str(self.column), instance.pk)

    def open_for(self, instance: Any, sealed: bytes) -> Any:
        return self.to_value(instance.vault_key().open(self.cell(instance), bytes(sealed)))

    def seal_for(self, instance: Any, value: Any) -> bytes | None:
        """The bytes to store for a plain `value` of `instance`; None for an empty one."""
        if value is None or value == "":
            return None
        return instance.vault_key().seal(self.cell(instance), self.to_bytes(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return self.empty if value is None else Sealed(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = model_instance.__dict__.get(self.attname, self.empty)
        return value if isinstance(value, Sealed) else self.seal_for(model_instance, value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        # Only what pre_save sealed may pass: a plain value that reaches this line must not be stored.
        if value is not None and not _is_sealed(value):
            raise FieldError(f"{self.name} takes sealed bytes only; save the model instead of updating it.")
        return super().get_db_prep_value(value, connection, prepared)

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def value_to_string(self, obj: models.Model) -> str:
        raise FieldError(f"{self.name} is encrypted and is not serialised.")


def seal_row(instance: Any, fields: Sequence[EncryptedTextField]) -> tuple[bytes | None, ...]:
    """`seal_for` of several fields of one instance, from the plain values that it holds. What it holds sealed
    stays as it is."""
    values = [instance.__dict__[field.attname] for field in fields]
    row: list[bytes | None] = [value if isinstance(value, Sealed) else None for value in values]
    plain = [
        place
        for place, value in enumerate(values)
        if value is not None and value != "" and not isinstance(value, Sealed)
    ]
    if plain:
        cells = row_cells(
            instance._meta.db_table, [str(fields[place].column) for place in plain], instance.pk
        )
        texts = [fields[place].to_bytes(values[place]) for place in plain]
        sealed = instance.vault_key().seal_row(list(zip(cells, texts, strict=True)))
        for place, cell in zip(plain, sealed, strict=True):
            row[place] = cell
    return tuple(row)


class EncryptedDateField(EncryptedTextField):
    """A date, held sealed as YYYY-MM-DD; None is held as NULL."""

    empty = None

    def to_bytes(self, value: Any) -> bytes:
        return value.isoformat().encode()

    def to_value(self, plain: bytes) -> Any:
        return datetime.date.fromisoformat(plain.decode())
