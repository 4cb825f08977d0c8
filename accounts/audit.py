"""The one way to write down what was done.

What was refused is noted by the policy and written by whoever stands at the edge: `accounts.audit_refusals`.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.utils import timezone

from accounts import policy
from accounts.audit_rows import AuditEntry, Outcome
from accounts.audit_writing import write_alike, write_entries
from accounts.circumstances import current
from accounts.models import User
from vault.bulk import new_row

# What each field was and is.
Changes = Mapping[str, tuple[Any, Any]]


def entry(
    *,
    actor: User | None,
    action: str,
    subject_type: str,
    subject_id: UUID | None,
    customer_id: UUID | None = None,
    merchant_uid: str = "",
    reason: str = "",
    at: datetime.datetime | None = None,
    details: dict[str, Any] | None = None,
    changes: Changes | None = None,
    outcome: str = Outcome.DONE.value,
) -> AuditEntry:
    """An audit row, not saved yet. `action` is a name of `accounts.policy.ACTIONS` or `<subject>.<event>`.

    `details` holds ids, codes, counts and names of fields; `changes` what each field was before and is now,
    as `accounts.masking.changes` masks it. Never personal data in either. `actor` None: nobody signed in.
    """
    circumstances = current()
    row = new_row(
        AuditEntry,
        {
            "at": at or timezone.now(),
            "actor_id": actor.pk if actor else None,
            "roles": ",".join(sorted(policy.roles_of(actor))),
            "action": action,
            "outcome": outcome,
            "channel": circumstances.channel.value,
            "request_id": circumstances.request_id,
            "merchant_uid": merchant_uid,
            "subject_type": subject_type,
            "subject_id": subject_id,
            "customer_id": customer_id,
            "reason": reason,
            "details": details or {},
            "changes": changes or {},
        },
    )
    row._state.fields_cache["actor"] = actor
    return row


def record(**fields: Any) -> None:
    """Write one entry (the arguments of `entry`), in the caller's transaction."""
    record_many([entry(**fields)])


def record_many(entries: Iterable[AuditEntry]) -> None:
    """Write many entries, in the caller's transaction."""
    write_entries(list(entries))


class Of(NamedTuple):
    """Whose entry it is, and what else differs between the entries of one event."""

    merchant_uid: str
    customer_id: UUID
    details: dict[str, Any]


def record_each(customers: Iterable[Of], *, actor: User | None, action: str) -> None:
    """Write one entry about each of many customers, in the caller's transaction.

    What they have in common is asked once. Hand in one and the same `details` for those who have the same.
    """
    common = entry(actor=actor, action=action, subject_type="customer", subject_id=None)
    write_alike(common, customers)
