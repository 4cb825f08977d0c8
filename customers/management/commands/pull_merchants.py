"""Take over the list of merchants from the exchange."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from customers.merchants import pull_merchants


class Command(BaseCommand):
    help = "Pull the merchants from the exchange. Local contacts and notes stay as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--as", dest="actor", metavar="EMAIL", help="whose act it is (default: the machine's)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from exchange.client.errors import ExchangeError
        from exchange.connection import make_client

        actor = User.objects.machine()
        if options["actor"]:
            named = User.objects.filter(email=options["actor"].lower(), is_active=True).first()
            if named is None:
                raise CommandError(f"Nobody signs in as {options['actor']}.", returncode=2)
            actor = named
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
