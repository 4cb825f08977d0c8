"""Ask the exchange for a payment reference: the code that a payer writes beside a deposit."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.acting import NOT_ALLOWED, NOT_DONE, ActingCommand
from accounts.models import User
from customers.models import Customer
from customers.problems import Refused
from exchange.outbox.choices import Reason
from payments.references import intent_of, request_payment_reference


class Command(ActingCommand):
    action = "payment_reference.request"
    help = (
        "Have the exchange create a payment reference for a verified customer's deposits. "
        "The same request made twice is one payment reference."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", metavar="CUSTOMER", help="the customer's reference")
        parser.add_argument(
            "own_reference", metavar="OWN", help="what it is called in your books, such as INV-2026-118"
        )
        parser.add_argument("--currency", metavar="CODE", required=True, help="the exchange's code: zar, btc")
        parser.add_argument("--expected-amount", metavar="AMOUNT", default="", help="what is to be deposited")

    def act(self, actor: User, **options: Any) -> None:
        name = options["reference"].strip()
        customers = Customer.objects.visible_to(actor, self.action).select_related("merchant")
        customer = customers.filter(reference=name).first()
        if customer is None:
            raise CommandError(f"No customer has the reference {name}.", returncode=NOT_ALLOWED)
        try:
            reference = request_payment_reference(
                customer=customer,
                own_reference=options["own_reference"],
                currency=options["currency"],
                expected_amount=options["expected_amount"],
                actor=actor,
            )
        except Refused as refused:
            told = " ".join(f"{problem.message} {problem.remedy}" for problem in refused.problems)
            raise CommandError(told, returncode=NOT_DONE) from None
        if reference.code:
            self.stdout.write(f"{name}, {reference}: the payer writes {reference.code} beside the deposit.")
        elif (intent := intent_of(reference)) is not None and intent.waits_for_a_person and intent.reason:
            reason = Reason(intent.reason)
            told = f"{reason.label}. {reason.remedy_for(intent.error_code, intent.topic)}"
            raise CommandError(f"{name}, {reference}: it waits for staff. {told}", returncode=NOT_DONE)
        else:
            self.stdout.write(
                f"{name}, {reference}: the exchange is asked for it. Its code stands on the customer's page, "
                "and here once this command is given again."
            )
