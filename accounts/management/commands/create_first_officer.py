from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email

from accounts.acting import ActingCommand
from accounts.models import User
from accounts.officers import FIRST_OFFICER_EMAIL, create_first_officer


class Command(ActingCommand):
    action = "user.create_first"
    is_for_machine_only = True
    help = "Makes the first account, while there is none, and prints its random password once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--email", default=FIRST_OFFICER_EMAIL, help="what they sign in with (%(default)s)"
        )
        parser.add_argument("--name", default="", help="shown in the portal")

    def act(self, actor: User, **options: Any) -> None:
        try:
            validate_email(options["email"])
        except ValidationError:
            raise CommandError("--email must be an e-mail address, such as thandi@example.com.") from None
        officer = create_first_officer(email=options["email"], name=options["name"])
        if officer is None:
            raise CommandError(
                "There is an account already, so nothing was made. Accounts are added in the portal."
            )
        self.stdout.write(f"Sign in as {officer.user.email} with the password {officer.password}")
        self.stdout.write("The password is shown this once. Change it after the first sign-in.")
