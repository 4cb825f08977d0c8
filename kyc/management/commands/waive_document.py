"""Let a business do without a document, with the reason."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.acting import acting_user, add_as_option
from accounts.policy import NotAllowed
from customers.models import Customer
from customers.problems import Refused
from kyc.waivers import waivable_types, waive_document


class Command(BaseCommand):
    help = "Waive a document that a business does not have. Documents: " + ", ".join(waivable_types()) + "."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", metavar="REFERENCE", help="the customer's reference")
        parser.add_argument("doc_type", metavar="TYPE", help="the document's type, as the exchange spells it")
        parser.add_argument("--reason", metavar="TEXT", required=True, help="why the business has none")
        add_as_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        actor = acting_user(options["actor"])
        reference = options["reference"].strip()
        customer = Customer.objects.select_related("merchant").filter(reference=reference).first()
        if customer is None:
            raise CommandError(f"No customer has the reference {reference}.", returncode=2)
        try:
            waive_document(
                customer=customer, doc_type=options["doc_type"], reason=options["reason"], actor=actor
            )
        except Refused as refused:
            told = " ".join(f"{problem.message} {problem.remedy}" for problem in refused.problems)
            raise CommandError(told, returncode=1) from None
        except NotAllowed:
            raise CommandError(f"{actor.email} may not waive documents here.", returncode=2) from None
        self.stdout.write(f"{reference}: {options['doc_type']} is waived. The customer is {customer.stage}.")
