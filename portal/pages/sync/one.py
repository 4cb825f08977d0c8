"""One intent: where it stands, what to do about it, and every attempt. Never a body."""

from dataclasses import dataclass

from accounts.models import User
from customers.models import Customer
from exchange.outbox.choices import Reason
from exchange.outbox.database import now_ms
from exchange.outbox.decisions import unproven_uid
from exchange.outbox.models import Attempt, Intent
from portal.pages.customer.sent import SentIntent, described, titles_of
from portal.pages.proposals.queries import Proposed, proposals_for
from portal.pages.sync.listing import Row, row_of
from portal.pages.sync.offers import Offer, offers_for

ATTEMPTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class OneIntent:
    """`attempts`: the newest first, at most a hundred. `remedy`: what a person is to do, where one must."""

    row: Row
    sent: SentIntent
    remedy: str
    attempts: list[Attempt]
    offers: list[Offer]
    # The account that it waits for a word on, and what is proposed about it.
    account: str
    proposals: list[Proposed]


def one_intent(intent: Intent, customer: Customer, *, user: User) -> OneIntent:
    """Everything about an intent that staff may see; a fixed number of queries."""
    about = titles_of([intent], user).get(intent.subject_id, "")
    return OneIntent(
        row=row_of(intent, customer, about, now_ms(), user),
        sent=described(intent, about, customer, user=user),
        remedy=Reason(intent.reason).remedy_for(intent.error_code, intent.topic) if intent.reason else "",
        attempts=list(intent.attempts.order_by("-number")[:ATTEMPTS_SHOWN]),
        offers=offers_for(intent, customer, user),
        account=unproven_uid(intent),
        proposals=proposals_for(user, subject_id=intent.pk)[0],
    )
