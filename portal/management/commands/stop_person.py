"""`manage.py stop_person`: refuse a person everything from their next request on, or let them work again."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts import granting, granting_by_command
from accounts.acting import NOT_ALLOWED, ActingCommand
from accounts.granting_by_command import PROPOSED, Outcome
from accounts.models import User


class Command(ActingCommand):
    action = "user.disable"
    help = "Stop a person at once; --let-go lets them work again, which takes a second administrator."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="what the person signs in with")
        parser.add_argument("--let-go", action="store_true", help="let them work again")
        parser.add_argument("--reason", metavar="TEXT", required=True, help="why")

    def act(self, actor: User, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].strip().lower(), is_machine=False).first()
        if user is None:
            raise CommandError(f"There is no account of {options['email']}.", returncode=NOT_ALLOWED)
        reason = options["reason"]
        if not options["let_go"]:
            granting.disable(user=user, reason=reason, actor=actor)
            self.stdout.write(f"{user.email} is stopped.")
            return
        outcome = granting_by_command.enable(user=user, reason=reason, actor=actor)
        self.stdout.write(PROPOSED if outcome is Outcome.PROPOSED else f"{user.email} can work again.")
