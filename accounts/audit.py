"""The one way to write down what was done."""

import datetime
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import AuditEntry, User
from vault.bulk import new_row, write_rows


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
    write_rows(AuditEntry, list(entries))
