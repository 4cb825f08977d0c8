"""Accounts at the exchange that carry our token and that no customer here is bound to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from accounts import audit, policy
from accounts.models import User
from customers.models import Customer, Merchant
from exchange.client import CustomerRow, ExchangeClient
from exchange.outbox.database import now_ms, short_transaction
from exchange.outbox.enqueueing import in_chunks
from exchange.outbox.models import Orphan
from exchange.outbox.scan_turns import wait_for_scan_turn
from kyc.reconciliation.creates import scan_merchant
from kyc.reconciliation.matching import references_in, token_form_in

log = logging.getLogger(__name__)


@dataclass(slots=True)
class OrphanScan:
    """What a scan of all lists came to. `is_whole`: no row of any list was missed."""

    merchants: int = 0
    rows: int = 0
    orphans: int = 0
    new: int = 0
    is_whole: bool = True


def find_orphans(
    client: ExchangeClient, *, actor: User, turn: Callable[[], None] = wait_for_scan_turn
) -> OrphanScan:
    """Scan the list of every merchant and keep what is orphaned there. Raises ExchangeError.

    What a whole scan does not show any more is forgotten. `turn`: as in `scan_merchant`.
    """
    policy.require(actor, "orphan.find")
    found, started_ms = OrphanScan(), now_ms()
    seen: set[str] = set()
    # The aggregator's own list names the customers of all merchants: what is theirs was seen before.
    for merchant in Merchant.objects.order_by("is_self", "uid"):
        listing = scan_merchant(client, merchant, turn)
        rows = [row for uid, row in listing.rows.items() if uid not in seen]
        seen |= listing.rows.keys()
        found.merchants += 1
        found.rows += len(rows)
        found.is_whole &= listing.is_whole
        orphans = [orphan for chunk in in_chunks(rows) for orphan in _orphans(chunk, merchant)]
        found.orphans += len(orphans)
        found.new += _keep(orphans, actor)
    if found.is_whole:
        Orphan.objects.filter(seen_ms__lt=started_ms).delete()
    if found.orphans:
        log.warning("orphans_found count=%s new=%s", found.orphans, found.new)
    return found


def _orphans(rows: Sequence[CustomerRow], merchant: Merchant) -> Iterable[Orphan]:
    tokens = {row.uid: token for row in rows if (token := token_form_in(row))}
    references = {name for row in rows if row.uid not in tokens for name in references_in(row)}
    by_token = _uids("token", tokens.values())
    by_reference = _uids("reference", references)
    now = now_ms()
    for row in rows:
        token = tokens.get(row.uid)
        if token is not None and token not in by_token:
            yield _orphan(row, merchant, Orphan.Kind.NO_CUSTOMER, token, "", now)
            continue
        held = [by_token[token]] if token else []
        held += [by_reference[name] for name in references_in(row) if not token and name in by_reference]
        for uid, reference, own_token in held[:1]:
            # Without a uid its create is under way or will be looked for: no orphan.
            if uid and uid != row.uid:
                yield _orphan(row, merchant, Orphan.Kind.EXTRA_COPY, own_token, reference, now)


def _uids(field: str, values: Iterable[str]) -> dict[str, tuple[str | None, str, str]]:
    """uid, reference and token of the customers here, by their token or reference."""
    found = {}
    for chunk in in_chunks(list(set(values))):
        rows = Customer.objects.filter(**{f"{field}__in": chunk})
        for key, uid, reference, token in rows.values_list(field, "uid", "reference", "token"):
            found[key] = (uid, reference, token)
    return found


def _orphan(
    row: CustomerRow, merchant: Merchant, kind: Orphan.Kind, token: str, reference: str, now: int
) -> Orphan:
    return Orphan(
        uid=row.uid[:100],
        merchant_uid=merchant.uid,
        kind=kind,
        token=token,
        custom_id=(row.custom_id or "")[:255],
        reference=reference,
        found_ms=now,
        seen_ms=now,
    )


def _keep(orphans: Sequence[Orphan], actor: User) -> int:
    """Write what is new with its audit row, and note that the rest was seen again; how many are new."""
    if not orphans:
        return 0
    with short_transaction():
        known = set(
            Orphan.objects.filter(uid__in=[orphan.uid for orphan in orphans]).values_list("uid", flat=True)
        )
        Orphan.objects.bulk_create(
            orphans,
            update_conflicts=True,
            unique_fields=["uid"],
            update_fields=["merchant_uid", "kind", "token", "custom_id", "reference", "seen_ms"],
        )
        new = [orphan for orphan in orphans if orphan.uid not in known]
        audit.record_many(
            audit.entry(
                actor=actor,
                action="orphan.found",
                subject_type="orphan",
                subject_id=None,
                merchant_uid=orphan.merchant_uid,
                details={"uid": orphan.uid, "kind": str(orphan.kind), "reference": orphan.reference},
            )
            for orphan in new
        )
    return len(new)
