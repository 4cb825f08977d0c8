"""What the audit page shows: a page of entries by key, each in words, with its place in the chain."""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.audit_rows import AuditEntry, AuditLink, Outcome
from accounts.models import User
from accounts.policy import merchant_scope
from customers.models import Customer, Merchant
from portal.pages.audit.words import CHANNELS, in_words, reason_in_words, roles_in_words, told, who
from portal.pages.paging import PAGE_SIZE

# The filter's value for entries that nobody signed in stands behind.
NOBODY = "nobody"
_REQUEST_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Row:
    """One entry in words. `position`: in the chain, None while it is not sealed; `customer`: if it may be
    seen."""

    entry: AuditEntry
    what: str
    who: str
    roles: str
    way: str
    reason: str
    merchant: str
    customer: Customer | None
    facts: list[tuple[str, str]]
    changes: list[tuple[str, str, str]]
    position: int | None

    @property
    def is_refused(self) -> bool:
        return self.entry.outcome == Outcome.REFUSED


@dataclass(frozen=True, slots=True)
class Listing:
    """One page, the newest first. `next`: entries below this number follow; None: this is the last."""

    rows: list[Row]
    next: int | None


def visible_entries(user: User, action: str = "audit.view") -> QuerySet[AuditEntry]:
    """What the user may see: everything, or what belongs to the merchants that the right is held for."""
    scope = merchant_scope(user, action)
    return AuditEntry.objects.all() if scope is None else AuditEntry.objects.filter(merchant_uid__in=scope)


def matching(entries: QuerySet[AuditEntry], values: Mapping[str, str]) -> QuerySet[AuditEntry]:
    """Those that match the filters' `values` (see `AuditFilters`)."""
    if person := values.get("person"):
        entries = entries.filter(actor_id=None if person == NOBODY else UUID(person))
    what = values.get("what", "")
    if what.endswith("."):
        entries = entries.filter(action__startswith=what)
    elif what:
        entries = entries.filter(action=what)
    for name, field in (("outcome", "outcome"), ("channel", "channel"), ("merchant", "merchant_uid")):
        if value := values.get(name):
            entries = entries.filter(**{field: value})
    if since := values.get("since"):
        entries = entries.filter(at__gte=_begins(since))
    if until := values.get("until"):
        entries = entries.filter(at__lt=_begins(until) + datetime.timedelta(days=1))
    if text := values.get("q", "").strip():
        entries = entries.filter(_about(text))
    return entries


def _about(text: str) -> Q:
    """A customer by its reference, anything by its id, an entry by its number, a request by its id."""
    customer = Customer.objects.filter(reference=text).values_list("pk", flat=True).first()
    if customer is not None:
        return Q(customer_id=customer)
    if text.isascii() and text.isdigit() and len(text) < 16:
        return Q(pk=int(text))
    if _REQUEST_ID.fullmatch(text.lower()):
        return Q(request_id=text.lower())
    try:
        asked = UUID(text)
    except ValueError:
        return Q(pk__in=())
    return Q(customer_id=asked) | Q(subject_id=asked)


def list_entries(*, user: User, values: Mapping[str, str], before: int | None) -> Listing:
    """The page of entries below the number `before`. Five queries, none of them a count."""
    entries = matching(visible_entries(user), values).select_related("actor").order_by("-pk")
    if before is not None:
        entries = entries.filter(pk__lt=before)
    found = list(entries[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return Listing(_rows(shown, user), shown[-1].pk if len(found) > PAGE_SIZE else None)


def _rows(entries: Sequence[AuditEntry], user: User) -> list[Row]:
    ids = {entry.customer_id for entry in entries if entry.customer_id}
    customers = Customer.objects.visible_to(user).in_bulk(ids) if ids else {}
    uids = {entry.merchant_uid for entry in entries if entry.merchant_uid}
    merchants = dict(Merchant.objects.filter(uid__in=uids).values_list("uid", "name"))
    positions = dict(
        AuditLink.objects.filter(entry_id__in=[entry.pk for entry in entries]).values_list(
            "entry_id", "position"
        )
    )
    return [
        Row(
            entry=entry,
            what=in_words(entry.action),
            who=who(entry),
            roles=roles_in_words(entry.roles),
            way=str(CHANNELS.get(entry.channel, entry.channel)),
            reason=reason_in_words(entry),
            merchant=merchants.get(entry.merchant_uid) or entry.merchant_uid,
            customer=customers.get(entry.customer_id) if entry.customer_id else None,
            facts=[(name, told(value)) for name, value in sorted(entry.details.items()) if value != ""],
            changes=[(name, told(was), told(now)) for name, (was, now) in sorted(entry.changes.items())],
            position=positions.get(entry.pk),
        )
        for entry in entries
    ]


def _begins(day: str) -> datetime.datetime:
    """The moment at which a day of the filters begins, in the portal's time zone."""
    return timezone.make_aware(datetime.datetime.combine(datetime.date.fromisoformat(day), datetime.time.min))
