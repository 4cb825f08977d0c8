"""`manage.py poll_verifications`: ask the exchange how its verifications stand, once."""

from typing import Any

from django.core.management.base import CommandError

from accounts.acting import ActingCommand
from accounts.models import User
from exchange.client import ExchangeError
from exchange.connection import make_patient_client
from kyc.verification import poll_verifications


class Command(ActingCommand):
    action = "verification.poll"
    help = "Ask the exchange how the verification of our customers stands, and take over what changed."

    def act(self, actor: User, **options: Any) -> None:
        client = make_patient_client()
        try:
            polled = poll_verifications(client, actor=actor)
        except ExchangeError as error:
            raise CommandError(str(error)) from None
        finally:
            client.close()
        if not polled.merchants:
            self.stdout.write("No customer waits for the exchange's verdict.")
            return
        self.stdout.write(
            f"{polled.seen} customers of ours seen in {polled.pages} pages of {polled.merchants} merchants; "
            f"{polled.changed} changed."
        )
        if polled.unknown_here:
            self.stdout.write(f"{polled.unknown_here} are at the exchange and not known here.")
        if polled.missing_there:
            self.stdout.write(f"{polled.missing_there} are open here and in no list of the exchange.")
        if polled.unread:
            self.stdout.write(f"{polled.unread} could not be read in detail; the next poll asks again.")
