"""No test reaches the world: every connection of this process goes to this machine, or to a named service.

An audit hook of Python itself: whatever library opens the socket, the event comes by here.
"""

import ipaddress
import os
import sys
from urllib.parse import urlsplit

# Services that a test is told of by the environment, and no other host.
NAMED = ("DATABASE_URL", "TEST_DATABASE_URL", "TEST_REDIS_URL", "TEST_RABBITMQ_URL", "TEST_S3_URL")


class TheWorld(ConnectionRefusedError):
    """Something was about to connect to an address that no test may reach."""


def refuse_the_world() -> None:
    """From now on, and for as long as this process lives: a hook can't be taken away."""
    allowed = {host for name in NAMED if (host := urlsplit(os.environ.get(name, "")).hostname)}

    def look(event: str, arguments: tuple) -> None:
        if event == "socket.connect":
            address = arguments[1]
            if isinstance(address, tuple) and not _is_near(str(address[0]), allowed):
                raise TheWorld(f"a test connects to {address[0]}")
        elif event == "socket.getaddrinfo" and not _is_near(str(arguments[0] or ""), allowed):
            raise TheWorld(f"a test looks up {arguments[0]}")

    sys.addaudithook(look)


def _is_near(host: str, allowed: set[str]) -> bool:
    if host in {"", "localhost", *allowed}:
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
