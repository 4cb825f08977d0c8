"""A customer's record as its lane needs it: read once per claim, kept in the claim's memory."""

from dataclasses import dataclass, field
from uuid import UUID

from accounts.models import User
from customers.models import BusinessProfile, Customer, Merchant, Ubo
from exchange.outbox.claiming import Claim
from exchange.outbox.handlers import Obsolete
from exchange.outbox.prepared_query import PreparedQuery
from kyc.models import Document

_CUSTOMER = PreparedQuery(lambda customer: Customer.objects.filter(pk=customer))
_DOCUMENTS = PreparedQuery(lambda customer: Document.objects.filter(customer_id=customer, is_current=True))


@dataclass(slots=True)
class HeldRecord:
    """`learnt`: uids of UBOs that the exchange named and that are not written yet."""

    customer: Customer
    profile: BusinessProfile | None
    ubos: dict[UUID, Ubo]
    actor: User
    documents: dict[UUID, Document] = field(default_factory=dict)
    learnt: dict[UUID, str] = field(default_factory=dict)

    @property
    def display_name(self) -> str:
        """The name that opens the account's name at the exchange."""
        customer = self.customer
        return customer.account_name or (self.profile.company_name if self.profile else customer.display_name)


def held_record(claim: Claim) -> HeldRecord:
    """The record of the claimed lane's customer. Raises Obsolete where it is gone."""
    record = claim.memory.get("record")
    if record is None:
        customer = next(iter(_CUSTOMER.rows(claim.lane)), None)
        if customer is None:
            raise Obsolete("customer_gone")
        customer.merchant = _merchant(claim, customer.merchant_id)
        profile, ubos = None, {}
        if customer.is_business:
            profile = BusinessProfile.objects.get(pk=customer.pk)
            profile.customer = customer
            ubos = {ubo.pk: ubo for ubo in Ubo.objects.filter(customer_id=customer.pk).order_by("position")}
            for ubo in ubos.values():
                ubo.customer = customer
        record = claim.memory["record"] = HeldRecord(customer, profile, ubos, _machine(claim))
    return record


def _merchant(claim: Claim, merchant_id: UUID) -> Merchant:
    """Merchants are few and their uids do not change: each is read once a crew."""
    known = claim.shared.setdefault("merchants", {})
    if merchant_id not in known:
        known[merchant_id] = Merchant.objects.get(pk=merchant_id)
    return known[merchant_id]


def _machine(claim: Claim) -> User:
    actor = claim.shared.get("machine")
    if actor is None:
        actor = claim.shared["machine"] = User.objects.machine()
    return actor


def held_document(claim: Claim, document_id: UUID) -> Document:
    """A document of that customer. Raises Obsolete where it is gone or a newer version took its place."""
    record = held_record(claim)
    if document_id not in record.documents:
        for document in _DOCUMENTS.rows(record.customer.pk):
            document.customer = record.customer
            record.documents[document.pk] = document
    if document_id not in record.documents:
        raise Obsolete("superseded")
    return record.documents[document_id]
