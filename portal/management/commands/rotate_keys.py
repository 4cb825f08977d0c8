"""`manage.py rotate_keys`: bring what is encrypted under the newest version of PORTAL_KEYS."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from accounts.acting import ActingCommand
from accounts.audit import record
from accounts.models import User
from accounts.sign_in.second_factor import reseal_secrets, secrets_by_key
from customers.rewrapping import data_keys_by_version, rewrap_data_keys
from vault.keys import keyring

# Somebody who works on a record all the time may put an old wrapping back; not for ever.
MOST_PASSES = 20


class Command(ActingCommand):
    action = "keys.rotate"
    help = (
        "Wrap every customer's data key, and seal every second factor's secret, under the newest version of "
        "PORTAL_KEYS. Everything may go on running; stopped, it goes on where it was. Exit 1: something does "
        "not open, or is still under an older version."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what is under which version")

    def act(self, actor: User, **options: Any) -> None:
        shut = [] if options["dry_run"] else self._rotate(actor)
        keys, secrets = data_keys_by_version(), secrets_by_key()
        self._tell("customers' data keys", keys)
        self._tell("second factors' secrets", secrets)
        if shut:
            raise CommandError(
                f"{len(shut)} do not open, and were left as they are: {', '.join(map(str, shut))}. Either "
                "PORTAL_KEYS lack the version that they are under, or they are damaged: then restore them.",
                returncode=1,
            )
        left = sum((keys + secrets).values()) - (keys + secrets)[keyring().current]
        if left and not options["dry_run"]:
            raise CommandError(
                f"{left} are still under an older version: somebody changed them meanwhile. Run it again.",
                returncode=1,
            )

    def _rotate(self, actor: User) -> list[UUID]:
        """Whose data keys and secrets do not open: ids of customers and people."""
        rewrapped = 0
        for _ in range(MOST_PASSES):
            now, shut = rewrap_data_keys(_noting(actor, "data_keys"))
            rewrapped += now
            if not now:
                break
        resealed, closed = reseal_secrets(_noting(actor, "secrets"))
        self.stdout.write(f"{rewrapped} data keys and {resealed} secrets are now under the newest version.")
        return shut + closed

    def _tell(self, what: str, by_version: Counter[int]) -> None:
        told = ", ".join(f"version {version}: {count}" for version, count in sorted(by_version.items()))
        self.stdout.write(f"{what}: {told or 'none'}")


def _noting(actor: User, what: str) -> Callable[[int], None]:
    """What writes the entry of one batch, in its transaction: a run that is killed has told what it did."""

    def note(count: int) -> None:
        record(
            actor=actor,
            action=Command.action,
            subject_type="keys",
            subject_id=None,
            details={"version": keyring().current, what: count},
        )

    return note
