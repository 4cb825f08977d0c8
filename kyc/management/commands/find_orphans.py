"""`manage.py find_orphans`: accounts at the exchange with our token that no customer here is bound to."""

from typing import Any

from django.conf import settings

from accounts.acting import ActingCommand
from accounts.models import User
from exchange.client import ExchangeError
from exchange.connection import make_client
from kyc.reconciliation.orphans import find_orphans

# Where names at the exchange carry no token, an account of ours looks like anybody's.
BY_REFERENCE = (
    "OUTBOX_TOKEN_FORM is reference: names at the exchange carry no token, so an account whose customer is "
    "not here can't be told from one that others made, and none is counted. After a restore, enter again "
    "what came in since the backup, then see what is only there: `manage.py reconcile` (docs/restore.md, 9)."
)


class Command(ActingCommand):
    action = "orphan.find"
    help = (
        "Scan every merchant's list at the exchange for accounts that carry our token and that no customer "
        "here is bound to. Exit 0: none; 1: some, `outbox_status` names them; 2: a list can't be read whole."
    )

    def act(self, actor: User, **options: Any) -> None:
        client = make_client()
        try:
            found = find_orphans(client, actor=actor)
        except ExchangeError as error:
            self.stderr.write(str(error))
            raise SystemExit(2) from None
        finally:
            client.close()
        self.stdout.write(
            f"{found.rows} accounts of {found.merchants} merchants: {found.orphans} orphaned, {found.new} new"
        )
        if settings.OUTBOX_TOKEN_FORM == "reference":  # noqa: S105 - a form, no secret
            self.stdout.write(BY_REFERENCE)
        if not found.is_whole:
            self.stderr.write("A list could not be read whole. Run this again.")
            raise SystemExit(2)
        if found.orphans:
            raise SystemExit(1)
