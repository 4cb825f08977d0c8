"""The outbox against the sandbox, in one process or with workers of their own."""

import pytest

from exchange.outbox.crew import Crew
from exchange.sandbox.testing import sandbox, sandbox_server  # noqa: F401


@pytest.fixture
def exchange(sandbox, settings):  # noqa: F811
    """The session's sandbox, empty, as the exchange that the settings name."""
    settings.EXCHANGE_BASE_URL = sandbox.base_url
    settings.EXCHANGE_API_KEY, settings.EXCHANGE_API_SECRET = sandbox.key, sandbox.secret
    settings.EXCHANGE_RATE_PER_SECOND = 500
    settings.OUTBOX_SETTLE_SECONDS = 0.5
    return sandbox


@pytest.fixture
def deliver():
    """Deliver until nothing moves without a person."""

    def run(lanes: int = 4, until: str = "idle") -> None:
        with Crew(lanes) as crew:
            crew.run(until=until, give_up=lambda: crew.delivery.clock.state().is_stopped)

    return run
