"""The wire: one request, one answer, a hard end to both.

Two things that the HTTP libraries can't tell are known here: whether the first byte of a request has left (a
TLS failure looks the same before and after), and how much of the total time is left at each read, so that an
exchange that trickles its answer can't hold a lane for longer than the deadline.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

MAX_REPLY_BYTES = 1_000_000
READ_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `total` counts from the start of the call to the last byte of its answer."""

    connect: float = 5.0
    read: float = 60.0
    total: float = 75.0
    upload_read: float = 120.0
    upload_total: float = 150.0


@dataclass(frozen=True, slots=True)
class RawReply:
    status: int
    headers: Mapping[str, str]  # case-insensitive
    body: bytes


class Broken(Exception):
    """No whole answer. `is_sent`: a byte of the request has left. `cause`: class names, no content."""

    def __init__(self, *, is_sent: bool, is_too_large: bool, cause: str, headers: Mapping[str, str]) -> None:
        super().__init__(cause)
        self.is_sent = is_sent
        self.is_too_large = is_too_large
        self.cause = cause
        self.headers = headers


class _TooLarge(Exception):
    pass


class _Watch:
    """One call's clock, and whether its first byte has left."""

    __slots__ = ("deadline", "is_sent", "read")

    def __init__(self, read: float, total: float) -> None:
        self.read = read
        self.deadline = time.monotonic() + total
        self.is_sent = False

    def allowance(self) -> float:
        """Seconds that the next read or write may take; TimeoutError when the call's time is up."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("The call's total time is up.")
        return min(left, self.read)


_calling = threading.local()  # .watch: the call that this thread is in


class _WatchedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, watch: _Watch) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._watch = watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int | None:
        self._sock.settimeout(self._watch.allowance())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _WatchedSocket:
    """The one thing that http.client's response asks of a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_WatchedReader(self._sock, _calling.watch))


class _WatchedResponse(http.client.HTTPResponse):
    def __init__(self, sock, *args, **kwargs) -> None:
        super().__init__(typing.cast(socket.socket, _WatchedSocket(sock)), *args, **kwargs)


class _WatchedHTTPConnection(HTTPConnection):
    response_class: typing.Any = _WatchedResponse

    def send(self, data) -> None:
        if self.sock is None:
            self.connect()
        watch: _Watch = _calling.watch
        # urllib3 would let the sending of a whole body take no longer than the connect timeout.
        self.sock.settimeout(watch.allowance())
        watch.is_sent = True
        super().send(data)


class _WatchedHTTPSConnection(_WatchedHTTPConnection, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPSConnection


class _Adapter(HTTPAdapter):
    """One origin, without proxies or cookies: what requests works out anew for each call is known here."""

    def init_poolmanager(self, *args, **kwargs) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        self._pools: dict[tuple[str, object], typing.Any] = {}

    def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):
        origin = request.url[: request.url.index("/", 8)]
        pool = self._pools.get((origin, verify))
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, None, cert)
            self._pools[origin, verify] = pool
        return pool

    def request_url(self, request, proxies) -> str:
        return request.url[request.url.index("/", 8) :]

    def build_response(self, req, resp) -> requests.Response:
        response = requests.Response()
        response.status_code, response.reason = resp.status, resp.reason
        response.headers, response.raw = resp.headers, resp  # urllib3's headers know no case either
        response.url, response.request = req.url, req
        return response

    def close(self) -> None:
        self._pools.clear()
        super().close()


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Never: requests would read the whole answer to prepare a next request, even if not allowed one."""


def new_session() -> requests.Session:
    """No proxies or credentials from the environment, no cookies, redirects or retries; TLS is verified."""
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    adapter = _Adapter(pool_connections=1, pool_maxsize=4, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def exchange_bytes(
    session: requests.Session, request: requests.PreparedRequest, *, connect: float, read: float, total: float
) -> RawReply:
    """Send the request and read the whole answer, at most 1,000,000 bytes of it, within `total` seconds.

    Raises Broken, never chained, for whatever goes wrong on the way.
    """
    watch = _calling.watch = _Watch(read, total)
    response = None
    try:
        response = session.send(
            request, timeout=(min(connect, total), read), stream=True, allow_redirects=False, verify=True
        )
        return RawReply(response.status_code, response.headers, _read(response))
    except Exception as exc:
        # Whatever it is, once a byte has left only "unknown" is true; before, only "not applied" is.
        broken = Broken(
            is_sent=watch.is_sent,
            is_too_large=isinstance(exc, _TooLarge),
            cause=_names(exc),
            headers={} if response is None else response.headers,
        )
    finally:
        if response is not None:
            response.close()
        _calling.watch = None
    raise broken


def _read(response: requests.Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := response.raw.read(READ_CHUNK, decode_content=True):
        size += len(chunk)
        if size > MAX_REPLY_BYTES:
            raise _TooLarge
        chunks.append(chunk)
        if response.raw.length_remaining == 0 and "Content-Encoding" not in response.headers:
            break  # as long as it said that it is: asking once more would only be told so
    return b"".join(chunks)


def _names(exc: BaseException) -> str:
    """Class names from the outside in; no texts, since the libraries put addresses and paths into them."""
    names: list[str] = []
    inner: object = exc
    while isinstance(inner, BaseException) and len(names) < 5:
        name = type(inner).__name__.lstrip("_")
        if name not in names:
            names.append(name)
        reason = getattr(inner, "reason", None)
        wrapped = next((arg for arg in reversed(inner.args) if isinstance(arg, BaseException)), None)
        inner = (
            reason if isinstance(reason, BaseException) else wrapped or inner.__cause__ or inner.__context__
        )
    return " > ".join(names)
