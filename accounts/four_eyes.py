"""Four eyes: what needs a second person, who may be that, and what becomes of a proposal.

Which matters do is a setting (`FOUR_EYES`). Held here and by constraints of the database, whatever page, call
or command it comes from: whoever proposed something does not decide it. The one exception, named in the rows
that it leaves, is onboarding by a command (`BY_COMMAND`) while `FOUR_EYES_COMMANDS` is off.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, policy
from accounts.circumstances import Channel, current
from accounts.models import Decision, Proposal, User
from accounts.roles import BY_COMMAND, Eyes

REASON_MAX = 2000  # characters


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that may need a second person. `propose`: the right to propose it; "" where nothing is
    proposed, since the subject itself tells who made it. `needs_step_up`: pages ask for the second factor
    anew before it is approved."""

    label: str | Promise
    propose: str = ""
    needs_step_up: bool = False


# By the policy's name of the right to decide it. What is proposed has its handler in FOUR_EYES_HANDLERS.
MATTERS: dict[str, Matter] = {
    "customer.submit": Matter(gettext_lazy("Submit a customer")),
    "warning.accept": Matter(gettext_lazy("Accept a warning"), "warning.propose"),
    "document.waive": Matter(gettext_lazy("Waive a document"), "document.propose_waiver"),
    "customer.reject": Matter(gettext_lazy("Reject a customer"), "customer.propose_end"),
    "customer.withdraw": Matter(gettext_lazy("Withdraw a customer"), "customer.propose_end"),
    "customer.close": Matter(gettext_lazy("Close a relationship"), "customer.propose_end"),
    "customer.erase": Matter(
        gettext_lazy("Destroy a customer's data"), "customer.propose_erasure", needs_step_up=True
    ),
    # Both are an officer's: who proposes it has asked the exchange, too.
    "intent.confirm": Matter(gettext_lazy("Confirm an account at the exchange"), "intent.confirm"),
    "role.change": Matter(gettext_lazy("Change a role"), "role.propose", needs_step_up=True),
}


class Handler(Protocol):
    """What a module named in FOUR_EYES_HANDLERS has."""

    def carry_out(self, proposal: Proposal, *, actor: User, eyes: Eyes) -> None:
        """Do what was proposed, in the caller's transaction. Raises Lapsed where there is nothing to do."""

    def titles(self, proposals: Sequence[Proposal]) -> Mapping[UUID, str]:
        """What each is, in words, by its id; one that is left out has lapsed."""


class FourEyesError(Exception):
    """Not like this, and the message says why and what to do. `code` is for programs."""

    code = "four_eyes"


class SecondPersonNeeded(FourEyesError):
    """Whoever made it can't approve it."""

    code = "second_person_needed"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _("You made this yourself. Somebody else has to approve it."))


class AlreadyProposed(FourEyesError):
    code = "already_proposed"

    def __init__(self) -> None:
        super().__init__(_("This is proposed already and waits for a second person."))


class AlreadyDecided(FourEyesError):
    code = "already_decided"

    def __init__(self) -> None:
        super().__init__(_("Somebody else has decided this meanwhile. Load the page again."))


class Lapsed(FourEyesError):
    """What was proposed is not to be done any more."""

    code = "lapsed"

    def __init__(self) -> None:
        super().__init__(
            _("What was proposed has changed or gone meanwhile, so it has lapsed. Nothing was done.")
        )


class ReasonNeeded(FourEyesError):
    code = "reason_needed"

    def __init__(self) -> None:
        super().__init__(
            _("Say in a sentence why, in at most %(max)d characters. Nothing was changed.")
            % {"max": REASON_MAX}
        )


def is_needed(action: str, *, by_command: bool = False) -> bool:
    """Whether `action` needs a second person: in the portal, or by a command."""
    return action in settings.FOUR_EYES and not _is_exempt(action, by_command)


def eyes_on(action: str, *, maker_id: UUID | None, actor: User, by_command: bool = False) -> Eyes:
    """How many eyes will have seen it when `actor` does now what `maker_id` made.

    Raises SecondPersonNeeded where that would be too few: the maker's own, or nobody knows whose it is. The
    machine's account is nobody's second person.
    """
    if maker_id not in (None, actor.pk) and not actor.is_machine:
        return Eyes.TWO
    if is_needed(action, by_command=by_command):
        raise SecondPersonNeeded
    return Eyes.COMMAND if _is_exempt(action, by_command) else Eyes.ONE


