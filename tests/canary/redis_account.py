"""A Redis of which everything is looked at: with an account for this run, so that its password is a mark."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

NAME = f"canary_{uuid.uuid4().hex[:12]}"


def is_redis(address: str) -> bool:
    return address.startswith("redis://")


def of_account(address: str) -> str:
    """The address as this run's account reaches it; its password is still to be put in."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=f"{NAME}@{parts.netloc.rpartition('@')[2]}"))


@contextmanager
def account(address: str, passwords: list[str]) -> Iterator[None]:
    """While it lasts, Redis knows the account by each of these passwords. It is kept in no file of Redis."""
    redis = _redis(address)
    redis.execute_command(
        "ACL", "SETUSER", NAME, "on", *(f">{mark}" for mark in passwords), "~*", "&*", "+@all"
    )
    try:
        yield
    finally:
        redis.execute_command("ACL", "DELUSER", NAME)


def write_all(address: str, path: Path) -> None:
    """Every key of its database with what it holds, one a line."""
    redis = _redis(address)
    read = {
        "string": redis.get,
        "list": lambda key: redis.lrange(key, 0, -1),
        "set": redis.smembers,
        "hash": redis.hgetall,
        "zset": lambda key: redis.zrange(key, 0, -1),
        "stream": redis.xrange,
    }
    with path.open("w") as file:
        for key in redis.scan_iter():
            held = read[redis.type(key).decode()](key)
            file.write(f"{key!r} {held!r}\n{json.dumps(_texts(held))}\n")


def _texts(held: Any) -> list[str]:
    """What is held as texts, however deep: `repr` escapes, and a mark must be found as it stands."""
    if isinstance(held, dict):
        return [text for pair in held.items() for text in _texts(list(pair))]
    if isinstance(held, list | set | tuple):
        return [text for one in held for text in _texts(one)]
    return [held.decode("latin-1") if isinstance(held, bytes) else str(held)]


def _redis(address: str) -> Any:
    from redis import Redis

    return Redis.from_url(address)
