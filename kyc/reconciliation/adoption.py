"""An account at the exchange is ours: bound as if its reply had come, with the evidence on record."""

from __future__ import annotations

import logging
from uuid import UUID

from customers.indexes import keys_of_record
from customers.models import Customer
from exchange.client import Customer as ExchangeCustomer
from exchange.outbox.choices import IntentState, Reason, Topic
from exchange.outbox.claiming import Claim
from exchange.outbox.database import short_transaction
from exchange.outbox.doorbell import ring
from exchange.outbox.handlers import handler_for
from exchange.outbox.looks import Adopt, ForStaff
from exchange.outbox.models import Intent
from exchange.outbox.resolving import doubt, resolve, take_lane, wait_for_staff
from kyc.delivery.create_customer import bind
from kyc.reconciliation.cases import UnknownCreate

log = logging.getLogger(__name__)


def adopt(found: UnknownCreate, decision: Adopt, there: ExchangeCustomer, evidence: str, worker: str) -> bool:
    """Bind the account; False where a worker holds the lane or the intent has moved: the next look sees."""
    intent = found.intent
    with short_transaction():
        claim = take_lane(intent, worker)
        if claim is None or not resolve(
            intent, claim, IntentState.DONE, outcome="applied", evidence=evidence
        ):
            return False
        if found.case.looks_first or not found.case.had_unknown:
            # Whoever made the account may have sent its documents, too.
            doubt_uploads(claim, "sent_elsewhere" if decision.is_foreign else "restored")
        reason = bind(
            claim,
            decision.uid,
            there.ubos,
            "customer.adopted",
            evidence=evidence,
            others=list(decision.others),
            is_foreign=decision.is_foreign,
        )
        code = f"also:{','.join(decision.others)}" if decision.others else ""
        if reason is None and decision.others:
            reason = Reason.EXISTS_MORE_THAN_ONCE
        elif reason is None and decision.is_foreign:
            reason = Reason.FOREIGN_SENDER
        if reason is not None:
            wait_for_staff(intent, reason, code)
    ring()
    log.info("adopted intent=%s evidence=%s reason=%s", intent.pk, evidence, reason or "")
    return True


def send_again(found: UnknownCreate, worker: str) -> bool:
    """It is not there: the create is due again, with the same content."""
    intent = found.intent
    with short_transaction():
        claim = take_lane(intent, worker)
        done = claim is not None and resolve(
            intent, claim, IntentState.PENDING, outcome="not_applied", evidence="absent_twice"
        )
    if done:
        ring()
        log.info("absent intent=%s rounds=%s", intent.pk, found.case.rounds)
    return done


def hand_over(found: UnknownCreate, decision: ForStaff, worker: str) -> bool:
    """A person decides; a customer whose e-mail is someone else's is thawed, so that it can be mended."""
    intent, reason = found.intent, Reason(decision.reason)
    code = decision.code or _same_person(found.customer, reason)
    with short_transaction():
        claim = take_lane(intent, worker)
        if claim is None:
            return False
        done = resolve(
            intent,
            claim,
            IntentState.WAITING_FOR_STAFF,
            outcome="" if reason == Reason.CREATE_OUTCOME_UNKNOWN else "not_applied",
            evidence=decision.code.partition(":")[0] or "absent_twice",
            reason=reason,
            code=code,
        )
        if done:
            handler_for(intent.topic).stopped(intent, claim, reason)
    log.info("handed_over intent=%s reason=%s code=%s", intent.pk, reason, decision.code)
    return done


def doubt_uploads(claim: Claim, cause: str, subject_ids: list[UUID] | None = None) -> int:
    """The customer's documents may be there already: flagged, each with the unknown attempt behind it."""
    intents = Intent.objects.filter(lane_id=claim.lane, topic=Topic.UPLOAD, state=IntentState.PENDING)
    if subject_ids is not None:
        intents = intents.filter(subject_id__in=subject_ids)
    doubted = 0
    for intent in intents:
        if doubt(intent, claim, cause):
            handler_for(intent.topic).unknown(intent, claim)
            doubted += 1
    return doubted


def _same_person(customer: Customer, reason: Reason) -> str:
    """A customer of the same merchant with the same ID number that the exchange has, as a hint for staff."""
    if reason != Reason.EMAIL_TAKEN_ELSEWHERE or not customer.id_number_index:
        return ""
    _phone, id_number = keys_of_record(customer)
    other = (
        Customer.objects.filter(
            merchant_id=customer.merchant_id, id_number_index__in=id_number, uid__isnull=False
        )
        .exclude(pk=customer.pk)
        .values_list("reference", flat=True)
        .first()
    )
    return f"same_id_number:{other}" if other else "email_taken"
