"""`manage.py stop_person`: refuse a person everything from their next request on, or let them work again."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts import granting
from accounts.acting import NOT_ALLOWED, ActingCommand
from accounts.four_eyes import is_needed
from accounts.models import User


class Command(ActingCommand):
    action = "user.disable"
    help = "Stop a person at once; --let-go lets them work again, which may need a second administrator."

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
        elif is_needed("role.change", by_command=True):
            granting.propose_enabling(user=user, reason=reason, actor=actor)
            self.stdout.write("Proposed. Another administrator has to approve it, on the page People.")
        else:
            granting.enable(user=user, reason=reason, actor=actor, by_command=True)
            self.stdout.write(f"{user.email} can work again.")
