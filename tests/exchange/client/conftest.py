from __future__ import annotations

from collections.abc import Callable

import pytest

from exchange.client import Credentials, ExchangeClient
from tests.exchange.client.odd_server import OddServer

# The vector that the original stack's code accepts; not a live key.
KEY = "61d025b8573501c2"
SECRET = "2d0b4979c7fe6986daa8e21d1dc0644f"


@pytest.fixture
def server():
    odd = OddServer()
    yield odd
    odd.close()


@pytest.fixture
def new_client(server) -> Callable[..., ExchangeClient]:
    clients = []

    def make(**options) -> ExchangeClient:
        options.setdefault("base_url", server.base_url)
        clients.append(ExchangeClient(credentials=Credentials(KEY, SECRET), **options))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(new_client) -> ExchangeClient:
    return new_client()
