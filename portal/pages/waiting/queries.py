"""What waits for staff, customer by customer: all that one waits for stands together, on a page by key."""

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from accounts.models import User
from customers.choices import Stage
from customers.makers import own_of
from customers.models import Customer, Ubo
from exchange.outbox.choices import Reason, Topic
from exchange.outbox.queries import waiting_for_staff
from kyc.models import Document
from kyc.scanning.rescanning import waiting_for_scanner
from portal.pages.customer.sent import SentIntent, described, titles_of
from portal.pages.drafts import LookedAt, newest_drafts, open_warnings
from portal.pages.paging import PAGE_SIZE, Place, take_page
from portal.pages.proposals.queries import Decided, Proposed, decided_for, proposals_for
from portal.pages.standing import standing_of
from portal.pages.waiting.kinds import (
    Kind,
    WaitingCounts,
    count_waiting,
    of_kind,
    rejected_here,
    with_the_outbox,
)
from portal.pages.whose_move import requirements_for_list

UNSCANNED_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is narrowed to. `kind`: one of `Kind`, "" for all; `topic`, `reason`: of the outbox's."""

    kind: str = ""
    topic: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a page begins: within a kind, after a customer (None: with its first)."""

    kind: Kind
    after: Place | None = None

    @classmethod
    def read(cls, text: str) -> "Start | None":
        """What `str(start)` wrote; None for anything else, which means the first page."""
        kind, _, place = text.partition(".")
        return cls(Kind(kind), Place.read(place)) if kind in Kind.values else None

    def __str__(self) -> str:
        return f"{self.kind.value}.{self.after or ''}"


@dataclass(slots=True)
class Matter:
    """What waits for one reason: in plain words what happened, what to do, and each thing that waits."""

    title: str
    remedy: str
    how: str
    items: list[SentIntent] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A warning to judge. `whose`: the beneficial owner it is about, by name; "" for the customer itself."""

    title: str
    whose: str


@dataclass(slots=True)
class Entry:
    """One customer and everything that it waits for. `may_retry`: how many things can be sent again.
    `is_own`: the reader had a hand in it, so that somebody else submits it."""

    customer: Customer
    matters: list[Matter] = field(default_factory=list)
    warnings: list[Doubt] = field(default_factory=list)
    is_own: bool = False

    @property
    def may_retry(self) -> int:
        return sum(item.may_retry for matter in self.matters for item in matter.items)

    @property
    def is_ready(self) -> bool:
        return self.customer.stage == Stage.COMPLETE and self.customer.is_editable

    @property
    def is_rejected(self) -> bool:
        return self.customer.stage == Stage.REJECTED


@dataclass(slots=True)
class Section:
    """The customers of one kind on this page; `count` is of all pages."""

    kind: Kind
    count: int
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Waiting:
    proposals: list[Proposed]
    proposal_count: int
    decided: list[Decided]
    sections: list[Section]
    counts: WaitingCounts
    next: Start | None
    drafts_looked_at: int
    has_more_drafts: bool
    # A scanner that answers takes minutes at most: what stands here for longer is a matter for who runs it.
    unscanned: list[Customer]
    unscanned_count: int

    @property
    def is_empty(self) -> bool:
        return not self.proposals and self.counts.total == 0 and self.unscanned_count == 0


def waiting(
    *, user: User, today: datetime.date, asked: Asked | None = None, start: Start | None = None
) -> Waiting:
    """What waits for staff among what `user` may see, a page of it, in a fixed number of queries."""
    asked = asked or Asked()
    customers = Customer.objects.visible_to(user).going_on().select_related("merchant")
    drafts = newest_drafts(customers, today=today)
    standing = standing_of(customers)
    rejected = rejected_here(customers, standing)
    counts = count_waiting(customers, user, standing, rejected, drafts.doubted)
    shown, following = _page(user, customers, asked, start, counts, drafts)
    on_page = [customer for _kind, _count, rows in shown for customer in rows]
    entries = _entries(on_page, drafts, user, today)
    proposals, proposal_count = proposals_for(user)
    held = Document.objects.filter(waiting_for_scanner()).values("customer")
    unscanned = customers.filter(pk__in=held)
    return Waiting(
        proposals=proposals,
        proposal_count=proposal_count,
        decided=decided_for(user),
        sections=[
            Section(kind, count, [entries[customer.pk] for customer in rows]) for kind, count, rows in shown
        ],
        counts=counts,
        next=following,
        drafts_looked_at=len(drafts.drafts),
        has_more_drafts=drafts.has_more,
        unscanned=list(unscanned.order_by("created_at", "pk")[:UNSCANNED_SHOWN]),
        unscanned_count=unscanned.count(),
    )


