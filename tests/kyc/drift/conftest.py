"""Comparisons against the sandbox."""

import pytest

from exchange.connection import make_client
from exchange.sandbox.testing import sandbox, sandbox_server  # noqa: F401
from tests.exchange.outbox.conftest import deliver, exchange  # noqa: F401


@pytest.fixture
def ask(exchange):  # noqa: F811
    """A client of the sandbox."""
    client = make_client()
    yield client
    client.close()


@pytest.fixture
def staff_page(client, thandi):
    """Fetch a page as Thandi."""
    client.force_login(thandi)
    return client.get
