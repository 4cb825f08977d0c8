"""Which proposals there are for somebody: to know of, to decide, to find again by what they are about."""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts import policy
from accounts.four_eyes import MATTERS
from accounts.models import Proposal, User


def known_to(user: User) -> QuerySet[Proposal]:
    """The proposals that `user` may know of: to propose or to decide such is their right there, or to read
    everything. The longest waiting first."""
    known = Q(pk__in=[])
    for action, matter in MATTERS.items():
        for right in {action, matter.propose, "proposal.view"} - {""}:
            scope = policy.merchant_scope(user, right)
            if scope is None:
                known |= Q(action=action)
            elif scope:
                known |= Q(action=action, merchant_uid__in=scope)
    return Proposal.objects.filter(known).select_related("made_by").order_by("made_at", "pk")


def may_decide(proposal: Proposal, user: User) -> bool:
    """Whether `user` is a second person for it, with the right to decide."""
    return (
        proposal.is_open
        and proposal.made_by_id != user.pk
        and proposal.subject_id != user.pk
        and policy.may(user, proposal.action, proposal.merchant_uid or None)
    )


def waiting(*, action: str, subject_id: UUID, key: str = "") -> Proposal | None:
    """The open proposal of exactly this, if there is one."""
    return Proposal.objects.filter(action=action, subject_id=subject_id, key=key, decision="").first()
