"""The one way to write down what was done."""

import datetime
import json
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry, User
from vault.bulk import new_row, write_rows

# Up to so many rows are written one by one; more go in bulk.
A_FEW = 3


def entry(
    *,
    actor: User,
    action: str,
    subject_type: str,
    subject_id: UUID | None,
    customer_id: UUID | None = None,
    merchant_uid: str = "",
    reason: str = "",
    at: datetime.datetime | None = None,
    details: dict[str, Any] | None = None,
) -> AuditEntry:
    """An audit row, not saved yet. `action` is a name of `accounts.policy.ACTIONS` or `<subject>.<event>`;
    `details` holds ids, codes, counts and names of fields, never personal data."""
    row = new_row(
        AuditEntry,
        {
            "at": at or timezone.now(),
            "actor_id": actor.pk,
            "action": action,
            "merchant_uid": merchant_uid,
            "subject_type": subject_type,
            "subject_id": subject_id,
            "customer_id": customer_id,
            "reason": reason,
            "details": details or {},
        },
    )
    row._state.fields_cache["actor"] = actor
    return row


def record(**fields: Any) -> AuditEntry:
    """Write one entry (the arguments of `entry`), in the caller's transaction."""
    row = entry(**fields)
    row.save(force_insert=True)
    return row


def record_many(entries: Iterable[AuditEntry]) -> None:
    """Write many entries, in the caller's transaction."""
    rows = list(entries)
    if len(rows) > A_FEW:
        write_rows(AuditEntry, rows)
        return
    # Delivery writes one or two after each call: a COPY, or what the ORM does, costs several times as much.
    native, adapt = connection.features.has_native_uuid_field, connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        for row in rows:
            ids = (row.pk, row.actor_id, row.subject_id, row.customer_id)
            pk, actor, subject, customer = (
                one if native or one is None else one.hex for one in cast(tuple[UUID | None, ...], ids)
            )
            cursor.execute(
                "INSERT INTO accounts_auditentry (id, at, actor_id, action, merchant_uid, subject_type, "
                "subject_id, customer_id, reason, details) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    *(pk, adapt(row.at), actor, row.action, row.merchant_uid, row.subject_type),
                    *(subject, customer, row.reason, json.dumps(row.details)),
                ),
            )
            row._state.adding, row._state.db = False, connection.alias
