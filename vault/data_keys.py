"""A row with a data key of its own, under which what it holds is sealed."""

import uuid
from typing import Any

from django.db import models

from vault.envelope import DataKey, unwrap


class HoldsDataKey(models.Model):
    """`wrapped_key` is a column of each such model: the key, wrapped by the portal's and bound to the row."""

    wrapped_key: Any

    class Meta:
        abstract = True

    def __getstate__(self) -> dict:
        return {name: value for name, value in super().__getstate__().items() if name != "_vault_key"}

    def vault_key(self) -> DataKey:
        """This row's data key, unwrapped once per instance. Raises CannotOpen if it was destroyed."""
        key = self.__dict__.get("_vault_key")
        if key is None:
            owner = owner_of(type(self), self.pk)
            key = self.__dict__["_vault_key"] = unwrap(bytes(self.wrapped_key), owner)
        return key


def owner_of(model: type[models.Model], pk: uuid.UUID) -> str:
    """What the wrapped key of that row is bound to."""
    return f"{model._meta.db_table}:{pk}"
