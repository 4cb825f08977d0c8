"""Everything that is held about a customer, read for many customers at once.

A fixed number of queries, however many customers: requirements, warnings and submission all start here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from customers.models import BusinessProfile, Customer, Merchant, Ubo
from exchange.outbox.models import Intent
from kyc.models import AcceptedWarning, Document, Waiver

PERSON_FIELDS = (
    "first_name",
    "last_name",
    "dob",
    "address",
    "postcode",
    "city",
    "country",
    "nationality",
    "id_number",
    "phone_number",
    "occupation",
    "source_of_funds",
    "is_pep_occupation",
    "pep_occupation_data",
    "is_pep_related",
    "pep_related_data",
    "is_pip",
    "pip_data",
)
SHARED_FIELDS = ("email", "phone_number", "account_name", "deposit_action", "external_verification_url")
INDIVIDUAL_FIELDS = (
    "email",
    "account_name",
    "country_of_residence",
    "deposit_action",
    "external_verification_url",
    "doc_type",
    "doc_number",
    "doc_expire",
    "doc_country",
    *PERSON_FIELDS,
)
UBO_FIELDS = ("email", "ownership_percentage", "is_director", "is_authorized_signatory", *PERSON_FIELDS)
PROFILE_FIELDS = tuple(
    column.name for column in BusinessProfile._meta.concrete_fields if not column.primary_key
)


@dataclass(slots=True)
class Record:
    """One customer with all that belongs to it. `documents` are the current versions only."""

    customer: Customer
    profile: BusinessProfile | None = None
    ubos: list[Ubo] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    waivers: list[Waiver] = field(default_factory=list)
    accepted: list[AcceptedWarning] = field(default_factory=list)
    # The latest intent per topic and subject, closed ones too.
    intents: list[Intent] = field(default_factory=list)


def load_records(customers: Sequence[Customer]) -> dict[UUID, Record]:
    """The records of these customers, by customer id, read in at most seven queries.

    The customers' own rows are taken as they are; everything else is read anew.
    """
    records = {customer.pk: Record(customer) for customer in customers}
    ids = list(records)
    if not ids:
        return records
    _attach_merchants(customers)
    businesses = [customer.pk for customer in customers if customer.is_business]
    if businesses:
        for profile in BusinessProfile.objects.filter(pk__in=businesses):
            record = records[profile.pk]
            record.profile = profile
            profile.customer = record.customer
        for ubo in Ubo.objects.filter(customer_id__in=businesses).order_by("customer_id", "position"):
            record = records[ubo.customer_id]
            ubo.customer = record.customer
            record.ubos.append(ubo)
    current = Document.objects.filter(customer_id__in=ids, is_current=True)
    for document in current.order_by("customer_id", "added_at", "pk"):
        record = records[document.customer_id]
        document.customer = record.customer
        record.documents.append(document)
    for waiver in Waiver.objects.filter(customer_id__in=ids):
        records[waiver.customer_id].waivers.append(waiver)
    for accepted in AcceptedWarning.objects.filter(customer_id__in=ids):
        records[accepted.customer_id].accepted.append(accepted)
    latest = {
        (intent.topic, intent.subject_id): intent
        for intent in Intent.objects.filter(lane_id__in=ids).order_by("created_ms")
    }
    for intent in latest.values():
        records[intent.lane_id].intents.append(intent)
    return records


def load_record(customer: Customer) -> Record:
    return load_records([customer])[customer.pk]


def customer_data(record: Record) -> dict[str, object]:
    """The customer's fields as the rules read them, by the exchange's names (`business_profile.*` too)."""
    customer = record.customer
    if not customer.is_business:
        return {name: getattr(customer, name) for name in INDIVIDUAL_FIELDS}
    data: dict[str, object] = {name: getattr(customer, name) for name in SHARED_FIELDS}
    if record.profile is not None:
        data |= {f"business_profile.{name}": getattr(record.profile, name) for name in PROFILE_FIELDS}
    return data


def ubo_data(ubo: Ubo) -> dict[str, object]:
    """A UBO's fields as the rules read them."""
    return {name: getattr(ubo, name) for name in UBO_FIELDS}


def documents_by_owner(documents: Iterable[Document]) -> dict[UUID | None, list[Document]]:
    """Documents by the UBO they are of; None for the customer's own."""
    owned: dict[UUID | None, list[Document]] = defaultdict(list)
    for document in documents:
        owned[document.ubo_id].append(document)
    return owned


def _attach_merchants(customers: Sequence[Customer]) -> None:
    without = [customer for customer in customers if "merchant" not in customer._state.fields_cache]
    if without:
        merchants = Merchant.objects.in_bulk({customer.merchant_id for customer in without})
        for customer in without:
            customer.merchant = merchants[customer.merchant_id]
