"""The outbox with its reconciliation against the sandbox, with a settle time of half a second."""

import pytest

from exchange.sandbox.testing import sandbox, sandbox_server  # noqa: F401
from tests.exchange.outbox.conftest import deliver, exchange  # noqa: F401


@pytest.fixture(autouse=True)
def _in_the_database(transactional_db):
    """Threads deliver: what they write must be committed."""
