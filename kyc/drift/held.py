"""What is held here, read for a comparison: one row a customer, and details only for a full one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from customers.choices import EDITABLE_STAGES, EntityType, Origin
from customers.models import BusinessProfile, Customer, Ubo
from exchange.outbox.choices import IntentState, Topic
from exchange.outbox.enqueueing import in_chunks
from exchange.outbox.models import Intent
from kyc.drift.comparing import Held, Marked
from kyc.drift.details import Owner, Particulars

_OPEN = (IntentState.PENDING, IntentState.SENDING, IntentState.UNKNOWN, IntentState.WAITING_FOR_STAFF)


def held_customers(merchant_uid: str) -> dict[str, Held]:
    """The merchant's customers that are at the exchange as far as we know, by uid. Two queries."""
    unnamed = set(
        Intent.objects.filter(
            merchant_uid=merchant_uid, topic=Topic.SET_CUSTOM_ID, state__in=_OPEN
        ).values_list("lane_id", flat=True)
    )
    rows = Customer.objects.filter(merchant__uid=merchant_uid, uid__isnull=False)
    found = rows.exclude(stage__in=EDITABLE_STAGES).values_list(
        *("pk", "uid", "reference", "token", "entity_type", "stage", "exchange_state", "kyc_status"),
        *("account_name", "first_name", "last_name", "origin", "business_profile__company_name"),
    )
    held = {}
    for (
        pk,
        uid,
        reference,
        token,
        entity_type,
        stage,
        state,
        kyc,
        name,
        first,
        last,
        origin,
        company,
    ) in found:
        person = company if entity_type == EntityType.BUSINESS else f"{first} {last}".strip()
        held[uid] = Held(
            customer_id=pk,
            uid=uid,
            merchant_uid=merchant_uid,
            reference=reference,
            token=token,
            entity_type=entity_type,
            stage=stage,
            exchange_state=state,
            kyc_status=kyc,
            display_name=name or person or reference,
            is_found_there=origin == Origin.EXCHANGE,
            is_named=pk not in unnamed,
        )
    return held


def bound_uids(uids: Sequence[str]) -> dict[str, str]:
    """Merchant's uid by the uids that any customer here has by now."""
    bound: dict[str, str] = {}
    for chunk in in_chunks(uids):
        rows = Customer.objects.filter(uid__in=chunk).values_list("uid", "merchant__uid")
        bound |= {uid: merchant_uid for uid, merchant_uid in rows if uid}
    return bound


def marked_customers(field: str, values: Iterable[str]) -> dict[str, Marked]:
    """The customers here by their `token` or `reference`, as `field` says."""
    marked: dict[str, Marked] = {}
    for chunk in in_chunks(sorted(set(values))):
        rows = list(
            Customer.objects.filter(**{f"{field}__in": chunk}).values_list(field, "pk", "uid", "reference")
        )
        open_creates = set(
            Intent.objects.filter(
                topic=Topic.CREATE, subject_id__in=[pk for _value, pk, _uid, _name in rows], state__in=_OPEN
            ).values_list("subject_id", flat=True)
        )
        for value, pk, uid, reference in rows:
            marked[value] = Marked(uid, reference, pk, pk in open_creates)
    return marked


def particulars_of(customer_ids: Sequence[UUID]) -> dict[UUID, Particulars]:
    """What the exchange was told of these customers; three queries, and decrypts."""
    customers = Customer.objects.in_bulk(list(customer_ids))
    profiles = BusinessProfile.objects.in_bulk(list(customer_ids))
    owners: dict[UUID, list[Owner]] = defaultdict(list)
    for ubo in Ubo.objects.filter(customer_id__in=list(customer_ids)):
        ubo.customer = customers[ubo.customer_id]
        dob = ubo.dob.isoformat() if ubo.dob else ""
        owners[ubo.customer_id].append(Owner(ubo.uid or "", ubo.email, ubo.first_name, ubo.last_name, dob))
    return {
        pk: Particulars(
            entity_type=customer.entity_type,
            email=customer.email,
            first_name=customer.first_name,
            last_name=customer.last_name,
            dob=customer.dob.isoformat() if customer.dob else "",
            phone_number=customer.phone_number,
            company_name=profiles[pk].company_name if pk in profiles else "",
            registration_number=profiles[pk].registration_number if pk in profiles else "",
            owners=tuple(owners[pk]),
        )
        for pk, customer in customers.items()
    }
