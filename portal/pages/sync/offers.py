"""What staff may decide about one intent: what is offered, what it asks for, and what is done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.four_eyes import is_needed
from accounts.models import User
from accounts.policy import may
from customers.models import Customer
from exchange.outbox.decisions import unproven_uid
from exchange.outbox.models import Intent
from kyc.delivery import decisions
from kyc.reconciliation.confirming import confirm_account, propose_confirmation


@dataclass(frozen=True, slots=True)
class Offer:
    """One decision. `name` stands in its address; `action` is what the policy is asked."""

    name: str
    action: str
    label: str | Promise
    help: str | Promise
    said: str | Promise
    needs_reason: bool
    fits: Callable[[Intent, Customer], bool]
    do: Callable[..., object]
    picture: str = "circle-check"
    # The form names the account that was seen: by now it may be another one.
    is_of_account: bool = False

    def decide(self, *, intent: Intent, actor: User, reason: str, account: str = "") -> None:
        """Raises NotAllowed, NotAllowedNow, FourEyesError; ValueError where the reason is lacking."""
        more: dict[str, Any] = {"reason": reason} if self.needs_reason else {}
        if self.is_of_account:
            more["uid"] = account
        self.do(intent=intent, actor=actor, **more)


_CONFIRM = _(
    "Only once the exchange has told you whose this account is, and it is this very customer: say who there"
    " said so, when, and by what. Its documents are then sent to that account; nothing takes them back."
)
OFFERS = (
    Offer(
        "look",
        "intent.look",
        _("Look again"),
        _("Reads the exchange's list once more, now."),
        _("The exchange is looked at again; the page shows what comes of it."),
        False,
        lambda intent, customer: decisions.may_look(intent),
        decisions.look_again,
        "search",
    ),
    Offer(
        "propose-confirmation",
        "intent.confirm",
        _("Propose: this is the customer"),
        _CONFIRM,
        _("Proposed. A second person has to approve it."),
        True,
        lambda intent, customer: bool(unproven_uid(intent)) and is_needed("intent.confirm"),
        propose_confirmation,
        "user-check",
        is_of_account=True,
    ),
    Offer(
        "confirm",
        "intent.confirm",
        _("This is the customer"),
        _CONFIRM,
        _("Bound. Its reference and documents are sent with the next delivery."),
        True,
        lambda intent, customer: bool(unproven_uid(intent)) and not is_needed("intent.confirm"),
        confirm_account,
        "user-check",
        is_of_account=True,
    ),
    Offer(
        "send",
        "intent.retry",
        _("Send after all"),
        _("Only once the exchange has told you that it holds nothing of it: say who said so, and when."),
        _("It is due now and will be sent with the next delivery."),
        True,
        lambda intent, customer: decisions.may_send_after_all(intent) and not customer.is_editable,
        decisions.send_after_all,
        "send",
    ),
    Offer(
        "acknowledge",
        "intent.acknowledge",
        _("Dealt with"),
        _("It is at the exchange, and what stood there beside it is settled: say how."),
        _("Noted. It waits for nobody any more."),
        True,
        lambda intent, customer: decisions.may_acknowledge(intent) and customer.uid is not None,
        decisions.acknowledge_intent,
    ),
    Offer(
        "hold",
        "intent.hold",
        _("Hold back"),
        _("It is not sent until somebody lets it go again."),
        _("Held back."),
        True,
        lambda intent, customer: decisions.may_hold(intent) and not intent.is_held,
        decisions.hold_intent,
        "circle-pause",
    ),
    Offer(
        "release",
        "intent.hold",
        _("Let go"),
        _("It is sent when its turn comes."),
        _("Let go: it is sent when its turn comes."),
        False,
        lambda intent, customer: decisions.may_hold(intent) and intent.is_held,
        decisions.release_intent,
        "circle-play",
    ),
    Offer(
        "give-up",
        "intent.give_up",
        _("Give up"),
        _("Nothing more of it is sent. A customer that is not at the exchange opens for changes again."),
        _("Given up."),
        True,
        lambda intent, customer: decisions.may_give_up(intent),
        decisions.give_up_intent,
        "circle-x",
    ),
)
BY_NAME = {offer.name: offer for offer in OFFERS}


def offers_for(intent: Intent, customer: Customer, user: User) -> list[Offer]:
    """The decisions that fit where the intent stands, and that `user` may take."""
    return [
        offer
        for offer in OFFERS
        if offer.fits(intent, customer) and may(user, offer.action, intent.merchant_uid)
    ]
