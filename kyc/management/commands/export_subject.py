"""Hand out everything that is held about one customer, or one beneficial owner, as a zip."""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.acting import ActingCommand
from accounts.models import User
from customers.models import Customer
from customers.problems import Refused
from kyc.retention.subject_export import export_subject
from vault.envelope import CannotOpen


class Command(ActingCommand):
    action = "customer.export"
    help = "Write everything held about a customer to a zip: index.html, data.json, documents/."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", metavar="REFERENCE", help="the customer's reference")
        parser.add_argument(
            "--to", metavar="FILE", required=True, help="the zip to write; must not exist yet"
        )
        parser.add_argument("--reason", metavar="TEXT", required=True, help="who asked for it, and why")
        parser.add_argument("--ubo", metavar="EMAIL", help="only this beneficial owner of the business")

    def act(self, actor: User, **options: Any) -> None:
        customers = Customer.objects.visible_to(actor, self.action).select_related("merchant")
        customer = customers.filter(reference=options["reference"].strip()).first()
        if customer is None:
            raise CommandError(f"No customer has the reference {options['reference']}.", returncode=2)
        ubo = None
        if options["ubo"]:
            ubo = customer.ubos.filter(email_key=options["ubo"].strip().casefold()).first()
            if ubo is None:
                raise CommandError("The business has no beneficial owner with this e-mail.", returncode=2)
        path = Path(options["to"])
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{path} can't be made: {error.strerror}.", returncode=2) from None
        try:
            with os.fdopen(descriptor, "wb") as target:
                count = export_subject(
                    target, customer=customer, ubo=ubo, actor=actor, reason=options["reason"]
                )
        except (Refused, OSError, CannotOpen) as error:
            path.unlink(missing_ok=True)
            raise CommandError(_told(error), returncode=1) from None
        self.stdout.write(f"{path}: {count} documents. It is not encrypted: hand it over safely.")


def _told(error: Exception) -> str:
    if isinstance(error, Refused):
        return " ".join(f"{problem.message} {problem.remedy}" for problem in error.problems)
    return f"A file can't be read ({type(error).__name__}), so nothing was written. Tell the operators."
