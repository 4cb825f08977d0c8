"""For whom a command acts: the machine's own account, or the one that `--as` names."""

from django.core.management.base import CommandError, CommandParser

from accounts.models import User


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
        raise CommandError(f"Nobody signs in as {email}.", returncode=2)
    return user
