"""The merchants under the aggregator, as the exchange lists them (002:3217)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts import audit, policy
from accounts.masking import changes
from accounts.models import User
from customers.models import Merchant
from exchange.client import ExchangeClient
from exchange.client.errors import ReplyTooLarge
from exchange.client.types import Merchant as ExchangeMerchant

# Their rows are whole businesses, so a page of many can pass the client's cap on an answer.
PAGE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Pulled:
    """How many merchants the exchange lists, and how many of them were new or had changed."""

    listed: int
    new: int
    changed: int


def pull_merchants(client: ExchangeClient, *, actor: User) -> Pulled:
    """Take over what the exchange says about each merchant; contact, notes and settings stay ours.

    Raises ExchangeError when it can't be asked. A merchant that is not listed any more is kept.
    """
    policy.require(actor, "merchant.pull")
    listed = list_merchants(client)
    now = timezone.now()
    with transaction.atomic():
        held = {merchant.uid: merchant for merchant in Merchant.objects.filter(uid__in=listed)}
        new: list[Merchant] = []
        changed: list[tuple[Merchant, dict[str, tuple[str, str]]]] = []
        for uid, found in listed.items():
            facts = {
                "name": (found.name or "")[:255],
                "email": (found.email or "")[:254],
                "exchange_state": (found.state or "")[:50],
            }
            merchant = held.get(uid)
            if merchant is None:
                new.append(Merchant(uid=uid, pulled_at=now, **facts))
                continue
            pairs = {name: (getattr(merchant, name), value) for name, value in facts.items()}
            if differing := {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}:
                changed.append((merchant, differing))
            for name, value in facts.items():
                setattr(merchant, name, value)
            merchant.pulled_at = now
        # Of two pulls at once, one finds the other's rows there; both have read the same list.
        Merchant.objects.bulk_create(new, ignore_conflicts=True)
        Merchant.objects.bulk_update(
            held.values(), ["name", "email", "exchange_state", "pulled_at"], batch_size=500
        )
        pulled = Pulled(len(listed), len(new), len(changed))
        audit.record_many(
            [
                audit.entry(
                    actor=actor,
                    action="merchant.pull",
                    subject_type="merchant",
                    subject_id=None,
                    details={"listed": pulled.listed, "new": pulled.new, "changed": pulled.changed},
                ),
                *(_entry(merchant, "merchant.new", {}, actor) for merchant in new),
                *(_entry(merchant, "merchant.changed", pairs, actor) for merchant, pairs in changed),
            ]
        )
    return pulled


def _entry(
    merchant: Merchant, action: str, pairs: dict[str, tuple[str, str]], actor: User
) -> audit.AuditEntry:
    return audit.entry(
        actor=actor,
        action=action,
        subject_type="merchant",
        subject_id=merchant.pk,
        merchant_uid=merchant.uid,
        changes=changes(pairs, shown=("name", "exchange_state")),
    )


def list_merchants(client: ExchangeClient) -> dict[str, ExchangeMerchant]:
    """Every merchant by uid. Rows shift between pages, so it goes on until a page brings nobody new."""
    found: dict[str, ExchangeMerchant] = {}
    limit, page = PAGE_ROWS, 1
    while True:
        try:
            answer = client.list_merchants(page=page, limit=limit)
        except ReplyTooLarge:
            if limit == 1:
                raise
            limit, page = max(1, limit // 4), 1
            continue
        fresh = {row.uid: row for row in answer.rows if row.uid not in found and len(row.uid) <= 100}
        rows = len(answer.rows) + answer.unreadable
        found |= fresh
        enough = answer.total is not None and page * limit >= answer.total
        if rows < limit or enough or (not fresh and page > 1 and limit == PAGE_ROWS):
            return found
        page += 1
