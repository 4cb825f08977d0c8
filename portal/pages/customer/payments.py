"""The payment references of a customer: what the payer writes, and what the exchange reported about each."""

import datetime
from dataclasses import dataclass

from django.db.models import Count, Max

from customers.models import Customer
from exchange.outbox.choices import IntentState, Reason
from exchange.outbox.models import Intent
from payments.models import PaymentReference


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment reference. `label`, `tone`: how far it is, `why` only where it waits for a person.
    `events`: how many the exchange sent, the newest at `last_event`."""

    reference: PaymentReference
    label: str
    tone: str
    why: str
    intent: Intent | None
    events: int
    last_event: datetime.datetime | None


def payments_of(customer: Customer) -> list[Payment]:
    """The newest first; one query where there are none, two otherwise."""
    references = list(
        PaymentReference.objects.filter(customer=customer)
        .annotate(event_count=Count("events"), last_event=Max("events__received_at"))
        .order_by("-requested_at")
    )
    if not references:
        return []
    intents = Intent.objects.filter(subject_id__in=[reference.pk for reference in references])
    latest = {intent.subject_id: intent for intent in intents.order_by("generation")}
    return [_payment(reference, latest.get(reference.pk)) for reference in references]


def _payment(reference: PaymentReference, intent: Intent | None) -> Payment:
    state = IntentState(intent.state) if intent else IntentState.GIVEN_UP
    is_waiting = intent is not None and intent.waits_for_a_person and intent.reason
    return Payment(
        reference=reference,
        label=str(state.label),
        tone=state.tone,
        why=str(Reason(intent.reason).label) if intent and is_waiting else "",
        intent=intent,
        events=reference.event_count,  # type: ignore[attr-defined]
        last_event=reference.last_event,  # type: ignore[attr-defined]
    )
