"""`manage.py rotate_keys`: bring what is encrypted under the newest version of PORTAL_KEYS."""

from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.acting import ActingCommand
from accounts.audit import record
from accounts.models import User
from accounts.sign_in.second_factor import reseal_secrets, secrets_by_key
from customers.rewrapping import data_keys_by_version, rewrap_data_keys
from vault.envelope import CannotOpen
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
        if not options["dry_run"]:
            self._rotate(actor)
        keys, secrets = data_keys_by_version(), secrets_by_key()
        self._tell("customers' data keys", keys)
        self._tell("second factors' secrets", secrets)
        left = sum((keys + secrets).values()) - (keys + secrets)[keyring().current]
        if left and not options["dry_run"]:
            raise CommandError(
                f"{left} are still under an older version: somebody changed them meanwhile. Run it again.",
                returncode=1,
            )

    def _rotate(self, actor: User) -> None:
        rewrapped = resealed = 0
        try:
            for _ in range(MOST_PASSES):
                now = rewrap_data_keys()
                rewrapped += now
                if not now:
                    break
            resealed = reseal_secrets()
        except CannotOpen as error:
            raise CommandError(
                f"Something does not open: {error}. PORTAL_KEYS must list every version that is in use; "
                "nothing was lost, and the next run goes on here.",
                returncode=1,
            ) from None
        finally:
            if rewrapped or resealed:
                record(
                    actor=actor,
                    action=self.action,
                    subject_type="keys",
                    subject_id=None,
                    details={"version": keyring().current, "data_keys": rewrapped, "secrets": resealed},
                )
        self.stdout.write(f"{rewrapped} data keys and {resealed} secrets are now under the newest version.")

    def _tell(self, what: str, by_version: Counter[int]) -> None:
        told = ", ".join(f"version {version}: {count}" for version, count in sorted(by_version.items()))
        self.stdout.write(f"{what}: {told or 'none'}")
