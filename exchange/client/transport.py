"""The wire: one request, one answer, a hard end to both.

Two things that the HTTP libraries can't tell are known here: whether the first byte of a request has left (a
TLS failure looks the same before and after), and how much of the total time is left at each read, so that an
exchange that trickles its answer can't hold a lane for longer than the deadline.
"""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
import threading
import time
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import certifi
import requests
import urllib3
from requests.structures import CaseInsensitiveDict

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


class _WatchedConnection(http.client.HTTPConnection):
    response_class: typing.Any = _WatchedResponse

    def send(self, data: typing.Any) -> None:
        if self.sock is None:
            self.connect()
        watch: _Watch = _calling.watch
        # Sending may take longer than connecting did.
        self.sock.settimeout(watch.allowance())
        watch.is_sent = True
        super().send(data)


class _WatchedTLSConnection(_WatchedConnection, http.client.HTTPSConnection):
    pass


@cache
def _tls() -> ssl.SSLContext:
    """The system's settings do not count: certificates by the list that `requests` trusts, names checked."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Wire:
    """One kept connection to one origin, for one thread. No proxies, no cookies, no redirects, no retries.

    Python's own HTTP client: sessions, adapters and pools cost a lane more than the call does.
    """

    def __init__(self, origin: str) -> None:
        parts = urlsplit(origin)
        self._is_tls, self._host, self._port = parts.scheme == "https", parts.hostname or "", parts.port
        self._connection: _WatchedConnection | None = None

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()

    def exchange(
        self, request: requests.PreparedRequest, *, connect: float, read: float, total: float
    ) -> RawReply:
        """Send the request and read the whole answer, at most 1,000,000 bytes of it, within `total` seconds.

        The request's body is bytes, None, or several pieces of bytes with their Content-Length in the
        headers. Raises Broken, never chained, for whatever goes wrong on the way.
        """
        watch = _calling.watch = _Watch(read, total)
        response = None
        try:
            response = self._answer(request, min(connect, total))
            reply = RawReply(response.status, _headers(response), _read(response))
            if response.will_close:
                self.close()
            return reply
        except Exception as exc:
            self.close()
            # Whatever it is, once a byte has left only "unknown" is true; before, only "not applied" is.
            broken = Broken(
                is_sent=watch.is_sent,
                is_too_large=isinstance(exc, _TooLarge),
                cause=_names(exc),
                headers={} if response is None else _headers(response),
            )
        finally:
            if response is not None:
                response.close()
            _calling.watch = None
        raise broken

    def _answer(self, request: requests.PreparedRequest, connect: float) -> http.client.HTTPResponse:
        connection = self._opened(connect)
        url = request.url or ""
        connection.putrequest(request.method or "", url[url.index("/", 8) :], skip_accept_encoding=True)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        connection.endheaders(typing.cast(bytes | None, request.body))
        return connection.getresponse()

    def _opened(self, seconds: float) -> _WatchedConnection:
        """The connection, ready for a request; a new one where the exchange has closed it meanwhile."""
        connection = self._connection
        if connection is None:
            if self._is_tls:
                connection = _WatchedTLSConnection(self._host, self._port, context=_tls())
            else:
                connection = _WatchedConnection(self._host, self._port)
            self._connection = connection
        elif connection.sock is not None and _is_dropped(connection.sock):
            connection.close()
        if connection.sock is None:
            connection.timeout = seconds
            connection.connect()
        return connection


def _is_dropped(sock: socket.socket) -> bool:
    """Whether there is something to read where nothing was asked: an end, or what belongs to no answer."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _headers(response: http.client.HTTPResponse) -> Mapping[str, str]:
    return CaseInsensitiveDict(response.headers.items())


def _read(response: http.client.HTTPResponse) -> bytes:
    source: typing.Any = response
    if "Content-Encoding" in response.headers:
        # None was asked for. Unpacked bit by bit, so that the cap holds for what comes out of it.
        source = urllib3.HTTPResponse(response, _headers(response), preload_content=False)
    chunks: list[bytes] = []
    size = 0
    while chunk := source.read(READ_CHUNK):
        size += len(chunk)
        if size > MAX_REPLY_BYTES:
            raise _TooLarge
        chunks.append(chunk)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
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
