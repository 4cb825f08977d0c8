"""Sealed values as they are shown by default: that something is held, and nothing of what it is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import models

from vault.fields import EncryptedTextField, Sealed

# The same for every value: neither its length nor a character of it is told.
MASK = "••••••"


@lru_cache(maxsize=32)
def sealed_fields(model: type[models.Model]) -> frozenset[str]:
    """The names of a model's encrypted fields."""
    return frozenset(
        field.name for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)
    )


def holds(row: models.Model, name: str) -> bool:
    """Whether something stands in an encrypted field. It is not opened to tell."""
    value: Any = row.__dict__.get(name)
    return isinstance(value, Sealed) or bool(value)


def masked(row: models.Model, name: str) -> str:
    """What is shown in place of an encrypted field's value; "" where it holds nothing."""
    return MASK if holds(row, name) else ""
