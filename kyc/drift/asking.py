"""The exchange's details of one account, and what their absence means."""

from __future__ import annotations

import logging
from collections.abc import Callable

from exchange.client import Customer as ExchangeCustomer
from exchange.client import ExchangeClient, ExchangeError, Outcome, Refused

log = logging.getLogger(__name__)

# Details may be asked for again where the answer was lost: reading changes nothing.
MOST_ASKS = 4


class NoSuchAccount(Exception):
    """The exchange says that it has no account with this uid."""


def details_of(
    client: ExchangeClient, uid: str, beat: Callable[[], None] = lambda: None
) -> ExchangeCustomer | None:
    """The account in full; None where this one can't be read now. `beat` is called before each call.

    Raises NoSuchAccount, and ExchangeError where nothing can be read.
    """
    for _ in range(MOST_ASKS):
        beat()
        try:
            return client.get_customer(uid)
        except Refused as error:
            if error.status == 404:
                raise NoSuchAccount(uid) from None
            log.warning("details_refused status=%s", error.status)
            return None
        except ExchangeError as error:
            if error.outcome is not Outcome.UNKNOWN:
                raise
    return None