def propose(
    *,
    action: str,
    subject_type: str,
    subject_id: UUID,
    actor: User,
    reason: str,
    key: str = "",
    merchant_uid: str = "",
    customer_id: UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> Proposal:
    """Put something before a second person. `details`: what exactly, in ids and codes.

    Raises NotAllowed, ReasonNeeded, AlreadyProposed.
    """
    policy.require(actor, MATTERS[action].propose, merchant_uid or None)
    proposal = Proposal(
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        key=key,
        merchant_uid=merchant_uid,
        customer_id=customer_id,
        details=dict(details or {}),
        made_by=actor,
        reason=_checked(reason),
    )
    try:
        with transaction.atomic():
            proposal.save(force_insert=True)
            _note(proposal, actor, "proposal.made", proposal.reason)
    except IntegrityError:
        if Proposal.objects.filter(
            action=action, subject_type=subject_type, subject_id=subject_id, key=key, decision=""
        ).exists():
            raise AlreadyProposed from None
        raise
    return proposal


def approve(proposal: Proposal, *, actor: User, reason: str = "", by_command: bool = False) -> None:
    """Approve it and do what it proposes, in one transaction.

    Raises NotAllowed, SecondPersonNeeded, AlreadyDecided; Lapsed, which is then its decision.
    """
    policy.require(actor, proposal.action, proposal.merchant_uid or None)
    eyes = _eyes_on_proposal(proposal, actor, by_command)
    try:
        with transaction.atomic():
            _decide(proposal, Decision.APPROVED, actor, reason.strip()[:REASON_MAX], eyes)
            handler_of(proposal.action).carry_out(proposal, actor=actor, eyes=eyes)
    except Lapsed:
        with transaction.atomic():
            _decide(proposal, Decision.LAPSED, actor, "", "")
        raise


def refuse(proposal: Proposal, *, actor: User, reason: str, by_command: bool = False) -> None:
    """Decide against it. Raises NotAllowed, SecondPersonNeeded, ReasonNeeded, AlreadyDecided."""
    policy.require(actor, proposal.action, proposal.merchant_uid or None)
    eyes = _eyes_on_proposal(proposal, actor, by_command)
    with transaction.atomic():
        _decide(proposal, Decision.REFUSED, actor, _checked(reason), eyes)


def withdraw(proposal: Proposal, *, actor: User) -> None:
    """Whoever made it takes it back. Raises NotAllowed for anybody else, AlreadyDecided."""
    if proposal.made_by_id != actor.pk:
        raise policy.NotAllowed(MATTERS[proposal.action].propose)
    policy.require(actor, MATTERS[proposal.action].propose, proposal.merchant_uid or None)
    with transaction.atomic():
        _decide(proposal, Decision.WITHDRAWN, actor, "", "")


def lapse_of_customers(customer_ids: Iterable[UUID], *, actor: User) -> None:
    """What is still proposed about these customers is moot: they moved on. In the caller's transaction."""
    for proposal in Proposal.objects.filter(customer_id__in=list(customer_ids), decision=""):
        _decide(proposal, Decision.LAPSED, actor, "", "")


def handler_of(action: str) -> Handler:
    """The module that does what was proposed."""
    return cast(Handler, import_module(settings.FOUR_EYES_HANDLERS[action]))


def commands_go_alone(by_command: bool) -> bool:
    """Whether this is a command, and commands may do alone what is theirs to do alone."""
    # A page that claims to be a command is none: what came in by the web says so at its edge.
    return by_command and not settings.FOUR_EYES_COMMANDS and current().channel == Channel.COMMAND


def _is_exempt(action: str, by_command: bool) -> bool:
    return action in BY_COMMAND and commands_go_alone(by_command)


def _eyes_on_proposal(proposal: Proposal, actor: User, by_command: bool) -> Eyes:
    if proposal.subject_id == actor.pk:
        raise SecondPersonNeeded(_("This is about yourself. Somebody else has to decide it."))
    if proposal.made_by_id != actor.pk and not actor.is_machine:
        return Eyes.TWO
    if not _is_exempt(proposal.action, by_command):
        raise SecondPersonNeeded
    return Eyes.COMMAND


def _decide(proposal: Proposal, decision: Decision, actor: User, reason: str, eyes: str) -> None:
    now = timezone.now()
    values = {
        "decision": decision.value,
        "decided_by": actor,
        "decided_at": now,
        "decision_reason": reason,
        "eyes": eyes,
    }
    if not _settle_once(proposal, values):
        raise AlreadyDecided
    for name, value in values.items():
        setattr(proposal, name, value)
    _note(proposal, actor, f"proposal.{decision.value}", reason)


def _settle_once(proposal: Proposal, values: Mapping[str, Any]) -> bool:
    """Write the decision where there is none yet: of two who decide at once, one finds it decided."""
    return bool(Proposal.objects.filter(pk=proposal.pk, decision="").update(**values))


def _note(proposal: Proposal, actor: User, action: str, reason: str) -> None:
    details = {"proposal": str(proposal.pk), "of": proposal.action, "made_by": str(proposal.made_by_id)}
    audit.record(
        actor=actor,
        action=action,
        subject_type=proposal.subject_type,
        subject_id=proposal.subject_id,
        customer_id=proposal.customer_id,
        merchant_uid=proposal.merchant_uid,
        reason=reason,
        details=details | ({"eyes": str(proposal.eyes)} if proposal.eyes else {}),
    )


def _checked(reason: str) -> str:
    reason = reason.replace("\x00", "").strip()
    if not 0 < len(reason) <= REASON_MAX:
        raise ReasonNeeded
    return reason
