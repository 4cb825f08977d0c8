"""`manage.py rotate_keys`: bring all that hangs on PORTAL_KEYS under their newest version."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.acting import ActingCommand
from accounts.models import User
from portal.key_rotation import ACTION, Rotated, everything_held, rotate, versions_in_use
from vault.envelope import CannotOpen
from vault.keys import keyring

_DONE = {
    "lasting_keys": "lasting keys",
    "data_keys": "data keys",
    "secrets": "secrets",
    "people": "people's indexes",
    "documents": "documents' indexes",
}


class Command(ActingCommand):
    action = ACTION
    help = (
        "Bring everything under the newest version of PORTAL_KEYS: customers' and merchants' data keys, "
        "second factors' secrets, look-up indexes, and the keys that digests and tokens are made with for "
        "good. Everything may go on running; stopped, it goes on where it was. Says which versions may be "
        "taken out of PORTAL_KEYS afterwards. Exit 1: something does not open, or is still under an older "
        "version."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="say what is under which version, and what would be done"
        )

    def act(self, actor: User, **options: Any) -> None:
        if options["dry_run"]:
            self._tell()
            return
        try:
            rotated = rotate(actor)
        except CannotOpen as error:
            raise CommandError(str(error), returncode=1) from None
        self._tell_done(rotated)
        left = self._tell()
        if rotated.shut:
            raise CommandError(
                f"{len(rotated.shut)} do not open, and were left as they are: "
                f"{', '.join(map(str, rotated.shut))}. Either PORTAL_KEYS lack the version that they are "
                "under, or they are damaged: then restore them.",
                returncode=1,
            )
        if left:
            raise CommandError(
                f"{left} are still under an older version: somebody changed them meanwhile. Run it again.",
                returncode=1,
            )

    def _tell_done(self, rotated: Rotated) -> None:
        done = ", ".join(f"{rotated.done[name]} {said}" for name, said in _DONE.items())
        self.stdout.write(f"{done} were brought under version {keyring().current}.")

    def _tell(self) -> int:
        """Say what is under which version; how many are not under the newest."""
        left, newest = 0, keyring().current
        for held in everything_held():
            told = ", ".join(
                f"version {version}: {count}"
                + ("" if version == newest else f" (to be brought under {newest})")
                for version, count in sorted(held.by_version.items())
            )
            self.stdout.write(f"{held.what}: {told or 'none'}")
            left += held.by_version.total() - held.by_version[newest]
        free = [
            version for version, _key in keyring().versions if version not in {newest, *versions_in_use()}
        ]
        if free:
            self.stdout.write(
                f"May now be taken out of PORTAL_KEYS: version {', '.join(map(str, free))}. Backups from "
                "before need it; sessions of the last ten hours may end with it."
            )
        return left
