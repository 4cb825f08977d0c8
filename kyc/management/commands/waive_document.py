"""Let a business do without a document, with the reason."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts import policy
from accounts.acting import ActingCommand
from accounts.four_eyes import is_needed
from accounts.models import User
from customers.models import Customer
from customers.problems import Refused
from kyc.approvals.waivers import ACTION, propose_waiver
from kyc.waivers import waivable_types, waive_document


class Command(ActingCommand):
    action = "document.propose_waiver"
    help = "Waive a document that a business does not have. Documents: " + ", ".join(waivable_types()) + "."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", metavar="REFERENCE", help="the customer's reference")
        parser.add_argument("doc_type", metavar="TYPE", help="the document's type, as the exchange spells it")
        parser.add_argument("--reason", metavar="TEXT", required=True, help="why the business has none")

    def act(self, actor: User, **options: Any) -> None:
        reference = options["reference"].strip()
        customers = Customer.objects.visible_to(actor, self.action).select_related("merchant")
        customer = customers.filter(reference=reference).first()
        if customer is None:
            raise CommandError(f"No customer has the reference {reference}.", returncode=2)
        what: dict[str, Any] = {"customer": customer, "doc_type": options["doc_type"]}
        try:
            is_for_two = is_needed(ACTION, by_command=True)
            if is_for_two or not policy.may(actor, ACTION, customer.merchant.uid):
                propose_waiver(**what, reason=options["reason"], actor=actor)
                self.stdout.write(f"{reference}: a second person has to approve it, on the page Waiting.")
                return
            waive_document(**what, reason=options["reason"], actor=actor, by_command=True)
        except Refused as refused:
            told = " ".join(f"{problem.message} {problem.remedy}" for problem in refused.problems)
            raise CommandError(told, returncode=1) from None
        self.stdout.write(f"{reference}: {options['doc_type']} is waived. The customer is {customer.stage}.")
