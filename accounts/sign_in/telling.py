"""What the audit trail is told about signing in: never an address, an e-mail or a code in clear."""

from typing import Any

from accounts import audit
from accounts.audit_rows import Outcome
from accounts.models import User
from vault.indexes import lasting_index

# Enough to see that two entries speak of the same.
PSEUDONYM_DIGITS = 12


def tell(
    action: str, about: User | None, *, actor: User | None = None, reason: str = "", **details: Any
) -> None:
    """Something was done about that person's way in: by themselves, unless `actor` is somebody else. In the
    caller's transaction."""
    _record(action, actor or about, about, Outcome.DONE, details, reason)


def tell_refused(action: str, about: User | None, *, actor: User | None = None, **details: Any) -> None:
    """Something was refused. By nobody, unless `actor` is signed in: whoever knocks may be anybody."""
    _record(action, actor, about, Outcome.REFUSED, details)


def pseudonym(kind: str, value: str) -> str:
    """The same for the same value, and without the portal's keys nobody can tell whose it is."""
    return lasting_index(f"sign-in/{kind}", value)[:PSEUDONYM_DIGITS]


def _record(
    action: str,
    actor: User | None,
    about: User | None,
    outcome: Outcome,
    details: dict[str, Any],
    reason: str = "",
) -> None:
    audit.record(
        actor=actor,
        action=action,
        outcome=outcome.value,
        subject_type="user",
        subject_id=about.pk if about else None,
        reason=reason,
        details=details,
    )
