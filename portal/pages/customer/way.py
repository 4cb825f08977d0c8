"""The way of a customer, step by step, as the head of its page draws it."""

import datetime
from dataclasses import dataclass

from django.utils.translation import gettext as _

from customers.choices import Stage
from customers.models import Customer

_ORDER = (
    Stage.DRAFT,
    Stage.COMPLETE,
    Stage.SUBMITTED,
    Stage.AT_EXCHANGE,
    Stage.DOCUMENTS_SENT,
    Stage.VERIFIED,
)


@dataclass(frozen=True, slots=True)
class Step:
    """`state`: done, here, ahead, or bad."""

    name: str
    state: str
    at: datetime.datetime | None = None


def way_of(customer: Customer) -> list[Step]:
    """Registered, complete, submitted, at the exchange, documents sent, and the verdict.

    What the stage says has been reached is done, and the step after it is where the customer is now.
    """
    is_rejected = customer.stage == Stage.REJECTED
    reached = _reached(customer)
    names_and_times = (
        (_("Registered"), customer.created_at),
        (_("Complete"), None),
        (_("Submitted"), customer.submitted_at),
        (_("At the exchange"), customer.at_exchange_at),
        (_("Documents sent"), customer.documents_sent_at),
        (_("Rejected") if is_rejected else _("Verified"), customer.verdict_at),
    )
    steps = []
    for position, (name, at) in enumerate(names_and_times):
        if is_rejected and position == len(names_and_times) - 1:
            state = "bad"
        elif position <= reached:
            state = "done"
        else:
            state = "here" if position == reached + 1 and not is_rejected else "ahead"
        # Who was turned down and is a draft again was submitted once; the step is ahead all the same.
        steps.append(Step(name, state, at if state in ("done", "bad") else None))
    return steps


def _reached(customer: Customer) -> int:
    if customer.stage != Stage.REJECTED:
        return _ORDER.index(Stage(customer.stage))
    if customer.documents_sent_at:
        return _ORDER.index(Stage.DOCUMENTS_SENT)
    return _ORDER.index(Stage.AT_EXCHANGE if customer.uid else Stage.SUBMITTED)
