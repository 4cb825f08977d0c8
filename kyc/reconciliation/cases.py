"""What of a merchant is being looked for, read for all of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from customers.choices import Origin
from customers.models import BusinessProfile, Customer
from exchange.client import CustomerRow
from exchange.outbox.choices import LOOKS_FIRST, IntentState, Reason, Topic
from exchange.outbox.database import now_ms
from exchange.outbox.enqueueing import in_chunks
from exchange.outbox.looks import Case
from exchange.outbox.models import Attempt, Intent
from kyc.reconciliation.matching import Mark, Told, references_in, tokens_in

_TAKEN = (Reason.EMAIL_TAKEN_ELSEWHERE, Reason.UBO_EMAIL_TAKEN)


@dataclass(slots=True)
class UnknownCreate:
    """One create that is looked for: its intent, its customer, and the case as the decision sees it."""

    intent: Intent
    customer: Customer
    mark: Mark
    case: Case


def unknown_creates(merchant_uid: str) -> list[UnknownCreate]:
    """Every create of the merchant whose outcome is looked for, due now or later; three queries."""
    intents = list(
        Intent.objects.filter(
            merchant_uid=merchant_uid,
            topic=Topic.CREATE,
            state=IntentState.UNKNOWN,
            look_ms__isnull=False,
        )
    )
    customers: dict[UUID, Customer] = {}
    doubtful: set[UUID] = set()
    for chunk in in_chunks([intent.subject_id for intent in intents]):
        customers |= Customer.objects.select_related("merchant").in_bulk(chunk)
        # Of every generation: what an earlier one sent may have arrived too.
        doubtful |= set(
            Attempt.objects.filter(
                intent__subject_id__in=chunk, intent__topic=Topic.CREATE, outcome="unknown"
            ).values_list("intent__subject_id", flat=True)
        )
    gone = [intent for intent in intents if intent.subject_id not in customers]
    for intent in gone:
        # Nobody is left to look for; an account there would show as an orphan.
        Intent.objects.filter(pk=intent.pk, state=IntentState.UNKNOWN).update(
            state=IntentState.GIVEN_UP, error_code="customer_gone", look_ms=None, done_ms=now_ms()
        )
    return [
        UnknownCreate(
            intent=intent,
            customer=customer,
            mark=Mark(customer.token, customer.reference),
            case=_case(intent, intent.subject_id in doubtful),
        )
        for intent in intents
        if (customer := customers.get(intent.subject_id)) is not None
    ]


def _case(intent: Intent, had_unknown: bool) -> Case:
    is_taken = intent.reason in _TAKEN
    return Case(
        unknown_ms=intent.unknown_ms or intent.updated_ms,
        clean_ms=intent.clean_ms,
        rounds=intent.unknown_tries,
        had_unknown=had_unknown,
        is_taken=is_taken,
        taken_reason=intent.reason if is_taken else Reason.EMAIL_TAKEN_ELSEWHERE.value,
        looks_first=intent.error_code == LOOKS_FIRST,
    )


def told_of(customer: Customer) -> Told:
    """What the exchange was told of the customer; decrypts, so asked for only where a row was found."""
    if customer.is_business:
        profile = BusinessProfile.objects.get(pk=customer.pk)
        return Told(
            "business",
            email=customer.email,
            company_name=profile.company_name,
            registration_number=profile.registration_number,
        )
    return Told(
        "individual",
        email=customer.email,
        first_name=customer.first_name,
        last_name=customer.last_name,
        dob=customer.dob.isoformat() if customer.dob else "",
    )


@dataclass(slots=True)
class Known:
    """What we know about the rows of a list. `bound`: uid -> mark of the customer here that has it.
    `tokens`, `references`: those in the rows that belong to any customer here. `taken_in`: the uids of bound
    rows that somebody else made, which were never told of any mark."""

    bound: dict[str, Mark]
    tokens: set[str]
    references: set[str]
    taken_in: set[str] = field(default_factory=set)


def known_of(rows: Sequence[CustomerRow]) -> Known:
    """Three queries a chunk, whoever's merchant the customers are: the own list names everybody's."""
    known = Known({}, set(), set())
    for chunk in in_chunks(rows):
        found = Customer.objects.filter(uid__in=[row.uid for row in chunk])
        for uid, token, reference, origin in found.values_list("uid", "token", "reference", "origin"):
            known.bound[uid or ""] = Mark(token, reference)
            if origin == Origin.EXCHANGE:
                known.taken_in.add(uid or "")
        known.tokens |= _held("token", {token for row in chunk for token in tokens_in(row)})
        known.references |= _held("reference", {name for row in chunk for name in references_in(row)})
    return known


def _held(field: str, values: Iterable[str]) -> set[str]:
    held: set[str] = set()
    for chunk in in_chunks(list(values)):
        held |= set(Customer.objects.filter(**{f"{field}__in": chunk}).values_list(field, flat=True))
    return held


def is_blind(rows: Iterable[CustomerRow], known: Known) -> bool:
    """Whether the list can't prove absence: rows that we certainly made carry neither token nor reference,
    and some row that nobody here has could be the one that is looked for. What was taken in says nothing of
    what the exchange echoes: whoever made it told it no mark of ours."""
    echoes_nothing = any_stranger = False
    for row in rows:
        mark = known.bound.get(row.uid)
        tokens, references = tokens_in(row), references_in(row)
        if mark is not None:
            is_ours = row.uid not in known.taken_in
            echoes_nothing |= is_ours and mark.token not in tokens and mark.reference not in references
        elif not tokens & known.tokens and not references & known.references:
            any_stranger = True
    return echoes_nothing and any_stranger
