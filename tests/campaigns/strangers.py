"""Strangers: accounts that someone else made at the exchange, with e-mails that our customers have, too."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from exchange.client import Credentials, ExchangeClient
from exchange.sandbox.testing import SandboxProcess


def take_emails(
    sandbox: SandboxProcess, people: Sequence[tuple[str | None, str]], *, share: float, seed: int
) -> frozenset[str]:
    """Of `people` (merchant uid, e-mail), have a stranger hold `share`; the e-mails, folded."""
    chosen = random.Random(seed).sample(list(people), round(len(people) * share))
    return frozenset(email.casefold() for email in open_accounts(sandbox, chosen))


def open_accounts(sandbox: SandboxProcess, people: Sequence[tuple[str | None, str]]) -> dict[str, str]:
    """An account for each of these e-mails, made without us; the uids by e-mail."""
    nonces = iter(range(time.time_ns() // 1_000_000, 2**62))
    client = ExchangeClient(
        sandbox.base_url,
        credentials=Credentials(sandbox.key, sandbox.secret),
        dialect=sandbox.dialect,
        nonce=lambda: next(nonces),
    )
    try:
        return {
            email: client.create_customer(
                {
                    "entity_type": "individual",
                    "account_name": "Someone Else",
                    "merchant_uid": merchant_uid,
                    "email": email,
                    "phone_number": "+447400999999",
                    "first_name": "Someone",
                    "last_name": "Else",
                    "dob": "1970-01-01",
                    "address": "1 Other Road",
                    "postcode": "LS1 4AP",
                    "city": "Leeds",
                    "country": "GB",
                    "nationality": "GB",
                    "country_of_residence": "GB",
                    "occupation": "Historian",
                    "source_of_funds": "Salary or Wages",
                }
            ).uid
            for merchant_uid, email in people
        }
    finally:
        client.close()
