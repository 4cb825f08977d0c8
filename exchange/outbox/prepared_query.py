"""Reads made for each of many lanes, worded once: the ORM takes longer to word them than to run them."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, models

from exchange.outbox.database import run, this_connection, uuid_param

Row = TypeVar("Row", bound=models.Model)
# Stands for the id while the statement is worded.
_PLACE = UUID(int=0xFEED)


class PreparedQuery(Generic[Row]):
    """The rows of one model that belong to an id.

    `make(id)` gives the queryset: filters and order, no select_related, no annotation.
    """

    def __init__(self, make: Callable[[UUID], models.QuerySet[Row]]) -> None:
        self._make = make

    def rows(self, key: UUID) -> list[Row]:
        """As the queryset's own rows would be."""
        sql, params, model, names, converters = self._plan
        connection = this_connection()
        place, value = uuid_param(_PLACE), uuid_param(key)
        found = []
        for row in run(sql, [value if param == place else param for param in params]):
            values = list(row)
            for index, functions, expression in converters:
                for convert in functions:
                    values[index] = convert(values[index], expression, connection)
            found.append(model.from_db(DEFAULT_DB_ALIAS, names, values))
        return found

    @cached_property
    def _plan(self) -> tuple[str, tuple, Any, list[str], list]:
        compiler = self._make(_PLACE).query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        columns = [column for column, _sql, _alias in compiler.select]
        converters = [
            (index, functions, expression)
            for index, (functions, expression) in compiler.get_converters(columns).items()
        ]
        return (
            sql,
            tuple(params),
            compiler.klass_info["model"],
            [column.target.attname for column in columns],
            converters,
        )
