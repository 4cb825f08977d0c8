"""The services that these tests need, at addresses from the environment. What is absent is a failure."""

import os
import socket
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

DEFAULTS = {
    "TEST_DATABASE_URL": "postgres://root@127.0.0.1:5432/portal",
    "TEST_REDIS_URL": "redis://127.0.0.1:6379/9",
    "TEST_RABBITMQ_URL": "amqp://guest:guest@127.0.0.1:5672//",
}
PORTS = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "amqp": 5672}


def address(name: str) -> str:
    """The service's address; fails the test, naming the setting, where nothing answers there."""
    url = os.environ.get(name) or DEFAULTS[name]
    parts = urlsplit(url)
    where = (parts.hostname or "127.0.0.1", parts.port or PORTS[parts.scheme])
    try:
        socket.create_connection(where, timeout=5).close()
    except OSError as error:
        pytest.fail(
            f"Nothing answers at {where[0]}:{where[1]} ({error}). {name} says where it is.", pytrace=False
        )
    return url


@pytest.fixture
def redis_url() -> str:
    return address("TEST_REDIS_URL")


@pytest.fixture
def rabbitmq_url() -> str:
    return address("TEST_RABBITMQ_URL")


@pytest.fixture
def empty_postgres() -> Iterator[str]:
    """The URL of a new, empty database on the server of TEST_DATABASE_URL; dropped afterwards."""
    parts = urlsplit(address("TEST_DATABASE_URL"))
    name = f"test_portal_{uuid.uuid4().hex[:12]}"
    server = urlunsplit(parts._replace(scheme="postgresql", path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(parts._replace(path=f"/{name}"))
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
