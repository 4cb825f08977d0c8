"""Signing: `X-Auth-*` headers on the final request (002:83-91).

The signature is the lower-case hex HMAC-SHA256 of nonce + key, keyed with the secret as text. It covers
neither method nor path nor body, so headers are secrets while their nonce is fresh, and a nonce is never
used twice.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from requests import PreparedRequest

NonceSource = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key and its secret, both printable ASCII; neither is shown by repr.

    ValueError where one is empty or holds a character that no header could carry.
    """

    key: str = field(repr=False)
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        for name, value in (("EXCHANGE_API_KEY", self.key), ("EXCHANGE_API_SECRET", self.secret)):
            if not value:
                raise ValueError(f"{name} is empty.")
            if not all("!" <= character <= "~" for character in value):
                raise ValueError(f"{name} holds a space, a line break or a character that is not ASCII.")


class NonceFailed(Exception):
    """The nonce source raised or gave no usable number; the cause is chained. Nothing was sent."""


def signature(key: str, secret: str, nonce: int) -> str:
    """Hex HMAC-SHA256 over the nonce's digits followed by the key."""
    return hmac.new(secret.encode("ascii"), f"{nonce}{key}".encode("ascii"), hashlib.sha256).hexdigest()


class KeySignature:
    """A requests auth: a callable that is given the final request.

    Each invocation takes a new nonce: a request prepared twice is signed twice.
    """

    def __init__(self, credentials: Credentials, nonce: NonceSource) -> None:
        self._credentials = credentials
        self._nonce = nonce

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        nonce = self._next_nonce()
        key = self._credentials.key
        request.headers["X-Auth-Apikey"] = key
        request.headers["X-Auth-Nonce"] = str(nonce)
        request.headers["X-Auth-Signature"] = signature(key, self._credentials.secret, nonce)
        return request

    def _next_nonce(self) -> int:
        try:
            nonce = self._nonce()
        except Exception as exc:
            raise NonceFailed("The nonce source raised.") from exc
        if isinstance(nonce, bool) or not isinstance(nonce, int) or nonce <= 0:
            raise NonceFailed("The nonce source gave no positive whole number of milliseconds.")
        return nonce


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def increasing_nonce(now_ms: Callable[[], int] = _now_ms) -> NonceSource:
    """A thread-safe source of max(now, last + 1), in milliseconds. Unique within one process only."""
    lock = threading.Lock()
    last = 0

    def next_nonce() -> int:
        nonlocal last
        with lock:
            last = max(now_ms(), last + 1)
            return last

    return next_nonce


_sources: dict[str, NonceSource] = {}
_sources_lock = threading.Lock()


def process_nonce(key: str) -> NonceSource:
    """The one in-process source of that key: two clients with one key share it.

    Several processes with one key need a source that they share, such as a database row.
    """
    with _sources_lock:
        return _sources.setdefault(key, increasing_nonce())
