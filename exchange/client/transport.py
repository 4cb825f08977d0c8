"""The wire: one request, one answer, a hard end to both.

Three things that the usual HTTP libraries can't tell are known here: whether the first byte of a request has
left (a TLS failure looks the same before and after); how much of the total time is left at each read, so that
an exchange that trickles its answer can't hold a lane for longer than the deadline; and what it costs, since
their sessions, pools and header objects take a lane longer than all the rest of a call. Reading the answer is
left to the parser that Node.js uses.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import certifi
from httptools import HttpResponseParser

if TYPE_CHECKING:
    from requests import PreparedRequest

MAX_REPLY_BYTES = 1_000_000
# For an answer's headers, and whatever else comes with its body.
MAX_EXTRA_BYTES = 65_536
PACKINGS = ("gzip", "x-gzip", "deflate")
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
    headers: Mapping[str, str]  # names in lower case
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


class _Surplus(Exception):
    """More came than one answer: which of them is the call's can't be told."""


class _EndedEarly(Exception):
    """The connection, or what was packed, ended before the answer did."""


class _BadRequest(Exception):
    """A header that would end its line early."""


class _Deadline:
    """One call's clock."""

    __slots__ = ("_at", "_read")

    def __init__(self, read: float, total: float) -> None:
        self._read = read
        self._at = time.monotonic() + total

    def allowance(self) -> float:
        """Seconds that the next read or write may take; TimeoutError when the call's time is up."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError("The call's total time is up.")
        return min(left, self._read)


class _Answer:
    """What httptools tells of one answer, bit by bit; interim answers (1xx) are passed over."""

    def __init__(self) -> None:
        self.parser = HttpResponseParser(self)
        self.headers: dict[str, str] = {}
        self.is_begun = self.is_complete = self.is_kept = self._is_known = False
        self._chunks: list[bytes] = []
        self._size = 0
        self._unpack: zlib._Decompress | None = None

    @property
    def status(self) -> int:
        return int(self.parser.get_status_code())

    def on_message_begin(self) -> None:
        if self.is_complete:
            raise _Surplus
        self.headers.clear()
        self.is_begun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._is_known = self.status >= 200
        if self.headers.get("content-encoding", "").strip().casefold() in PACKINGS:
            # None was asked for. Unpacked bit by bit, so that the cap holds for what comes out of it.
            self._unpack = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)

    def on_body(self, chunk: bytes) -> None:
        if self._unpack is not None:
            chunk = self._unpack.decompress(chunk, MAX_REPLY_BYTES + 1)
        self._size += len(chunk)
        if self._size > MAX_REPLY_BYTES:
            raise _TooLarge
        self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        self.is_complete = self._is_known
        self.is_kept = self.parser.should_keep_alive()  # later it would speak of the next message

    def ended(self) -> None:
        """The exchange closed the connection: the end of an answer that names no length, else a break."""
        names_its_end = "content-length" in self.headers or "transfer-encoding" in self.headers
        if not self._is_known or names_its_end:
            raise _EndedEarly
        self.is_complete = True

    @property
    def body(self) -> bytes:
        if self._unpack is not None and self._chunks and not self._unpack.eof:
            raise _EndedEarly
        return b"".join(self._chunks)


@cache
def _tls() -> ssl.SSLContext:
    """The system's settings do not count: certificates by the list that `requests` trusts, names checked."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Wire:
    """One kept connection to one origin, for one thread. No proxies, no cookies, no redirects, no retries."""

    def __init__(self, origin: str) -> None:
        parts = urlsplit(origin)
        self._is_tls, self._host = parts.scheme == "https", parts.hostname or ""
        self._port = parts.port or (443 if self._is_tls else 80)
        self._netloc = parts.netloc
        self._sock: socket.socket | None = None

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def exchange(self, request: PreparedRequest, *, connect: float, read: float, total: float) -> RawReply:
        """Send the request and read the whole answer, at most 1,000,000 bytes of it, within `total` seconds.

        The request's body is None, or several pieces of bytes with their Content-Length in the headers.
        Raises Broken, never chained, for whatever goes wrong on the way.
        """
        deadline = _Deadline(read, total)
        answer = _Answer()
        is_sent = False
        try:
            pieces = [self._head(request), *(request.body or ())]
            sock = self._opened(min(connect, total))
            cut_off = None
            try:
                for piece in pieces:
                    sock.settimeout(deadline.allowance())
                    is_sent = True
                    sock.sendall(piece)
            except (BrokenPipeError, ConnectionResetError) as exc:
                cut_off = exc
            _hear(sock, answer, deadline)
            if cut_off is not None and 200 <= answer.status < 300:
                raise cut_off  # it can't have done what it has not read
            reply = RawReply(answer.status, answer.headers, answer.body)
            if cut_off is not None or not answer.is_kept:
                self.close()
            return reply
        except Exception as exc:
            self.close()
            # Whatever it is, once a byte has left only "unknown" is true; before, only "not applied" is.
            broken = Broken(
                is_sent=is_sent,
                is_too_large=_is_too_large(exc),
                cause=_names(exc),
                headers=answer.headers if answer.is_begun else {},
            )
        except BaseException:
            # The rest of this answer must not be read as the next one.
            self.close()
            raise
        raise broken

    def _head(self, request: PreparedRequest) -> bytes:
        """The request line and the headers. _BadRequest where a value holds a line break."""
        url = request.url or ""
        lines = [f"{request.method} {url[url.index('/', 8) :]} HTTP/1.1", f"Host: {self._netloc}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        head = "\r\n".join(lines)
        if head.count("\r") + head.count("\n") != 2 * (len(lines) - 1):
            raise _BadRequest
        return f"{head}\r\n\r\n".encode("latin-1")

    def _opened(self, seconds: float) -> socket.socket:
        """The connection; a new one where the exchange has closed it meanwhile."""
        if self._sock is not None and _is_dropped(self._sock):
            self.close()
        if self._sock is None:
            sock = socket.create_connection((self._host, self._port), timeout=seconds)
            try:
                # The end of a form is a piece of its own, and must not wait for the file to be acknowledged.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sock = _tls().wrap_socket(sock, server_hostname=self._host) if self._is_tls else sock
            except BaseException:
                sock.close()
                raise
        return self._sock


def _hear(sock: socket.socket, answer: _Answer, deadline: _Deadline) -> None:
    """Read until the answer is whole, which may be before all of the request was taken."""
    heard = 0
    while not answer.is_complete:
        sock.settimeout(deadline.allowance())
        data = sock.recv(READ_CHUNK)
        if not data:
            answer.ended()
            return
        heard += len(data)
        if heard > MAX_REPLY_BYTES + MAX_EXTRA_BYTES:
            raise _TooLarge
        answer.parser.feed_data(data)


def _is_dropped(sock: socket.socket) -> bool:
    """Whether there is something to read where nothing was asked: an end, or what belongs to no answer."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _is_too_large(exc: BaseException) -> bool:
    # The parser raises an error of its own for what a callback raised.
    return isinstance(exc, _TooLarge) or isinstance(exc.__context__, _TooLarge)


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
