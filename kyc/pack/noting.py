"""The audit row of a handed-in pack, one for each run: who handed it in, and what came of it."""

from accounts import audit
from accounts.audit_rows import Outcome
from accounts.models import User
from kyc.pack.tally import Tally

# Not what the rows hold, nor the pack's name: both may be anybody's.
_COUNTS = (
    "accepted", "already_there", "updated", "rejected", "strays", "frozen", "held", "incomplete", "own",
    "turned_down", "submitted", "documents", "warnings_accepted", "warnings_proposed",
)  # fmt: skip


def note_imported(tally: Tally, *, actor: User) -> None:
    """The pack was read to its end. Its rows have entries of their own."""
    counts = {name: count for name in _COUNTS if (count := getattr(tally, name))}
    audit.record(
        actor=actor, action="pack.import", subject_type="pack", subject_id=None, details={"counts": counts}
    )


def note_refused(*, actor: User) -> None:
    """The pack as a whole could not be used, and nothing was changed."""
    audit.record(
        actor=actor,
        action="pack.import",
        subject_type="pack",
        subject_id=None,
        reason="unreadable",
        outcome=Outcome.REFUSED.value,
    )
