"""What a customer's export tells of its payment references. Named in settings (`SUBJECT_EXPORT_SECTIONS`)."""

from __future__ import annotations

from customers.models import Customer
from kyc.retention.subject_export import Fact, Section
from payments.models import PaymentReference

# The webhook is between the exchange and us, and says nothing of anybody.
TOLD = (
    "own_reference",
    "currency",
    "expected_amount",
    "code",
    "exchange_id",
    "requested_at",
    "at_exchange_at",
)


def sections_of(customer: Customer) -> list[Section]:
    """A section for each payment reference, with the events that the exchange sent about it."""
    references = PaymentReference.objects.filter(customer=customer).order_by("requested_at")
    return [_section(reference, customer) for reference in references]


def _section(reference: PaymentReference, customer: Customer) -> Section:
    reference.customer = customer
    facts = [
        Fact(name, str(getattr(PaymentReference._meta.get_field(name), "verbose_name", name)), value)
        for name in TOLD
        if (value := getattr(reference, name))
    ]
    for number, event in enumerate(reference.events.order_by("received_at"), 1):
        event.reference = reference
        # Kept as Latin-1, byte for byte; what the exchange sent is UTF-8.
        told = event.body.encode("latin-1").decode(errors="replace")
        facts.append(Fact(f"event_{number}", f"Event of {event.received_at:%Y-%m-%d %H:%M}", told))
    return Section(f"Payment reference {reference.own_reference}", facts)
