from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.acting import ActingCommand
from accounts.invitations import NotInvited, invite
from accounts.models import User
from accounts.sign_in.mail import NotSent


class Command(ActingCommand):
    action = "user.invite"
    help = "Sends somebody a letter with a link to their account: good once, and for a week."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--name", default="", help="shown in the portal")

    def act(self, actor: User, **options: Any) -> None:
        try:
            invite(options["email"], actor=actor, name=options["name"])
        except NotInvited as error:
            raise CommandError(str(error)) from None
        except NotSent:
            raise CommandError(
                "The invitation stands, but the mail server did not take its letter. Once EMAIL_URL works, "
                "send it again on the page “Invitations”."
            ) from None
        self.stdout.write("The letter is on its way. Its link is good once, and for a week.")
