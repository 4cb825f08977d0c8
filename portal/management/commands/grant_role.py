"""`manage.py grant_role`: give a person a role, or take it away."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts import granting_by_command
from accounts.acting import NOT_ALLOWED, ActingCommand
from accounts.granting_by_command import PROPOSED, Outcome
from accounts.models import User
from accounts.roles import Role
from customers.models import Merchant


class Command(ActingCommand):
    action = "role.propose"
    help = (
        "Give a person a role for all merchants or for one, or take it away. Where that takes two, it is "
        "proposed, or what somebody else proposed is approved (--as EMAIL). Until there are two "
        "administrators, another is made at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="what the person signs in with")
        parser.add_argument("role", metavar="ROLE", choices=Role.values, help=", ".join(Role.values))
        parser.add_argument("--merchant", metavar="UID", help="for this merchant (default: for all)")
        parser.add_argument("--take-away", action="store_true", help="take the role away")
        parser.add_argument("--reason", metavar="TEXT", required=True, help="why")

    def act(self, actor: User, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].strip().lower(), is_machine=False).first()
        if user is None:
            raise CommandError(f"There is no account of {options['email']}.", returncode=NOT_ALLOWED)
        uid = options["merchant"]
        if uid and not options["take_away"] and not Merchant.objects.filter(uid=uid).exists():
            raise CommandError(f"No merchant {uid} is known here.", returncode=NOT_ALLOWED)
        outcome = granting_by_command.change_role(
            user=user,
            role=options["role"],
            merchant_uid=uid or None,
            gives=not options["take_away"],
            reason=options["reason"],
            actor=actor,
        )
        if outcome is Outcome.PROPOSED:
            self.stdout.write(PROPOSED)
            return
        held = ", ".join(f"{row.role} ({row.merchant_uid or 'all'})" for row in user.grants.order_by("role"))
        said = f"{user.email} is now: {held or 'without a role'}"
        self.stdout.write(f"Approved: {said}" if outcome is Outcome.APPROVED else said)
