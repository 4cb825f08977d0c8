"""Customers that stand submitted, written as rows in an install: what a campaign delivers, without an import.

python -m tests.campaigns.seeding '{"seed": 7, "individuals": 20, "businesses": 4, "merchants": ["uid"]}'
"""

from __future__ import annotations

import json
import random
import sys


def seed(
    *,
    seed: int,
    individuals: int,
    businesses: int = 0,
    merchants: list[str] | None = None,
    documents: list[str] | None = None,
    shares: list[int] | None = None,
    prefix: str = "",
) -> int:
    """Write them; how many. `shares`: how many individuals each merchant has, instead of evenly."""
    from django.db import transaction

    from customers.models import Merchant
    from tests import factories

    chance = random.Random(seed)
    rows = [Merchant.objects.get_or_create(uid=uid, defaults={"name": uid})[0] for uid in merchants or []]
    rows = rows or [Merchant.objects.own()]
    if shares:
        owners = [merchant for merchant, share in zip(rows, shares, strict=True) for _ in range(share)]
    else:
        owners = [rows[number % len(rows)] for number in range(individuals)]
    kinds = factories.PERSON_DOCUMENTS if documents is None else tuple(documents)
    with transaction.atomic():
        for number, merchant in enumerate(owners):
            factories.make_submitted_individual(
                merchant=merchant,
                documents=kinds,
                email=f"{prefix}s{seed}.person{number}@example.com",
                first_name=f"Person {_letters(number)}",
            )
        for number in range(businesses):
            business = factories.make_customer(
                merchant=rows[number % len(rows)],
                entity_type="business",
                email=f"{prefix}s{seed}.business{number}@example.com",
            )
            for doc_type in chance.sample(factories.BUSINESS_DOCUMENTS, chance.randint(3, 6)):
                factories.make_document(business, doc_type)
            for place in range(chance.randint(1, 3)):
                ubo = factories.make_ubo(
                    business,
                    email=f"{prefix}s{seed}.owner{number}.{place}@example.com",
                    first_name=f"Owner {_letters(place)}",
                )
                for doc_type in kinds:
                    factories.make_document(business, doc_type, ubo=ubo)
            factories.submit(business)
    return len(owners) + businesses


def _letters(number: int) -> str:
    """A number as letters: names hold no digits."""
    text = ""
    while True:
        text = chr(ord("a") + number % 26) + text
        number //= 26
        if not number:
            return text.capitalize()


if __name__ == "__main__":
    from tests.campaigns.launch import prepare

    prepare()
    from portal.database import ensure_ready

    ensure_ready()
    print(seed(**json.loads(sys.argv[1])))
