"""The audit rows of a customer in plain words."""

import datetime
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditEntry

SHOWN_MAX = 60

_WORDS = {
    "customer.register": gettext_lazy("Registered"),
    "customer.change": gettext_lazy("Data changed"),
    "customer.submit": gettext_lazy("Submitted to the exchange"),
    "customer.thaw": gettext_lazy("Opened for changes again"),
    "customer.created_at_exchange": gettext_lazy("Created at the exchange"),
    "customer.verdict": gettext_lazy("The exchange decided"),
    "document.add": gettext_lazy("Document handed in"),
    "document.sent": gettext_lazy("Document sent"),
    "document.download": gettext_lazy("Document downloaded"),
    "document.waive": gettext_lazy("Document waived"),
    "warning.accept": gettext_lazy("Warning accepted"),
    "intent.retry": gettext_lazy("Sent again"),
    "intent.look": gettext_lazy("Looked for at the exchange again"),
    "intent.hold": gettext_lazy("Held back, or let go"),
    "intent.give_up": gettext_lazy("Given up"),
    "intent.acknowledge": gettext_lazy("Marked as dealt with"),
}


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
    alike = groupby(entries[:SHOWN_MAX], key=lambda entry: (entry.action, entry.actor_id, entry.reason))
    return [_event(list(group)) for _key, group in alike]


def _event(entries: list[AuditEntry]) -> Event:
    last = entries[0]
    what = _what(last.action) if len(entries) == 1 else f"{_what(last.action)} ×{len(entries)}"
    about = dict.fromkeys(_about(entry.details) for entry in reversed(entries))
    return Event(last.at, what, ", ".join(text for text in about if text), _who(last), last.reason)


def _what(action: str) -> str:
    """The action in words; one that has none here is shown by its name."""
    return str(_WORDS.get(action, action))


def _about(details: dict) -> str:
    shown = (details.get(name) for name in ("doc_type", "code", "kyc_status", "stage"))
    return ", ".join(str(value) for value in shown if value)


def _who(entry: AuditEntry) -> str:
    return _("the portal itself") if entry.actor.is_machine else str(entry.actor)
