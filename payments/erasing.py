"""What goes with a customer whose data is destroyed. Named in settings (`ERASED_WITH_A_CUSTOMER`)."""

from __future__ import annotations

from uuid import UUID

from payments.models import PaymentReference


def erase_of(customer_id: UUID) -> None:
    """Its payment references with the events about them, in the caller's transaction: amounts and the code
    that the payer writes stand in clear. What comes to their addresses from now on is nobody's."""
    PaymentReference.objects.filter(customer_id=customer_id).delete()
