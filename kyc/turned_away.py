"""What was handed in and not taken: written down, though nothing of it is kept."""

from __future__ import annotations

from accounts import audit
from accounts.models import User
from customers.models import Customer, Ubo
from customers.problems import Refused
from kyc.doc_types import DOC_TYPES


def note_turned_away(
    customer: Customer, ubo: Ubo | None, doc_type: str, size: int, refused: Refused, actor: User
) -> None:
    """One audit row for a document that was refused, with the codes of its errors."""
    audit.record(
        actor=actor,
        action="document.turned_away",
        subject_type="customer",
        subject_id=customer.pk,
        customer_id=customer.pk,
        merchant_uid=customer.merchant.uid,
        details={
            # A type of no known spelling is whatever somebody typed.
            "doc_type": doc_type if doc_type in DOC_TYPES else "",
            "codes": sorted({problem.code for problem in refused.problems if problem.is_error}),
            "size": size,
            "ubo": str(ubo.pk) if ubo else "",
        },
    )
