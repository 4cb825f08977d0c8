from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from accounts import lock_out
from accounts.acting import ActingCommand
from accounts.models import User
from accounts.sign_in.telling import tell


class Command(ActingCommand):
    action = "user.reset_second_factor"
    help = "Ends the lock-out of an account before its half hour is over. An address stays locked."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")

    def act(self, actor: User, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower(), is_machine=False).first()
        if user is None:
            raise CommandError("Nobody has that address.", returncode=2)
        with transaction.atomic():
            lock_out.unlock(user.email)
            tell("sign_in.unlocked", user, actor=actor)
        self.stdout.write("They can try again at once.")
