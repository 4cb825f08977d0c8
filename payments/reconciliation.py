"""Unknown payment references: found at the exchange by their own webhook address, or proved absent.

This is the outbox's reconciler (`OUTBOX_RECONCILER`): customers and documents first, as `kyc` does them.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import InterfaceError, OperationalError

from customers.models import Customer
from exchange.client import ExchangeClient, ExchangeError, Outcome, Page, Refused
from exchange.client import PaymentReference as ExchangeReference
from exchange.outbox.choices import LOOKS_FIRST, IntentState, Reason, Topic
from exchange.outbox.database import now_ms, short_transaction
from exchange.outbox.doorbell import ring
from exchange.outbox.looks import Adopt, Case, Decision, ForStaff, Pace, Seen, SendAgain, judge, pace_of
from exchange.outbox.models import Attempt, Intent
from exchange.outbox.reconciling import Looked
from exchange.outbox.resolving import look_later, resolve, take_lane, wait_for_staff
from exchange.outbox.scanning import Listing, read_list
from kyc.reconciliation import resolving as kyc
from kyc.reconciliation.resolving import recover
from payments.delivery import bind
from payments.matching import age, has_address, may_be, shows_an_address
from payments.models import PaymentReference

__all__ = ["reconcile", "recover"]

log = logging.getLogger(__name__)

# The exchange's largest page of payment references, 002:3053.
PAGE_ROWS = 100
LEAST_LOOK_MS = 50


@dataclass(slots=True)
class Sought:
    """One reference that is looked for."""

    intent: Intent
    reference: PaymentReference
    case: Case


def reconcile(merchant_uid: str, client: ExchangeClient, worker: str, turn: Callable[[], None]) -> Looked:
    """One look for all of the merchant whose outcome is unknown. Raises ExchangeError."""
    looked = kyc.reconcile(merchant_uid, client, worker, turn)
    pace = pace_of(settings.OUTBOX_SETTLE_SECONDS)
    calls = resolve_references(merchant_uid, client, worker, pace, turn)
    return replace(looked, calls=looked.calls + calls)


def resolve_references(
    merchant_uid: str, client: ExchangeClient, worker: str, pace: Pace, turn: Callable[[], None]
) -> int:
    """Read each customer's list once and act on what is looked for in it; how many calls it took.

    Raises ExchangeError where nothing can be read; what was found before stays found.
    """
    calls = 0
    for customer, sought in _sought(merchant_uid).items():
        started_ms = now_ms()
        try:
            listing = _list_of(client, customer.uid or "", turn)
            unmarked, asked = _unmarked(client, listing, turn)
        except Refused as error:
            # This customer's list alone: the others' may well be read.
            log.warning("payments_refused customer=%s status=%s", customer.pk, error.status)
            refused = ForStaff(Reason.PAYMENT_OUTCOME_UNKNOWN, f"list_refused.{error.status}")
            for one in sought:
                _act(one, refused, (), worker, pace)
            continue
        calls += listing.calls + asked
        for one in sought:
            _resolve(one, started_ms, listing, unmarked, worker, pace)
    return calls


def _sought(merchant_uid: str) -> dict[Customer, list[Sought]]:
    """What is due to be looked for, by customer; four queries."""
    intents = Intent.objects.filter(
        merchant_uid=merchant_uid,
        topic=Topic.PAYMENT_REFERENCE,
        state=IntentState.UNKNOWN,
        look_ms__lte=now_ms(),
    )
    by_subject = {intent.subject_id: intent for intent in intents}
    references = PaymentReference.objects.filter(pk__in=by_subject).select_related("customer__merchant")
    doubtful = set(
        Attempt.objects.filter(intent__in=by_subject.values(), outcome="unknown").values_list(
            "intent_id", flat=True
        )
    )
    found: dict[Customer, list[Sought]] = defaultdict(list)
    for reference in references:
        intent = by_subject.pop(reference.pk)
        case = _case(intent, had_unknown=intent.pk in doubtful)
        found[reference.customer].append(Sought(intent, reference, case))
    for intent in by_subject.values():
        # Nobody is left to look for.
        now = now_ms()
        Intent.objects.filter(pk=intent.pk, state=IntentState.UNKNOWN).update(
            state=IntentState.GIVEN_UP, error_code="payment_reference_gone", look_ms=None, done_ms=now
        )
    return found


def _case(intent: Intent, *, had_unknown: bool) -> Case:
    return Case(
        unknown_ms=intent.unknown_ms or intent.updated_ms,
        clean_ms=intent.clean_ms,
        rounds=intent.unknown_tries,
        had_unknown=had_unknown,
        looks_first=intent.error_code == LOOKS_FIRST,
        unknown_reason=Reason.PAYMENT_OUTCOME_UNKNOWN.value,
    )


def _list_of(client: ExchangeClient, uid: str, turn: Callable[[], None]) -> Listing[ExchangeReference]:
    def page_of(page: int, limit: int) -> Page[ExchangeReference]:
        turn()
        return client.list_payment_references(uid, page=page, limit=limit)

    return read_list(page_of, lambda row: row.id, PAGE_ROWS)


def _unmarked(
    client: ExchangeClient, listing: Listing[ExchangeReference], turn: Callable[[], None]
) -> tuple[list[ExchangeReference], int]:
    """Rows of nobody here whose webhook address neither the list nor the details show, and how many details
    were asked for. A row whose details show it takes the row's place in the listing."""
    bare = [row for row in listing.rows.values() if not shows_an_address(row)]
    ours = set(
        PaymentReference.objects.filter(exchange_id__in=[row.id for row in bare]).values_list(
            "exchange_id", flat=True
        )
    )
    unmarked, asked = [], 0
    for row in bare:
        if row.id in ours:
            continue
        turn()
        asked += 1
        try:
            shown = client.get_payment_reference(row.id)
        except ExchangeError as error:
            if error.outcome is not Outcome.UNKNOWN and not isinstance(error, Refused):
                raise
            shown = row
        if shows_an_address(shown):
            listing.rows[row.id] = shown
        else:
            unmarked.append(row)
    return unmarked, asked


