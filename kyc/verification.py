"""Verification comes back: the exchange's lists are read page by page, details only for what changed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts import policy
from accounts.models import User
from customers.choices import OPEN_AT_EXCHANGE_STAGES
from customers.models import Customer, Merchant
from exchange.client import CustomerRow, ExchangeClient, ExchangeError, Refused, ReplyTooLarge
from exchange.outbox.enqueueing import in_chunks
from kyc.verdicts import apply_verdict, stage_said

log = logging.getLogger(__name__)

# The exchange's largest page, and what is asked for at the least when its answers are too large.
PAGE_ROWS, LEAST_ROWS = 1000, 50
# No list has so many pages; a server that never ends one must not hold us for ever.
MOST_PAGES = 10_000


@dataclass(slots=True)
class Polled:
    """What a poll found.

    `unknown_here`: at the exchange and not with us. `missing_there`: open with us and in no list.
    `unread`: details that could not be had; the next poll asks again.
    """

    merchants: int = 0
    pages: int = 0
    seen: int = 0
    details: int = 0
    changed: int = 0
    unknown_here: int = 0
    missing_there: int = 0
    unread: int = 0

    def add(self, other: Polled) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def anything_open() -> bool:
    """Whether any customer waits for the exchange's word."""
    return Customer.objects.filter(stage__in=OPEN_AT_EXCHANGE_STAGES).exists()


def poll_verifications(
    client: ExchangeClient, *, actor: User, merchants: Sequence[Merchant] | None = None
) -> Polled:
    """Read the lists of all merchants with open customers (or of those given) and apply what changed.

    Raises ExchangeError where a list can't be read; what was applied until then stays.
    """
    policy.require(actor, "verification.poll")
    total = Polled()
    if merchants is None:
        merchants = list(
            Merchant.objects.filter(customers__stage__in=OPEN_AT_EXCHANGE_STAGES).distinct().order_by("uid")
        )
    for merchant in merchants:
        total.add(_poll_merchant(client, merchant, actor))
    return total


def _poll_merchant(client: ExchangeClient, merchant: Merchant, actor: User) -> Polled:
    polled = Polled(merchants=1)
    seen: set[str] = set()
    begun_at = timezone.now()
    for rows in _pages(client, merchant.exchange_uid):
        polled.pages += 1
        # Rows move between pages while others are created, and may come twice: by uid, each once.
        fresh = {row.uid: row for row in rows if row.uid not in seen}
        seen |= fresh.keys()
        known: dict[str, Customer] = {}
        for chunk in in_chunks(list(fresh)):
            for customer in Customer.objects.select_related("merchant").filter(uid__in=chunk):
                known[customer.uid or ""] = customer
        polled.seen += len(known)
        # The own list names every merchant's customers: those are theirs to count, but known all the same.
        polled.unknown_here += len(fresh) - len(known)
        mine = {uid: customer for uid, customer in known.items() if customer.merchant_id == merchant.pk}
        for uid, customer in mine.items():
            if _says_enough(customer, fresh[uid]):
                _take_over(customer, fresh[uid].state, fresh[uid].kyc_status, actor, polled)
            elif _differs(customer, fresh[uid]):
                _look_closer(client, customer, fresh[uid], actor, polled)
        Customer.objects.filter(
            pk__in=[customer.pk for customer in mine.values()], stage__in=OPEN_AT_EXCHANGE_STAGES
        ).update(polled_at=timezone.now())
    # Who was created while the list was read may be in none of its pages.
    open_here = Customer.objects.filter(
        merchant=merchant, stage__in=OPEN_AT_EXCHANGE_STAGES, at_exchange_at__lt=begun_at
    )
    polled.missing_there = sum(uid not in seen for uid in open_here.values_list("uid", flat=True))
    if polled.missing_there:
        log.warning("customers_missing_there merchant=%s count=%s", merchant.uid, polled.missing_there)
    return polled


def _differs(customer: Customer, row: CustomerRow) -> bool:
    """Whether a list row says something else than we hold. What it leaves out says nothing, unless we never
    looked: lists may carry less than details do."""
    if not customer.exchange_state and not customer.kyc_status:
        return True
    return (row.state is not None and row.state != customer.exchange_state) or (
        row.kyc_status is not None and row.kyc_status != customer.kyc_status
    )


def _says_enough(customer: Customer, row: CustomerRow) -> bool:
    """Whether the first word about a customer is that nothing is decided yet: no call for each of thousands
    that were created just now. What is decided is read in full."""
    is_first = not customer.exchange_state and not customer.kyc_status
    if not is_first or row.kyc_status is None or row.state is None:
        return False
    return stage_said(customer.entity_type, row.state, row.kyc_status) is None


def _look_closer(
    client: ExchangeClient, customer: Customer, row: CustomerRow, actor: User, polled: Polled
) -> None:
    polled.details += 1
    try:
        detail = client.get_customer(row.uid)
    except Refused as error:
        # It stands in the list and can't be read: one customer's matter, the others go on.
        log.warning("detail_unread customer=%s status=%s", customer.pk, error.status)
        polled.unread += 1
        return
    except ExchangeError as error:
        if not error.is_safe_to_repeat or error.pauses_key:
            raise
        log.warning("detail_unread customer=%s reason=%s", customer.pk, error.reason)
        polled.unread += 1
        return
    state = detail.state if detail.state is not None else row.state
    status = detail.kyc_status if detail.kyc_status is not None else row.kyc_status
    _take_over(customer, state, status, actor, polled)


def _take_over(
    customer: Customer, state: str | None, status: str | None, actor: User, polled: Polled
) -> None:
    with transaction.atomic():
        polled.changed += apply_verdict(
            customer=customer, exchange_state=state, kyc_status=status, at=timezone.now(), actor=actor
        )


def _pages(client: ExchangeClient, merchant_uid: str | None) -> Iterator[tuple[CustomerRow, ...]]:
    """The list's pages to its end. Where an answer is over the cap, smaller pages from the start."""
    limit, page, read = PAGE_ROWS, 1, 0
    while page <= MOST_PAGES:
        try:
            answer = client.list_customers(page=page, limit=limit, merchant_uid=merchant_uid)
        except ReplyTooLarge:
            if limit <= LEAST_ROWS:
                raise
            # What was read already comes again and is recognised by its uid.
            limit, page, read = max(LEAST_ROWS, limit // 2), 1, 0
            continue
        yield answer.rows
        rows = len(answer.rows) + answer.unreadable
        read += rows
        # A server may serve fewer rows a page than asked for: the total leads where it is told.
        is_end = read >= answer.total if answer.total is not None else rows < limit
        if rows == 0 or is_end:
            return
        page += 1
