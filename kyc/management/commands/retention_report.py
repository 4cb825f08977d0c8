"""Say whose data falls due for destruction, when, and what a legal hold keeps."""

import json
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.acting import ActingCommand
from accounts.models import User
from customers.models import Customer
from kyc.retention.clock import Due, due_day, ended, standing


class Command(ActingCommand):
    action = "retention.view"
    help = "List customers whose relationship has ended, with the day on which their data is due. No names."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--due", action="store_true", help="only what is due today, held or not")
        parser.add_argument("--json", action="store_true", help="one JSON object per line")

    def act(self, actor: User, **options: Any) -> None:
        today = timezone.localdate()
        counts: dict[str, int] = {}
        customers = Customer.objects.visible_to(actor, self.action).select_related("merchant")
        for customer in ended(customers).iterator(chunk_size=1000):
            where = standing(customer, is_held=customer.is_held, today=today)  # type: ignore[attr-defined]
            counts[where] = counts.get(where, 0) + 1
            if options["due"] and where is Due.KEPT:
                continue
            day = due_day(customer)
            line = {
                "reference": customer.reference,
                "merchant": customer.merchant.uid,
                "ended_on": timezone.localdate(customer.ended_at).isoformat(),
                "due_on": day.isoformat() if day else None,
                "state": str(where),
            }
            self.stdout.write(
                json.dumps(line)
                if options["json"]
                else "{due_on}  {state:<5}  {reference} ({merchant}), ended {ended_on}".format(**line)
            )
        if not options["json"]:
            told = ", ".join(f"{counts.get(state, 0)} {state}" for state in (Due.DUE, Due.HELD, Due.KEPT))
            self.stdout.write(f"{told}. The portal's page “Retention” proposes and approves what is due.")
