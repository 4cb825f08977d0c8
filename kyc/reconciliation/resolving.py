"""What the outbox's reconciler calls; `exchange.outbox.reconciling` says when."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from customers.models import Merchant
from exchange.client import ExchangeClient
from exchange.outbox.looks import pace_of
from exchange.outbox.reconciling import Looked
from kyc.reconciliation.creates import resolve_creates
from kyc.reconciliation.restore import recover
from kyc.reconciliation.uploads import resolve_uploads

__all__ = ["reconcile", "recover"]


def reconcile(merchant_uid: str, client: ExchangeClient, worker: str, turn: Callable[[], None]) -> Looked:
    """One scan of the merchant's list for all its unknown creates, and its unknown uploads that are due."""
    pace = pace_of(settings.OUTBOX_SETTLE_SECONDS)
    merchant = Merchant.objects.get(uid=merchant_uid)
    resolve_uploads(merchant_uid, client, worker, pace)
    return resolve_creates(merchant, client, worker, pace, turn)
