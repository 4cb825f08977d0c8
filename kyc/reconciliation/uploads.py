"""Unknown uploads: there is no way to ask what arrived, so each is sent once more, and its flag stays."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence

from customers.models import Customer
from exchange.client import ExchangeClient, ExchangeError, Outcome, Refused
from exchange.outbox.choices import LOOKS_FIRST, IntentState, Reason, Topic
from exchange.outbox.database import now_ms, short_transaction
from exchange.outbox.doorbell import ring
from exchange.outbox.handlers import handler_for
from exchange.outbox.looks import Pace
from exchange.outbox.models import Attempt, Intent
from exchange.outbox.resolving import doubt, look_later, resolve, take_lane

log = logging.getLogger(__name__)


def due_uploads(merchant_uid: str) -> list[Intent]:
    """Unknown uploads of the merchant whose settle time is over."""
    return list(
        Intent.objects.filter(
            merchant_uid=merchant_uid,
            topic=Topic.UPLOAD,
            state=IntentState.UNKNOWN,
            look_ms__lte=now_ms(),
        ).order_by("lane_id", "position")
    )


def resolve_uploads(merchant_uid: str, client: ExchangeClient, worker: str, pace: Pace) -> int:
    """Ask once for each customer with due uploads, then let them be sent again; how many calls it took."""
    by_lane: dict[object, list[Intent]] = defaultdict(list)
    for intent in due_uploads(merchant_uid):
        by_lane[intent.lane_id].append(intent)
    customers = Customer.objects.select_related("merchant").in_bulk(list(by_lane))
    calls = 0
    for lane, intents in by_lane.items():
        customer = customers.get(lane)
        hint = "" if customer is None or not customer.uid else _ask(client, customer.uid)
        calls += 1
        if hint is None:
            for intent in intents:
                look_later(intent, now_ms() + max(50, pace.quick_ms[1]), None)
        else:
            _settle(intents, hint, worker, pace)
    return calls


def _ask(client: ExchangeClient, uid: str) -> str | None:
    """What the account's details hint at: its verification. "gone" where there is no such account; None where
    they can't be read now. Raises where nothing can."""
    try:
        there = client.get_customer(uid)
    except Refused as error:
        return "gone" if error.status == 404 else ""
    except ExchangeError as error:
        if error.outcome is not Outcome.UNKNOWN:
            raise
        return None
    return (there.kyc_status or there.state or "")[:20]


def _settle(intents: Sequence[Intent], hint: str, worker: str, pace: Pace) -> None:
    with short_transaction():
        claim = take_lane(intents[0], worker)
        if claim is None:
            for intent in intents:
                look_later(intent, now_ms() + max(50, pace.quick_ms[0]), None)
            return
        answered = set(
            Attempt.objects.filter(intent__in=intents, outcome="applied").values_list("intent_id", flat=True)
        )
        for intent in intents:
            handler = handler_for(intent.topic)
            if intent.pk in answered:
                # The answer had come, only our own records could not follow it then.
                if resolve(intent, claim, IntentState.DONE, outcome="applied", evidence="answered"):
                    handler.applied(intent, claim, None)
            elif hint == "gone":
                resolve(
                    intent,
                    claim,
                    IntentState.WAITING_FOR_STAFF,
                    outcome="",
                    evidence="gone",
                    reason=Reason.UPLOAD_OUTCOME_UNKNOWN,
                    code="no_such_account",
                )
            else:
                # A hint, never proof: it is kept, and the document is sent once more, the same bytes.
                evidence = f"hint:{hint}" if hint else "no_hint"
                is_first = intent.error_code == LOOKS_FIRST
                done = resolve(intent, claim, IntentState.PENDING, outcome="", evidence=evidence)
                if done and is_first and doubt(intent, claim, "restored"):
                    handler.unknown(intent, claim)
    ring()
    log.info("uploads_settled lane=%s count=%s", intents[0].lane_id, len(intents))
