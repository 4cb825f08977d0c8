"""Binding an account on the exchange's word alone: its details show nothing, and somebody there was asked.

Our reference alone matched, so no look can decide whose it is (`unproven:<uid>`). Passports would go to a
stranger's account if the word is wrong: where it takes two (FOUR_EYES), one proposes it and another approves.
What contradicts is nobody's to confirm.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.four_eyes import FourEyesError, Lapsed, ReasonNeeded, eyes_on, propose
from accounts.models import Proposal, User
from accounts.roles import Eyes
from customers.models import Customer
from exchange.outbox.choices import IntentState, Topic
from exchange.outbox.decisions import NotAllowedNow, unproven_uid
from exchange.outbox.doorbell import ring
from exchange.outbox.models import Attempt, Intent
from exchange.outbox.resolving import resolve, take_lane
from kyc.delivery.create_customer import bind
from kyc.reconciliation.adoption import doubt_uploads
from kyc.reconciliation.rows import Confirmation

log = logging.getLogger(__name__)

ACTION = "intent.confirm"
EVIDENCE = "confirmed"
# Stands in the attempt where a worker's name would: nobody asked the exchange by a call.
BY_STAFF = "staff"


class UnderWay(FourEyesError):
    """A worker is at this very customer. Nothing was decided: the proposal stays open."""

    code = "under_way"

    def __init__(self) -> None:
        super().__init__(
            _("A worker is at this customer just now. Nothing was changed; try again in a minute.")
        )


def propose_confirmation(*, intent: Intent, uid: str, actor: User, reason: str) -> Proposal:
    """Propose to a second person that `uid` is the customer.

    Raises NotAllowed, AlreadyProposed, ReasonNeeded; NotAllowedNow where the intent does not wait for a word
    on it, or somebody else here has it.
    """
    with transaction.atomic():
        locked = _waiting_for_a_word(intent.pk, uid)
        return propose(
            action=ACTION,
            subject_type="intent",
            subject_id=locked.pk,
            # One look later it is another question, which may be proposed anew.
            key=f"{uid}:{locked.attempts_made}",
            merchant_uid=locked.merchant_uid,
            customer_id=locked.lane_id,
            details={"uid": uid, "attempts": locked.attempts_made},
            actor=actor,
            reason=reason,
        )


def confirm_account(*, intent: Intent, uid: str, actor: User, reason: str) -> Confirmation:
    """Bind the account to the customer by one person's word. Raises NotAllowed, ReasonNeeded, UnderWay;
    SecondPersonNeeded where `propose_confirmation` is the way; NotAllowedNow as there."""
    policy.require(actor, ACTION, intent.merchant_uid)
    if not reason.strip():
        raise ReasonNeeded
    eyes = eyes_on(ACTION, maker_id=None, actor=actor)
    with transaction.atomic():
        return _confirm(intent.pk, uid, reason.strip(), actor, eyes)


def carry_out(proposal: Proposal, *, actor: User, eyes: Eyes) -> None:
    """Bind it as proposed, in the caller's transaction. Raises UnderWay; Lapsed where the intent has moved
    since, if only by another look, or somebody else here has the account by now."""
    try:
        _confirm(
            proposal.subject_id,
            proposal.details["uid"],
            proposal.reason,
            actor,
            eyes,
            proposed_by=proposal.made_by,
            attempts=proposal.details["attempts"],
        )
    except NotAllowedNow:
        raise Lapsed from None


def titles(proposals: Sequence[Proposal]) -> Mapping[UUID, str]:
    """What each proposes; left out is what the intent does not wait for any more, or who is bound by now."""
    intents = Intent.objects.in_bulk([row.subject_id for row in proposals])
    uids = [row.details["uid"] for row in proposals]
    bound = set(Customer.objects.filter(uid__in=uids).values_list("uid", flat=True))
    return {
        row.pk: _("Confirm by word: the account %(uid)s at the exchange is this customer")
        % {"uid": row.details["uid"]}
        for row in proposals
        if (intent := intents.get(row.subject_id)) is not None
        and (unproven_uid(intent), intent.attempts_made) == (row.details["uid"], row.details["attempts"])
        and row.details["uid"] not in bound
    }


def _confirm(
    intent_id: UUID,
    uid: str,
    reason: str,
    actor: User,
    eyes: Eyes,
    *,
    proposed_by: User | None = None,
    attempts: int | None = None,
) -> Confirmation:
    """In the caller's transaction, which is to be undone where this raises."""
    intent = Intent.objects.filter(pk=intent_id).first()
    if intent is None:
        raise _moved()
    # First the lane, as whoever delivers takes it: two who lock in one order don't lock each other out.
    claim = take_lane(intent, BY_STAFF)
    if claim is None:
        raise UnderWay
    intent = _waiting_for_a_word(intent_id, uid)
    if attempts not in (None, intent.attempts_made) or not resolve(
        intent,
        claim,
        IntentState.DONE,
        outcome="applied",
        evidence=EVIDENCE,
        was=IntentState.WAITING_FOR_STAFF,
    ):
        raise _moved()
    if not _may_be_ours(intent):
        # Whoever made the account may have sent its documents, too.
        doubt_uploads(claim, "sent_elsewhere")
    elif settings.RECOVERY_EPOCH_MS is not None:
        doubt_uploads(claim, "restored")
    # Its owners' uids are asked for with the first document of each.
    if bind(claim, uid, (), "customer.adopted", evidence=EVIDENCE) is not None:
        raise _moved()
    confirmation = Confirmation.objects.create(
        customer_id=intent.lane_id, uid=uid, proposed_by=proposed_by, confirmed_by=actor, eyes=eyes
    )
    audit.record(
        actor=actor,
        action=ACTION,
        subject_type="intent",
        subject_id=intent.pk,
        customer_id=intent.lane_id,
        merchant_uid=intent.merchant_uid,
        reason=reason,
        details={
            **{"uid": uid, "evidence": EVIDENCE, "eyes": str(eyes)},
            **({"proposed_by": str(proposed_by.pk)} if proposed_by else {}),
        },
        changes={"state": (IntentState.WAITING_FOR_STAFF.value, IntentState.DONE.value)},
    )
    transaction.on_commit(ring)
    log.info("confirmed intent=%s eyes=%s", intent.pk, eyes)
    return confirmation


def _waiting_for_a_word(intent_id: UUID, uid: str) -> Intent:
    """The intent, locked, that waits for a word on exactly this account, which nobody here has."""
    intent = Intent.objects.select_for_update().filter(pk=intent_id).first()
    if intent is None or not uid or unproven_uid(intent) != uid:
        raise _moved()
    customer = Customer.objects.filter(pk=intent.lane_id).first()
    if customer is None or customer.uid is not None or customer.is_editable:
        raise _moved()
    if Customer.objects.filter(uid=uid).exists():
        raise NotAllowedNow(
            _("Another customer here has this account, so it can't be this one's. Nothing was changed.")
        )
    return intent


def _may_be_ours(intent: Intent) -> bool:
    """Whether a create of ours whose reply was lost may have made the account."""
    return Attempt.objects.filter(
        intent__subject_id=intent.subject_id, intent__topic=Topic.CREATE, outcome="unknown"
    ).exists()


def _moved() -> NotAllowedNow:
    return NotAllowedNow(
        _("It does not wait for a word on this account any more. Nothing was changed; load the page again.")
    )
