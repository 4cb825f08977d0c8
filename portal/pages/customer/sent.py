"""What the exchange was told about a customer: each intent with its attempts."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from accounts.policy import may
from customers.models import Customer
from exchange.outbox.choices import IntentState, Reason, Topic
from exchange.outbox.models import Attempt, Intent
from exchange.outbox.queries import history_of
from kyc.delivery.decisions import may_retry
from kyc.models import Document
from payments.models import PaymentReference
from portal.pages.customer.correction import how_to_correct

TRIES_SHOWN = 6


@dataclass(slots=True)
class SentIntent:
    """One intent in words. `reason` and `remedy` only where it waits for a person; `how` it is corrected
    only where its customer can be changed."""

    intent: Intent
    title: str
    label: str
    tone: str
    reason: str = ""
    remedy: str = ""
    how: str = ""
    may_retry: bool = False
    # Its own page has the decisions that take a reason.
    sees_sync: bool = False


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt, and what it was to tell the exchange."""

    title: str
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Sent:
    """`stuck`: what only a person can move; `ahead`: how many wait for their turn; `tries`: newest first."""

    stuck: list[SentIntent]
    ahead: int
    tries: list[Try]

    @property
    def newest(self) -> list[Try]:
        return self.tries[:TRIES_SHOWN]

    @property
    def earlier(self) -> list[Try]:
        """Those that a reader opens: a business with its owners has dozens."""
        return self.tries[TRIES_SHOWN:]

    @property
    def is_create_stuck(self) -> bool:
        """The others can't go before the customer is there."""
        return any(row.intent.topic == Topic.CREATE for row in self.stuck)


def sent_for(customer: Customer, *, user: User) -> Sent:
    """Everything that the exchange was or is to be told about a customer; three queries."""
    intents = history_of(customer.pk)
    titles = titles_of(intents, user)
    rows = [described(intent, titles.get(intent.subject_id, ""), customer, user=user) for intent in intents]
    tries = [Try(row.title, attempt) for row in rows for attempt in row.intent.attempts.all()]
    return Sent(
        stuck=[row for row in rows if row.intent.waits_for_a_person],
        ahead=sum(intent.state == IntentState.PENDING for intent in intents),
        tries=sorted(tries, key=lambda row: (row.attempt.started_ms, row.attempt.number), reverse=True),
    )


def described(intent: Intent, about: str, customer: Customer, *, user: User) -> SentIntent:
    """An intent in words; `about`: the document or payment reference that it is of. A retry is offered where
    the outcome is known."""
    state = IntentState(intent.state)
    title = str(Topic(intent.topic).label)
    row = SentIntent(intent, f"{title}: {about}" if about else title, str(state.label), state.tone)
    if intent.waits_for_a_person and intent.reason:
        reason = Reason(intent.reason)
        row.reason, row.remedy = str(reason.label), reason.remedy_for(intent.error_code, intent.topic)
        row.sees_sync = may(user, "sync.view", intent.merchant_uid)
        if customer.is_editable and intent.topic == Topic.CREATE:
            row.how = how_to_correct(customer)
        row.may_retry = (
            may_retry(intent) and not customer.is_editable and may(user, "intent.retry", intent.merchant_uid)
        )
    return row


def titles_of(intents: list[Intent], user: User) -> dict[UUID, str]:
    """What each intent of a document or payment reference is about, by its subject: the document's type, and
    whose it is where it is a UBO's and `user` may see customers; what our books call the reference."""
    payments = [intent.subject_id for intent in intents if intent.topic == Topic.PAYMENT_REFERENCE]
    names = (
        dict(PaymentReference.objects.filter(pk__in=payments).values_list("pk", "own_reference"))
        if payments
        else {}
    )
    uids = {intent.subject_id: intent.merchant_uid for intent in intents if intent.topic == Topic.UPLOAD}
    if not uids:
        return names
    documents = Document.objects.filter(pk__in=list(uids)).values_list(
        "pk", "doc_type", "ubo__first_name", "ubo__last_name"
    )
    return names | {
        pk: f"{doc_type}, {first} {last}".rstrip()
        if (first or last) and may(user, "customer.view", uids[pk])
        else doc_type
        for pk, doc_type, first, last in documents
    }
