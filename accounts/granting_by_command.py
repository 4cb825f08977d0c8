"""What a command does about a role or a stopped person: it is one of the two whom that takes, never both.

Where no second person is needed it changes at once; else it approves what somebody else proposed, or it
proposes.
"""

from enum import Enum, auto
from typing import Any

from accounts import granting
from accounts.four_eyes import SecondPersonNeeded, approve
from accounts.models import User
from accounts.proposals import may_decide, waiting

# What a command says when it could only propose.
PROPOSED = (
    "Proposed. Another administrator has to approve it: on the page People, or by this command with --as."
)


class Outcome(Enum):
    """What has come of it."""

    DONE = auto()
    APPROVED = auto()  # somebody else had proposed it
    PROPOSED = auto()


def change_role(
    *, user: User, role: str, merchant_uid: str | None, gives: bool, reason: str, actor: User
) -> Outcome:
    """Give the role or take it away, as far as `actor` can. Raises NotAllowed, CannotChange, ReasonNeeded;
    AlreadyProposed where it waits for somebody else than `actor`."""
    what: dict[str, Any] = {"user": user, "role": role, "merchant_uid": merchant_uid, "gives": gives}
    what |= {"reason": reason, "actor": actor}
    try:
        granting.change_role(**what, by_command=True)
    except SecondPersonNeeded:
        if _approved(user, granting.key_of(role, merchant_uid, gives), reason, actor):
            return Outcome.APPROVED
        granting.propose_role(**what)
        return Outcome.PROPOSED
    return Outcome.DONE


def enable(*, user: User, reason: str, actor: User) -> Outcome:
    """Let a stopped person work again, as far as `actor` can. Raises as `change_role`."""
    try:
        granting.enable(user=user, reason=reason, actor=actor)
    except SecondPersonNeeded:
        if _approved(user, granting.ENABLE, reason, actor):
            return Outcome.APPROVED
        granting.propose_enabling(user=user, reason=reason, actor=actor)
        return Outcome.PROPOSED
    return Outcome.DONE


def _approved(user: User, key: str, reason: str, actor: User) -> bool:
    proposal = waiting(action=granting.ACTION, subject_id=user.pk, key=key)
    if proposal is None or actor.is_machine or not may_decide(proposal, actor):
        return False
    approve(proposal, actor=actor, reason=reason)
    return True