def _page(
    user: User, customers, asked: Asked, start: Start | None, counts: WaitingCounts, drafts: LookedAt
) -> tuple[list[tuple[Kind, int, list[Customer]]], Start | None]:
    """The customers of one page by kind, each with how many there are of it on all pages and within it the
    newest first; and where the next page begins."""
    kinds = [kind for kind in Kind if counts.of(kind) and asked.kind in ("", kind)]
    if start is not None:
        kinds = [kind for kind in kinds if list(Kind).index(kind) >= list(Kind).index(start.kind)]
    shown: list[tuple[Kind, int, list[Customer]]] = []
    left = PAGE_SIZE
    for kind in kinds:
        if left == 0:
            return shown, Start(kind)
        found, count = of_kind(kind, customers, user, drafts.doubted), counts.of(kind)
        if kind == Kind.OUTBOX and (asked.reason or asked.topic):
            found = with_the_outbox(customers, user, asked.reason, asked.topic)
            count = found.count()
        after = start.after if start is not None and start.kind == kind else None
        page = take_page(found, after=after, size=left)
        if page.rows:
            shown.append((kind, count, page.rows))
        if page.next:
            return shown, Start(kind, page.next)
        left -= len(page.rows)
    return shown, None


def _entries(
    customers: Sequence[Customer], drafts: LookedAt, user: User, today: datetime.date
) -> dict[UUID, Entry]:
    # Only drafts have warnings to judge, and the newest were looked at already.
    others = [row for row in customers if row.stage == Stage.DRAFT and row.pk not in drafts.requirements]
    requirements = drafts.requirements | (requirements_for_list(others, today=today) if others else {})
    entries = {customer.pk: Entry(customer) for customer in customers}
    names = _owners_by_name(customers)
    for pk, entry in entries.items():
        for row in open_warnings(requirements.get(pk, ())):
            entry.warnings.append(Doubt(row.title, names.get((pk, row.subject.partition("/")[0]), "")))
    for pk in own_of([entry.customer for entry in entries.values() if entry.is_ready], user):
        entries[pk].is_own = True
    intents = list(waiting_for_staff().filter(lane_id__in=list(entries)).order_by("position", "updated_ms"))
    titles = titles_of(intents, user)
    matters: dict[UUID, dict[tuple[str, str], Matter]] = defaultdict(dict)
    for intent in intents:
        entry = entries[intent.lane_id]
        sent = described(intent, titles.get(intent.subject_id, ""), entry.customer, user=user)
        # What is to be done about one reason may differ by what waits for it.
        of_reason, key = matters[intent.lane_id], (intent.reason, sent.remedy)
        if key not in of_reason:
            of_reason[key] = Matter(sent.reason or sent.label, sent.remedy, sent.how)
            entry.matters.append(of_reason[key])
        of_reason[key].items.append(sent)
    return entries


def _owners_by_name(customers: Sequence[Customer]) -> dict[tuple[UUID, str], str]:
    """The names of the beneficial owners, by customer and by the subject of what is doubted about them."""
    drafts = [row.pk for row in customers if row.stage == Stage.DRAFT and row.is_business]
    rows = Ubo.objects.filter(customer__in=drafts).values_list("customer", "email", "first_name", "last_name")
    return {(pk, f"ubo:{email}"): f"{first} {last}".strip() for pk, email, first, last in rows}


def what_waits(topic: str, reason: str) -> str:
    """Why things of one topic wait, in words; of a topic nobody knows, the reason alone."""
    why = str(Reason(reason).label) if reason in Reason.values else reason
    return f"{Topic(topic).label}: {why}" if topic in Topic.values else why
