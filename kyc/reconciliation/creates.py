"""Unknown creates of one merchant: all of them against one scan of its list."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import Error

from customers.models import Merchant
from exchange.client import Customer as ExchangeCustomer
from exchange.client import CustomerRow, ExchangeClient, ExchangeError, Outcome, Page, Refused
from exchange.outbox.choices import Reason
from exchange.outbox.database import now_ms
from exchange.outbox.decisions import CONTRADICTS, UNPROVEN
from exchange.outbox.looks import Adopt, Decision, ForStaff, Pace, Seen, SendAgain, judge
from exchange.outbox.reconciling import Looked
from exchange.outbox.resolving import look_later
from exchange.outbox.scan_turns import wait_for_scan_turn
from exchange.outbox.scanning import Listing, read_list
from kyc.reconciliation.adoption import adopt, hand_over, send_again
from kyc.reconciliation.cases import Known, UnknownCreate, is_blind, known_of, told_of, unknown_creates
from kyc.reconciliation.matching import Mark, borne_out, contradictions, evidence_of, find_marked

log = logging.getLogger(__name__)

# Details may be asked for again where the answer was lost: reading changes nothing.
MOST_ASKS = 4
LEAST_LOOK_MS = 50


def scan_merchant(
    client: ExchangeClient, merchant: Merchant, turn: Callable[[], None] = wait_for_scan_turn
) -> Listing[CustomerRow]:
    """The merchant's whole list; the aggregator's own names the customers of all.

    `turn` is called before each page; by default it waits for the scans' share of the rate.
    """
    uid = merchant.exchange_uid

    def page_of(page: int, limit: int) -> Page[CustomerRow]:
        turn()
        return client.list_customers(page=page, limit=limit, merchant_uid=uid)

    return read_list(page_of, lambda row: row.uid)


def resolve_creates(
    merchant: Merchant, client: ExchangeClient, worker: str, pace: Pace, turn: Callable[[], None]
) -> Looked:
    """Scan the merchant's list once and act on every unknown create of it. Raises ExchangeError.

    What was found before the exchange stopped answering stays; the rest is looked for again.
    """
    cases = unknown_creates(merchant.uid)
    if not cases:
        return Looked()
    started_ms = now_ms()
    listing = scan_merchant(client, merchant, turn)
    rows = list(listing.rows.values())
    known = known_of(rows)
    marked = find_marked(rows, [case.mark for case in cases])
    blind = is_blind(rows, known)
    for found in cases:
        matches = _unbound(marked.get(found.mark, []), found.mark, known)
        seen = Seen(started_ms, tuple(row.uid for row in matches), listing.is_whole, blind)
        decision = judge(found.case, seen, pace)
        try:
            _act(found, decision, matches, client, worker, pace)
        except (ExchangeError, Error):
            raise
        except Exception as error:
            # One record that can't be read must not keep the others from being found.
            log.exception("look_failed intent=%s error=%s", found.intent.pk, type(error).__name__)
            code = f"look_failed.{type(error).__name__}"
            hand_over(found, ForStaff(Reason.CREATE_OUTCOME_UNKNOWN, code), worker)
    return Looked(listing.calls, len(rows), listing.is_whole)


def _unbound(matches: list[CustomerRow], mark: Mark, known: Known) -> list[CustomerRow]:
    return [row for row in matches if known.bound.get(row.uid, mark) == mark]


def _act(
    found: UnknownCreate,
    decision: Decision,
    matches: list[CustomerRow],
    client: ExchangeClient,
    worker: str,
    pace: Pace,
) -> None:
    if isinstance(decision, Adopt):
        there = _details(client, decision.uid)
        done = there is not None and _take(found, decision, matches[0], there, worker)
    elif isinstance(decision, SendAgain):
        done = send_again(found, worker)
    elif isinstance(decision, ForStaff):
        done = hand_over(found, decision, worker)
    else:
        look_later(found.intent, decision.at_ms, decision.clean_ms)
        return
    if not done:
        # Its details can't be read now, or a worker holds its lane: what was seen is seen again.
        look_later(found.intent, now_ms() + max(LEAST_LOOK_MS, pace.quick_ms[1]), found.case.clean_ms)


def _take(
    found: UnknownCreate, decision: Adopt, row: CustomerRow, there: ExchangeCustomer, worker: str
) -> bool:
    """Adopt the account, unless its details say that it is another's or, without a token, don't say whose."""
    told, evidence = told_of(found.customer), evidence_of(row, found.mark)
    if against := list(contradictions(told, there, by_reference=evidence != "token")):
        code = f"{CONTRADICTS}{decision.uid}:{','.join(against)}"
        return hand_over(found, ForStaff(Reason.FOREIGN_SENDER, code), worker)
    if evidence != "token" and not any(borne_out(told, there)):
        code = f"{UNPROVEN}{decision.uid}"
        return hand_over(found, ForStaff(Reason.CREATE_OUTCOME_UNKNOWN, code), worker)
    return adopt(found, decision, there, evidence, worker)


def _details(client: ExchangeClient, uid: str) -> ExchangeCustomer | None:
    """The account in full; None where this one can't be read now. Raises where nothing can."""
    ask: Callable[[], ExchangeCustomer] = lambda: client.get_customer(uid)  # noqa: E731
    for _ in range(MOST_ASKS):
        try:
            return ask()
        except Refused as error:
            log.warning("details_refused status=%s", error.status)
            return None
        except ExchangeError as error:
            if error.outcome is not Outcome.UNKNOWN:
                raise
    return None
