import pytest

from exchange.sandbox.testing import sandbox, sandbox_server  # noqa: F401

from .asking import Asker


@pytest.fixture
def asker(sandbox):  # noqa: F811
    return Asker(sandbox)
