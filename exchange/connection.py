"""The exchange as the settings name it: clients that share one clock, and whether it answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from exchange.client import Credentials, ExchangeClient, Timeouts
from exchange.kept import kept
from exchange.outbox.key_clock import KeyClock, wait_and_take
from exchange.outbox.scan_turns import wait_behind_others

# How long a call outside the outbox may queue for its turn.
QUEUE_SECONDS = 60.0
HEALTH_KEY, HEALTH_SECONDS, HEALTH_TIMEOUT = "exchange-answers", 10, 3.0


def make_client(nonce: Callable[[], int] | None = None) -> ExchangeClient:
    """A client with the settings' address, key and dialect. Nonce and rate come from the key's database row.

    One per thread: it keeps one session. Calls wait for their turn up to a minute; later is NotSigned.
    Raises RuntimeError for a call within a transaction.
    """
    return ExchangeClient(
        settings.EXCHANGE_BASE_URL,
        credentials=Credentials(settings.EXCHANGE_API_KEY, settings.EXCHANGE_API_SECRET),
        dialect=settings.EXCHANGE_DIALECT,
        nonce=nonce or _from_the_row(KeyClock()),
    )


def make_patient_client() -> ExchangeClient:
    """As `make_client`, for what is only read and can wait: its calls go after those that are to be sent."""
    clock = KeyClock()

    def nonce() -> int:
        wait_behind_others(clock)
        return wait_and_take(clock, at_most=QUEUE_SECONDS)

    return make_client(nonce)


def _from_the_row(clock: KeyClock) -> Callable[[], int]:
    return lambda: wait_and_take(clock, at_most=QUEUE_SECONDS)


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the exchange says that it runs. `detail`: its host, for people."""

    ok: bool
    checked_at: datetime
    detail: str


def exchange_answers() -> Health:
    """Ask the exchange whether it runs (002:355): at most every 10 s for all processes, for at most 3 s."""
    return Health(
        *kept(HEALTH_KEY, HEALTH_SECONDS, lambda: (_asks(), timezone.now(), settings.EXCHANGE_BASE_URL))
    )


def _asks() -> bool:
    client = ExchangeClient(
        settings.EXCHANGE_BASE_URL,
        credentials=Credentials(settings.EXCHANGE_API_KEY, settings.EXCHANGE_API_SECRET),
        dialect=settings.EXCHANGE_DIALECT,
        nonce=_no_nonce,
        timeouts=Timeouts(connect=HEALTH_TIMEOUT, read=HEALTH_TIMEOUT, total=HEALTH_TIMEOUT),
    )
    try:
        return client.alive()
    finally:
        client.close()


def _no_nonce() -> int:
    raise RuntimeError("the question for life is not signed")
