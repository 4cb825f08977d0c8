"""Verified customers with payment references that are asked for and not sent yet, as rows in an install.

    python -m tests.campaigns.payees '{"seed": 7, "payees": 10, "merchants": ["uid"]}'

Nothing may be broken yet: the customers are handed over on the way, unless `is_handed_over` is false.
"""

from __future__ import annotations

import json
import sys

# For each customer. The second is asked for while the first may be on its way.
REFERENCES = 2


def ask(*, seed: int, payees: int, merchants: list[str], is_handed_over: bool = True) -> int:
    """Hand so many customers over, take them for verified, ask for their references; how many references."""
    from django.utils import timezone

    from accounts.models import User
    from customers.choices import Stage
    from customers.models import Customer, Merchant
    from exchange.outbox.crew import Crew
    from exchange.outbox.models import Intent
    from payments.references import request_payment_reference
    from tests import factories

    rows = [Merchant.objects.get_or_create(uid=uid, defaults={"name": uid})[0] for uid in merchants]
    made = [
        factories.make_submitted_individual(
            merchant=rows[number % len(rows)], documents=(), email=f"s{seed}.payee{number}@example.com"
        )
        for number in range(payees)
    ]
    there = Customer.objects.filter(pk__in=[customer.pk for customer in made])
    if is_handed_over:
        with Crew(4) as crew:
            crew.run(until="idle")
    else:
        Intent.objects.all().delete()
        for number, customer in enumerate(made):
            there.filter(pk=customer.pk).update(uid=f"ID{number:010}")
            as_if_created(customer)
    there.update(stage=Stage.VERIFIED, verdict_at=timezone.now())
    actor, asked = User.objects.machine(), 0
    for customer in there.select_related("merchant").filter(uid__isnull=False):
        for number in range(REFERENCES):
            request_payment_reference(
                customer=customer, own_reference=f"INV-{number}", currency="zar", actor=actor
            )
            asked += 1
    return asked


def as_if_created(customer) -> None:
    """The audit row that its create would have left."""
    from accounts import audit
    from accounts.models import User

    audit.record(
        actor=User.objects.machine(),
        action="customer.created_at_exchange",
        subject_type="customer",
        subject_id=customer.pk,
        customer_id=customer.pk,
        merchant_uid=customer.merchant.uid,
    )


if __name__ == "__main__":
    from tests.campaigns.launch import prepare

    prepare()
    from portal.database import ensure_ready

    ensure_ready()
    print(ask(**json.loads(sys.argv[1])))
