"""Reading the lists and details, and what they differ in; nothing is written but the run's beat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from customers.models import Merchant
from exchange.client import CustomerRow, ExchangeClient, Refused
from exchange.outbox.enqueueing import in_chunks
from exchange.outbox.scanning import Listing
from kyc.drift.asking import NoSuchAccount, details_of
from kyc.drift.choices import Code, Kind
from kyc.drift.comparing import Held, code_of_stranger, differing_fields
from kyc.drift.details import differing_details
from kyc.drift.held import bound_uids, held_customers, marked_customers, particulars_of
from kyc.reconciliation.creates import scan_merchant
from kyc.reconciliation.matching import references_in, tokens_in

DETAILS_CHUNK = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """One subject on which the sides don't agree; `reference` and `customer_id` of the customer here."""

    merchant_uid: str
    kind: Kind
    code: Code
    uid: str
    reference: str = ""
    customer_id: UUID | None = None
    fields: tuple[str, ...] = ()


@dataclass(slots=True)
class Comparison:
    """What was found, by uid, and the numbers of how it was. `seen`: uid -> the merchant that listed it."""

    findings: dict[str, Finding] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    strangers: dict[str, CustomerRow] = field(default_factory=dict)
    merchants: int = 0
    under_way: int = 0
    details: int = 0
    unread: int = 0
    incomplete: list[str] = field(default_factory=list)


def compare(
    client: ExchangeClient, merchants: Sequence[Merchant], *, is_full: bool, beat: Callable[[], None]
) -> Comparison:
    """Compare these merchants' customers with their lists, and with `is_full` with their details.

    `beat` is called before each call of the exchange: with a rate that was cut, behind others, each may take
    a minute. Raises ExchangeError where the exchange can't be asked.
    """
    found = Comparison()
    asked = {merchant.uid for merchant in merchants}
    # Before any list is read: who is bound meanwhile need not be in a list that was read before.
    for uid in asked:
        found.held |= held_customers(uid)
    # The aggregator's own list names everybody: what is theirs was seen before.
    for merchant in sorted(merchants, key=lambda merchant: (merchant.is_self, merchant.uid)):
        listing = _listing(client, merchant, beat)
        found.merchants += 1
        if listing is None or not listing.is_whole:
            found.incomplete.append(merchant.uid)
        if listing is not None:
            _compare_list(found, merchant, listing, asked)
    _missing(found)
    _strangers(client, found, asked, beat)
    if is_full:
        _compare_details(client, found, beat)
    return found


def _listing(
    client: ExchangeClient, merchant: Merchant, beat: Callable[[], None]
) -> Listing[CustomerRow] | None:
    """The merchant's list; None where the exchange refuses this merchant's.

    It takes no turn of the scans: the client's own calls wait behind others already.
    """
    try:
        return scan_merchant(client, merchant, beat)
    except Refused:
        return None


def _compare_list(
    found: Comparison, merchant: Merchant, listing: Listing[CustomerRow], asked: set[str]
) -> None:
    names_ids = any(row.custom_id for row in listing.rows.values())
    fresh = {uid: row for uid, row in listing.rows.items() if uid not in found.seen}
    others = bound_uids([uid for uid in fresh if uid not in found.held]) if fresh else {}
    for uid, row in fresh.items():
        found.seen[uid] = merchant.uid
        held = found.held.get(uid)
        if held is None:
            if uid not in others:
                found.strangers[uid] = row
        elif held.merchant_uid != merchant.uid:
            # Its own list leaves it out. One that could not be read whole says nothing.
            if held.merchant_uid not in found.incomplete:
                _differs(found, held, Code.OTHER_MERCHANT, ("merchant_uid",))
        elif fields := differing_fields(held, row, lists_custom_ids=names_ids):
            _differs(found, held, Code.FIELDS, fields)


def _differs(found: Comparison, held: Held, code: Code, fields: tuple[str, ...] = ()) -> None:
    found.findings[held.uid] = Finding(
        held.merchant_uid, Kind.DIFFERS, code, held.uid, held.reference, held.customer_id, fields
    )


def _missing(found: Comparison) -> None:
    """What no list shows, where the list of its merchant was read whole."""
    for uid, held in found.held.items():
        if uid not in found.seen and held.merchant_uid not in found.incomplete:
            found.findings[uid] = Finding(
                held.merchant_uid, Kind.ONLY_HERE, Code.NOT_LISTED, uid, held.reference, held.customer_id
            )


def _strangers(client: ExchangeClient, found: Comparison, asked: set[str], beat: Callable[[], None]) -> None:
    """What is listed and has no customer here: ours after all, or not."""
    own = [uid for uid in found.strangers if _is_own(found.seen[uid])]
    if own:
        _skip_others(client, found, own, asked, beat)
    # A create may have been answered while the lists were read.
    for chunk in in_chunks(list(found.strangers)):
        for uid in bound_uids(chunk):
            del found.strangers[uid]
    for finding in _judged(found):
        found.findings[finding.uid] = finding


def _is_own(merchant_uid: str) -> bool:
    return Merchant.objects.filter(uid=merchant_uid, is_self=True).exists()


def _skip_others(
    client: ExchangeClient, found: Comparison, own: Sequence[str], asked: set[str], beat: Callable[[], None]
) -> None:
    """Strangers in the aggregator's own list may belong to merchants whose lists nobody asked for."""
    for merchant in Merchant.objects.filter(is_self=False).exclude(uid__in=asked).order_by("uid"):
        listing = _listing(client, merchant, beat)
        for uid in own:
            if listing is not None and uid in listing.rows:
                found.strangers.pop(uid, None)


def _judged(found: Comparison) -> Iterator[Finding]:
    rows = list(found.strangers.values())
    for chunk in in_chunks(rows):
        by_token = marked_customers("token", (token for row in chunk for token in tokens_in(row)))
        by_reference = marked_customers("reference", (name for row in chunk for name in references_in(row)))
        for row in chunk:
            code, marked = code_of_stranger(row, by_token, by_reference)
            if code is None:
                found.under_way += 1
                continue
            yield Finding(
                found.seen[row.uid],
                Kind.ONLY_THERE,
                code,
                row.uid,
                marked.reference if marked else "",
                marked.customer_id if marked else None,
            )


def _compare_details(client: ExchangeClient, found: Comparison, beat: Callable[[], None]) -> None:
    everyone = list(found.held.values())
    for start in range(0, len(everyone), DETAILS_CHUNK):
        chunk = everyone[start : start + DETAILS_CHUNK]
        particulars = particulars_of([held.customer_id for held in chunk])
        for held in chunk:
            if held.customer_id not in particulars:
                continue
            known = found.findings.get(held.uid)
            is_missing = known is not None and known.kind == Kind.ONLY_HERE
            try:
                there = details_of(client, held.uid, beat)
            except NoSuchAccount:
                found.details += 1
                if is_missing and known is not None:
                    found.findings[held.uid] = replace(known, code=Code.NO_SUCH_ACCOUNT)
                else:
                    found.unread += 1
                continue
            found.details += 1
            if there is None:
                found.unread += 1
                continue
            fields = differing_details(particulars[held.customer_id], there)
            if is_missing:
                _differs(found, held, Code.NOT_IN_LIST, fields)
            elif known is not None:
                both = tuple(dict.fromkeys((*known.fields, *fields)))
                found.findings[held.uid] = replace(known, fields=both)
            elif fields:
                _differs(found, held, Code.FIELDS, fields)
