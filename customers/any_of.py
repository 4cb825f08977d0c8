"""`column__any_of=[…]`: like `__in`, with one parameter however long the list is.

A look-up of a thousand keys would otherwise be a statement of a thousand parameters, most of whose time
goes into writing and parsing it. Hand in a set: through a list, Django looks for expressions one by one.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import CharField, Lookup

_UNIT_SEPARATOR = chr(31)


@CharField.register_lookup
class AnyOf(Lookup):
    lookup_name = "any_of"

    def get_prep_lookup(self) -> list[str]:
        return [str(value) for value in self.rhs]

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (value,)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        joined = _UNIT_SEPARATOR.join(self.rhs)
        if joined and joined.count(_UNIT_SEPARATOR) == len(self.rhs) - 1:
            # One text is written and parsed in a fraction of an array's time.
            return f"{column} = ANY(string_to_array(%s, chr(31)))", [*params, joined]
        return f"{column} = ANY(%s)", [*params, self.rhs]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT value FROM json_each(%s))", [*params, json.dumps(self.rhs)]  # noqa: S608 - the column is the model's
