"""After a restore: erase once more whom a backup brought back (docs/restore.md)."""

from typing import Any

from django.core.management.base import CommandError

from accounts.acting import ActingCommand
from accounts.models import User
from kyc.retention import ledger
from kyc.retention.erasing import erase_again


class Command(ActingCommand):
    action = "customer.erase_again"
    is_for_machine_only = True
    help = "Erase every customer whom the erasure ledger names and a restored backup brought back."

    def act(self, actor: User, **options: Any) -> None:
        try:
            ids = ledger.read()
        except OSError as error:
            raise CommandError(f"The ledger can't be read: {error.strerror}.", returncode=2) from None
        again = sum(erase_again(customer_id=customer_id, actor=actor) for customer_id in ids)
        self.stdout.write(f"The ledger names {len(ids)}; {again} had come back and are erased again.")
