"""What stood behind a 404: a subject that exists and that is not this person's to see is a refusal."""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpRequest

from accounts import policy
from accounts.circumstances import Refusal
from accounts.models import User
from customers.models import Customer, Merchant
from exchange.outbox.models import Intent
from kyc.drift.models import DriftRow
from kyc.models import Document


class Subject(NamedTuple):
    kind: str
    merchant_uid: str
    id: UUID
    customer_id: UUID | None


def _customers(**lookup: Any) -> Subject | None:
    found = Customer.objects.filter(**lookup).values_list("merchant__uid", "pk").first()
    return Subject("customer", found[0], found[1], found[1]) if found else None


def _document(value: Any) -> Subject | None:
    rows = Document.objects.filter(pk=value).values_list("customer__merchant__uid", "pk", "customer_id")
    return Subject("document", *found) if (found := rows.first()) else None


def _intent(value: Any) -> Subject | None:
    rows = Intent.objects.filter(pk=value).values_list("merchant_uid", "pk", "lane_id")
    return Subject("intent", *found) if (found := rows.first()) else None


def _merchant(value: Any) -> Subject | None:
    rows = Merchant.objects.filter(uid=value).values_list("uid", "pk")
    return Subject("merchant", *found, None) if (found := rows.first()) else None


def _drift_row(value: Any) -> Subject | None:
    rows = DriftRow.objects.filter(pk=value).values_list("merchant_uid", "pk", "customer_id")
    return Subject("drift_row", *found) if (found := rows.first()) else None


# By the name of the part of the address.
SUBJECTS: dict[str, Callable[[Any], Subject | None]] = {
    "customer_id": lambda value: _customers(pk=value),
    "reference": lambda value: _customers(reference=value),
    "document_id": _document,
    "intent_id": _intent,
    "uid": _merchant,
    "row_id": _drift_row,
}


def refusal_behind(request: HttpRequest) -> Refusal | None:
    """The refusal, where somebody signed in asked for what belongs to a merchant that is not theirs."""
    match, user = request.resolver_match, getattr(request, "user", None)
    if match is None or not isinstance(user, User):
        return None
    action = getattr(match.func, "action", "customer.view")
    for name, find in SUBJECTS.items():
        if name not in match.kwargs:
            continue
        found = find(match.kwargs[name])
        scope = policy.merchant_scope(user, action)
        if found is None or scope is None or found.merchant_uid in scope:
            return None
        return Refusal(
            actor=user,
            action=action,
            merchant_uid=found.merchant_uid,
            subject_type=found.kind,
            subject_id=found.id,
            customer_id=found.customer_id,
            reason="out_of_scope",
        )
    return None
