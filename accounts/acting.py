"""For whom a command acts: the machine's own account, or the one that `--as` names."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import policy
from accounts.audit_refusals import at_edge
from accounts.circumstances import Channel
from accounts.four_eyes import FourEyesError
from accounts.models import User
from vault.index_versions import OlderKeys

# Exit codes: not like this, and not by you.
NOT_DONE, NOT_ALLOWED = 1, 2


def add_as_option(parser: CommandParser) -> None:
    parser.add_argument(
        "--as", dest="actor", metavar="EMAIL", help="whose act it is (default: the machine's)"
    )


def acting_user(email: str | None) -> User:
    """The active user with that e-mail, or the machine's account. CommandError (exit 2) if there is none."""
    if not email:
        return User.objects.machine()
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    if user is None:
        raise CommandError(f"Nobody signs in as {email}.", returncode=NOT_ALLOWED)
    return user


class NotAllowedHere(CommandError):
    """The account may not do this. Exit 2."""

    def __init__(self, actor: User, action: str) -> None:
        super().__init__(
            f"{actor.email} may not do this ({action}). An administrator grants roles; docs/roles.md says "
            "which role may what.",
            returncode=NOT_ALLOWED,
        )


class ActingCommand(BaseCommand):
    """A command that acts for an account, by `--as EMAIL`, and asks the policy first.

    `action` is what is asked before anything else; services ask for what they do besides. A subclass has
    `act` in place of `handle`. What is refused ends with exit 2; what needs a second person, or newer keys
    than this process was given, with exit 1.
    """

    action: str
    # The machine's own account alone: nothing that a person does by it could be told.
    is_for_machine_only = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        if not self.is_for_machine_only:
            add_as_option(parser)
        return parser

    def handle(self, *args: Any, **options: Any) -> str | None:
        actor = self.actor(options)
        options.pop("actor", None)
        with at_edge(Channel.COMMAND):
            try:
                policy.require(actor, self.action)
                return self.act(actor, **options)
            except policy.NotAllowed as refused:
                raise NotAllowedHere(actor, str(refused)) from None
            except (FourEyesError, OlderKeys) as refused:
                raise CommandError(str(refused), returncode=NOT_DONE) from None

    def actor(self, options: dict[str, Any]) -> User:
        return acting_user(options.get("actor"))

    def act(self, actor: User, **options: Any) -> str | None:
        raise NotImplementedError
