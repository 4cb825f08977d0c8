"""Whether a row of the exchange's list is a payment reference of ours: by what it shows, pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from exchange.client import PaymentReference as ExchangeReference
from payments.models import PaymentReference


def shows_an_address(row: ExchangeReference) -> bool:
    """Whether it shows whose webhook it has. What is masked tells ours from no other."""
    return row.webhook_url is not None and "*" not in row.webhook_url


def has_address(row: ExchangeReference, url: str) -> bool:
    """Whether it has the webhook address `url`: its token, random and ours alone, is in what the row shows.
    An address may come back in another spelling: without its last slash, its host in other letters."""
    return row.webhook_url is not None and _token(url) in row.webhook_url.casefold()


def _token(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2].casefold()


def may_be(reference: PaymentReference, row: ExchangeReference) -> bool:
    """Whether a row without an address could be this one: nothing that it shows says otherwise."""
    currency = row.currency
    return (currency is None or currency.strip().casefold() == reference.currency.casefold()) and (
        row.expected_amount is None
        or _amount(row.expected_amount) in (None, _amount(reference.expected_amount))
    )


def _amount(text: str) -> Decimal | None:
    """0 where any amount may come, as some would show it; None where it can't be read."""
    if not text.strip():
        return Decimal(0)
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def age(row: ExchangeReference) -> tuple[bool, int, str]:
    """The oldest first: the exchange counts its ids up."""
    return (not row.id.isdigit(), int(row.id) if row.id.isdigit() else 0, row.id)
