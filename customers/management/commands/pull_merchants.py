"""Take over the list of merchants from the exchange."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.acting import acting_user, add_as_option
from customers.merchants import pull_merchants


class Command(BaseCommand):
    help = "Pull the merchants from the exchange. Local contacts and notes stay as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        add_as_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        from exchange.client.errors import ExchangeError
        from exchange.connection import make_client

        actor = acting_user(options["actor"])
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
