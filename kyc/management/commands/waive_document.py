"""Let a business do without a document, with the reason; or approve that somebody else proposed it."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.acting import NOT_ALLOWED, NOT_DONE, ActingCommand
from accounts.models import User
from customers.models import Customer
from customers.problems import Refused
from kyc.approvals.waivers import Outcome, waive_as_far_as_one_can
from kyc.waivers import waivable_types

_SAID = {
    Outcome.DONE: "{reference}: {doc_type} is waived. The customer is {stage}.",
    Outcome.APPROVED: "{reference}: {doc_type} is waived, as proposed. The customer is {stage}.",
    Outcome.PROPOSED: (
        "{reference}: proposed that {doc_type} be waived. Somebody else has to approve it: on the page"
        " Waiting, or by this command with --as."
    ),
}


class Command(ActingCommand):
    action = "document.propose_waiver"
    help = "Waive a document that a business does not have. Documents: " + ", ".join(waivable_types()) + "."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", metavar="REFERENCE", help="the customer's reference")
        parser.add_argument("doc_type", metavar="TYPE", help="the document's type, as the exchange spells it")
        parser.add_argument("--reason", metavar="TEXT", required=True, help="why the business has none")

    def act(self, actor: User, **options: Any) -> None:
        reference, doc_type = options["reference"].strip(), options["doc_type"]
        customers = Customer.objects.visible_to(actor, self.action).select_related("merchant")
        customer = customers.filter(reference=reference).first()
        if customer is None:
            raise CommandError(f"No customer has the reference {reference}.", returncode=NOT_ALLOWED)
        try:
            outcome = waive_as_far_as_one_can(
                customer=customer, doc_type=doc_type, reason=options["reason"], actor=actor
            )
        except Refused as refused:
            told = " ".join(f"{problem.message} {problem.remedy}" for problem in refused.problems)
            raise CommandError(told, returncode=NOT_DONE) from None
        customer.refresh_from_db(fields=["stage"])
        self.stdout.write(_SAID[outcome].format(reference=reference, doc_type=doc_type, stage=customer.stage))
