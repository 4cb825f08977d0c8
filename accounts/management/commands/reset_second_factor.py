from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.acting import ActingCommand
from accounts.models import User
from accounts.sign_in.second_factor import take_away


class Command(ActingCommand):
    action = "user.reset_second_factor"
    help = "Takes away the second factor of somebody who lost theirs; they enrol anew when they next sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--reason", required=True, help="how it is known who asks; for the audit trail")

    def act(self, actor: User, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower(), is_machine=False).first()
        if user is None:
            raise CommandError("Nobody has that address.", returncode=2)
        count = take_away(user, actor=actor, reason=options["reason"])
        self.stdout.write(
            "Taken away, and their sessions have ended."
            if count
            else "They had none, so nothing was changed."
        )
