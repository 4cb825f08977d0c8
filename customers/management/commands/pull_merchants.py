"""Take over the list of merchants from the exchange."""

from typing import Any

from django.core.management.base import CommandError

from accounts.acting import ActingCommand
from accounts.models import User
from customers.merchants import pull_merchants


class Command(ActingCommand):
    action = "merchant.pull"
    help = "Pull the merchants from the exchange. Local contacts and notes stay as they are."

    def act(self, actor: User, **options: Any) -> None:
        from exchange.client.errors import ExchangeError
        from exchange.connection import make_client

        client = make_client()
        try:
            pulled = pull_merchants(client, actor=actor)
        except ExchangeError as error:
            raise CommandError(f"The merchants could not be pulled. {error}", returncode=2) from None
        finally:
            client.close()
        self.stdout.write(
            f"{pulled.listed} merchants at the exchange: {pulled.new} new, {pulled.changed} changed."
        )
