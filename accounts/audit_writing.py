"""How audit rows get into the database: many by COPY, a few by one prepared statement each."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections

from accounts.audit_rows import AuditEntry, CanonicalJSON
from vault.bulk import write_rows, write_values

# Up to so many rows are written one by one; more go in bulk.
A_FEW = 3

_json = CanonicalJSON().encode
_COLUMNS = (
    "at", "actor_id", "roles", "action", "outcome", "channel", "request_id", "merchant_uid", "subject_type",
    "subject_id", "customer_id", "reason", "details", "changes",
)  # fmt: skip
_INSERT = (
    f"INSERT INTO {AuditEntry._meta.db_table} ({', '.join(_COLUMNS)}) "  # noqa: S608 - names of columns
    f"VALUES ({', '.join(['%s'] * len(_COLUMNS))})"
)


def write_entries(rows: Sequence[AuditEntry]) -> None:
    """Insert new rows in the caller's transaction."""
    if len(rows) > A_FEW:
        write_rows(AuditEntry, rows)
        return
    connection = connections[DEFAULT_DB_ALIAS]
    insert = _by_prepared_statement if connection.vendor == "postgresql" else _by_hand
    for row in rows:
        insert(connection, row)
        row._state.adding, row._state.db = False, connection.alias


def write_alike(common: AuditEntry, of: Iterable[tuple[str, UUID, dict[str, Any]]]) -> None:
    """Insert `common` once for each (merchant's uid, customer, details), in the caller's transaction."""
    differing = ("merchant_uid", "subject_id", "customer_id", "details")
    shared = [name for name in _COLUMNS if name not in differing]
    values = tuple(getattr(common, name) for name in shared)
    rows = ((*values, merchant, customer, customer, details) for merchant, customer, details in of)
    write_values(AuditEntry, (*shared, *differing), rows)


def statement_of(row: AuditEntry) -> tuple[str, tuple[object, ...]]:
    """The INSERT of one row and its parameters by place (`%s`), for who writes it with other statements."""
    connection = connections[DEFAULT_DB_ALIAS]
    return _INSERT, _worded(connection, row)


def _by_prepared_statement(connection: Any, row: AuditEntry) -> None:
    """Straight on the driver, bound on the server: delivery writes a row or two after each call, and Django's
    wrappers cost as much again as the insert does."""
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, _binding_cursor()(connection.connection) as cursor:
        cursor.execute(_INSERT, _worded(connection, row), prepare=True)


def _by_hand(connection: Any, row: AuditEntry) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, _worded(connection, row))


def _worded(connection: Any, row: AuditEntry) -> tuple:
    """The row's values as the database's driver takes them."""
    ids = (row.actor_id, row.subject_id, row.customer_id)
    if connection.features.has_native_uuid_field:
        return _values(row, row.at, *ids)
    at = connection.ops.adapt_datetimefield_value(row.at)
    return _values(row, at, *(one.hex if one else None for one in ids))


def _values(row: AuditEntry, at: object, actor: object, subject: object, customer: object) -> tuple:
    return (
        *(at, actor, row.roles, row.action, str(row.outcome), row.channel, row.request_id),
        *(row.merchant_uid, row.subject_type, subject, customer, row.reason),
        *(_json(row.details), _json(row.changes)),
    )


@cache
def _binding_cursor() -> Any:
    """The driver's own cursor: binds on the server, where the statement is planned once."""
    from psycopg import Cursor

    return Cursor
