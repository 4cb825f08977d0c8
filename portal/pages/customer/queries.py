"""Everything that one customer's page shows."""

import datetime
from dataclasses import dataclass, field
from uuid import UUID

from accounts.models import User
from customers.makers import own_of
from customers.models import Customer, Ubo
from kyc.doc_types import types_for
from kyc.models import AcceptedWarning, Document, Waiver
from kyc.records import load_record
from kyc.requirements import Requirement, requirements_of
from kyc.warnings import OpenWarning, judge
from portal.pages.customer.correction import doubt_about_submitting
from portal.pages.customer.facts import Group, customer_groups, facts_of, ubo_groups
from portal.pages.customer.needs import Need, needs_of
from portal.pages.customer.payments import Payment, payments_of
from portal.pages.customer.sent import Sent, sent_for
from portal.pages.customer.timeline import Event, timeline_of
from portal.pages.customer.way import Step, way_of
from portal.pages.proposals.queries import Proposed, proposals_for
from portal.pages.whose_move import Move, whose_move
from vault.envelope import CannotOpen

EVENTS_SHOWN = 8


@dataclass(slots=True)
class Papers:
    """The documents of one owner: the current ones, and under each the versions it superseded."""

    title: str
    current: list[Document] = field(default_factory=list)
    superseded: list[Document] = field(default_factory=list)


@dataclass(slots=True)
class Owner:
    ubo: Ubo
    groups: list[Group]
    papers: Papers


@dataclass(slots=True)
class CustomerPage:
    customer: Customer
    way: list[Step]
    groups: list[Group]
    owners: list[Owner]
    papers: Papers
    needs: list[Need]
    proposals: list[Proposed]
    done: list[Requirement]
    move: Move
    accepted: list[AcceptedWarning]
    waivers: list[Waiver]
    sent: Sent
    payments: list[Payment]
    events: list[Event]
    # The customer's key is gone: names and states are left, everything sealed is not.
    is_sealed_shut: bool = False

    @property
    def newest_events(self) -> list[Event]:
        return self.events[:EVENTS_SHOWN]

    @property
    def earlier_events(self) -> list[Event]:
        return self.events[EVENTS_SHOWN:]


def customer_page(customer: Customer, *, user: User, today: datetime.date) -> CustomerPage:
    """The page of `customer`, read in a fixed number of queries. `merchant` must be loaded with it."""
    record = load_record(customer)
    rows: list[Requirement] = []
    warnings: list[OpenWarning] = []
    try:
        # What is masked is not opened, so that it could be is asked for here.
        customer.vault_key()
        rows = requirements_of({customer.pk: record}, today=today)[customer.pk]
        if customer.is_editable:
            warnings = judge({customer.pk: record}, today=today)[customer.pk].warnings
        is_sealed_shut = False
    except CannotOpen:
        is_sealed_shut = True
    papers = _papers(customer, record.ubos)
    proposals, _count = proposals_for(user, customer_id=customer.pk)
    waiting = {(row.proposal.action, row.proposal.key) for row in proposals}
    sent = sent_for(customer, user=user)
    may_be_in_vain = sent.is_create_stuck and customer.is_editable and not is_sealed_shut
    doubt = doubt_about_submitting(customer) if may_be_in_vain else ""
    is_own = customer.is_editable and bool(own_of([customer], user))
    return CustomerPage(
        customer=customer,
        way=way_of(customer),
        groups=customer_groups(customer, record.profile),
        owners=[Owner(ubo, ubo_groups(ubo), papers[ubo.pk]) for ubo in record.ubos],
        papers=papers[None],
        needs=needs_of(customer, rows, warnings, record.ubos, waiting, user=user, doubt=doubt, is_own=is_own),
        proposals=proposals,
        done=[row for row in rows if row.is_done],
        move=whose_move(rows),
        accepted=list(
            AcceptedWarning.objects.filter(customer=customer)
            .select_related("accepted_by", "proposed_by")
            .order_by("-accepted_at")
        ),
        waivers=list(
            Waiver.objects.filter(customer=customer)
            .select_related("waived_by", "proposed_by")
            .order_by("-waived_at")
        ),
        sent=sent,
        # Nobody has one before the exchange verified the customer.
        payments=payments_of(customer) if customer.verdict_at else [],
        events=timeline_of(customer.pk),
        is_sealed_shut=is_sealed_shut,
    )


def _papers(customer: Customer, ubos: list[Ubo]) -> dict[UUID | None, Papers]:
    papers: dict[UUID | None, Papers] = {None: Papers(customer.display_name)}
    papers |= {ubo.pk: Papers(f"{ubo.first_name} {ubo.last_name}".strip()) for ubo in ubos}
    order = {name: place for place, name in enumerate(dict.fromkeys(_all_types()))}
    documents = Document.objects.filter(customer=customer).select_related("added_by")
    for document in sorted(
        documents, key=lambda row: (order.get(row.doc_type, 99), row.doc_type, -row.version)
    ):
        document.customer = customer
        document.number = next(iter(facts_of(document, ("doc_number",))), None)  # type: ignore[attr-defined]
        held = papers[document.ubo_id]
        (held.current if document.is_current else held.superseded).append(document)
    return papers


def _all_types() -> list[str]:
    return [name for kind in ("individual", "ubo", "business") for name in types_for(kind)]