def _resolve(
    one: Sought,
    started_ms: int,
    listing: Listing[ExchangeReference],
    unmarked: Sequence[ExchangeReference],
    worker: str,
    pace: Pace,
) -> None:
    try:
        url = one.reference.webhook_url
        matches = sorted((row for row in listing.rows.values() if has_address(row, url)), key=age)
        seen = Seen(
            started_ms,
            tuple(row.id for row in matches),
            listing.is_whole,
            # A row without an id could be any.
            is_blind=bool(listing.unreadable) or any(may_be(one.reference, row) for row in unmarked),
        )
        _act(one, judge(one.case, seen, pace), matches, worker, pace)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        # One whose address does not open must not keep the others from being found.
        log.exception("look_failed intent=%s error=%s", one.intent.pk, type(error).__name__)
        one.intent.refresh_from_db()
        failed = ForStaff(Reason.PAYMENT_OUTCOME_UNKNOWN, f"look_failed.{type(error).__name__}")
        _act(one, failed, (), worker, pace)


def _act(
    one: Sought, decision: Decision, matches: Sequence[ExchangeReference], worker: str, pace: Pace
) -> None:
    if isinstance(decision, Adopt):
        done = _adopt(one, matches, worker)
    elif isinstance(decision, SendAgain):
        done = _move(one, IntentState.PENDING, "absent_twice", worker)
    elif isinstance(decision, ForStaff):
        done = _hand_over(one, decision, worker)
    else:
        look_later(one.intent, decision.at_ms, decision.clean_ms)
        return
    if not done:
        # A worker holds its lane: what was seen is seen again.
        look_later(one.intent, now_ms() + max(LEAST_LOOK_MS, pace.quick_ms[1]), one.case.clean_ms)


def _adopt(one: Sought, matches: Sequence[ExchangeReference], worker: str) -> bool:
    """The oldest is ours; False where a worker holds the lane or the intent has moved."""
    there, *others = matches
    with short_transaction():
        claim = take_lane(one.intent, worker)
        if claim is None or not resolve(
            one.intent, claim, IntentState.DONE, outcome="applied", evidence="webhook_url"
        ):
            return False
        ids = [row.id for row in others]
        reason = bind(one.intent, claim, there, "payment_reference.adopted", others=ids)
        if reason is None and others:
            reason = Reason.PAYMENT_EXISTS_TWICE
        if reason is not None:
            wait_for_staff(one.intent, reason, f"also:{','.join(ids)}" if ids else "")
    ring()
    log.info("payment_adopted intent=%s reason=%s", one.intent.pk, reason or "")
    return True


def _hand_over(one: Sought, decision: ForStaff, worker: str) -> bool:
    evidence = decision.code.partition(":")[0] or "absent_twice"
    return _move(
        one, IntentState.WAITING_FOR_STAFF, evidence, worker, reason=decision.reason, code=decision.code
    )


def _move(
    one: Sought, state: IntentState, evidence: str, worker: str, *, reason: str = "", code: str = ""
) -> bool:
    with short_transaction():
        claim = take_lane(one.intent, worker)
        if claim is None:
            return False
        done = resolve(
            one.intent,
            claim,
            state,
            outcome="" if reason else "not_applied",
            evidence=evidence,
            reason=reason,
            code=code,
        )
    ring()
    log.info("payment_resolved intent=%s state=%s reason=%s", one.intent.pk, state, reason)
    return done
