"""What may be done about a customer's relationship, by name: its words, its right, and how it is done."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.four_eyes import is_needed
from accounts.models import User
from accounts.policy import may
from customers.models import Customer
from kyc.retention import erasing
from kyc.retention.clock import Due
from kyc.retention.ending import ACTION_OF, end_relationship, propose_ending, reopen
from kyc.retention.holding import lift_hold, place_hold
from kyc.retention.rows import How


@dataclass(frozen=True, slots=True)
class Offer:
    """`action`: the right to do it; `propose`: the right to propose it where it takes a second person."""

    name: str
    label: str | Promise
    means: str | Promise
    picture: str
    action: str
    do: Callable[[Customer, User, str], object]
    propose: str = ""
    suggest: Callable[[Customer, User, str], object] | None = None

    @property
    def is_proposal(self) -> bool:
        return self.suggest is not None and is_needed(self.action)

    def is_open_to(self, user: User, merchant_uid: str) -> bool:
        return may(user, self.propose if self.is_proposal else self.action, merchant_uid)

    def carry_out(self, customer: Customer, user: User, reason: str) -> None:
        """Do it, or propose it where that is the way."""
        (self.suggest if self.suggest is not None and self.is_proposal else self.do)(customer, user, reason)


def _ending(how: How, label: Promise, means: Promise, picture: str) -> Offer:
    return Offer(
        name=how.value,
        label=label,
        means=means,
        picture=picture,
        action=ACTION_OF[how],
        do=lambda customer, user, reason: end_relationship(
            customer=customer, how=how, reason=reason, actor=user
        ),
        propose="customer.propose_end",
        suggest=lambda customer, user, reason: propose_ending(
            customer=customer, how=how, reason=reason, actor=user
        ),
    )


_ENDINGS = (
    _ending(
        How.REJECTED,
        _("Reject"),
        _("We don't take this customer on. Nothing more is sent; the data is kept as long as the law asks."),
        "ban",
    ),
    _ending(
        How.WITHDRAWN,
        _("Withdrawn by the customer"),
        _("The customer does not want to be onboarded any more."),
        "undo-2",
    ),
    _ending(How.CLOSED, _("Close"), _("The relationship is over."), "archive"),
)
_REOPEN = Offer(
    "reopen",
    _("Take the end back"),
    _("It was a mistake: the clock stops, and the customer stands where it stood."),
    "rotate-ccw",
    "customer.reopen",
    lambda customer, user, reason: reopen(customer=customer, reason=reason, actor=user),
)
_HOLD = Offer(
    "hold",
    _("Place a legal hold"),
    _("Nothing is destroyed while it is in force, whatever the clock says."),
    "lock",
    "customer.hold",
    lambda customer, user, reason: place_hold(customer=customer, reason=reason, actor=user),
)
_LIFT = Offer(
    "lift",
    _("Lift the legal hold"),
    _("The retention clock decides again."),
    "lock-open",
    "customer.hold",
    lambda customer, user, reason: lift_hold(customer=customer, reason=reason, actor=user),
)
_ERASE = Offer(
    "erase",
    _("Destroy the data"),
    _("The key is destroyed, names are overwritten, files are removed. Nobody can take that back."),
    "trash-2",
    "customer.erase",
    lambda customer, user, reason: erasing.erase(customer=customer, actor=user),
    "customer.propose_erasure",
    lambda customer, user, reason: erasing.propose_erasure(customer=customer, reason=reason, actor=user),
)


def offers(state: Due, *, is_held: bool) -> list[Offer]:
    """What there is to do about a customer that stands so."""
    if state is Due.ERASED:
        return []
    hold = _LIFT if is_held else _HOLD
    if state is Due.RUNNING:
        return [*_ENDINGS, hold]
    return [*([_ERASE] if state is Due.DUE else []), hold, _REOPEN]
