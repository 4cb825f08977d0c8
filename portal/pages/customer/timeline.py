"""The audit rows of a customer in plain words."""

import datetime
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.audit_rows import AuditEntry, Outcome
from portal.pages.audit.words import in_words, reason_in_words, who

SHOWN_MAX = 60


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime.datetime
    what: str
    about: str
    who: str
    reason: str


def timeline_of(customer_id: UUID) -> list[Event]:
    """What was done about a customer, the newest first, made of at most 60 rows.

    What one person did alike several times in a row is told once.
    """
    entries = (
        AuditEntry.objects.filter(customer_id=customer_id).select_related("actor").order_by("-at", "-pk")
    )
    alike = groupby(
        entries[:SHOWN_MAX], key=lambda entry: (entry.action, entry.outcome, entry.actor_id, entry.reason)
    )
    return [_event(list(group)) for _key, group in alike]


def _event(entries: list[AuditEntry]) -> Event:
    last = entries[0]
    what = in_words(last.action) if len(entries) == 1 else f"{in_words(last.action)} ×{len(entries)}"
    if last.outcome == Outcome.REFUSED:
        what = _("Refused: %(what)s") % {"what": what}
    about = dict.fromkeys(_about(entry) for entry in reversed(entries))
    return Event(last.at, what, ", ".join(text for text in about if text), who(last), reason_in_words(last))


def _about(entry: AuditEntry) -> str:
    shown = [entry.details.get(name) for name in ("doc_type", "code", "field")]
    if entry.action == "customer.verdict":
        shown += [entry.changes[name][1] for name in ("kyc_status", "stage") if name in entry.changes]
    # A verdict and the stage that it leads to may be the same word.
    return ", ".join(dict.fromkeys(str(value) for value in shown if value))
