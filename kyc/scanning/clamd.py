"""Speaking to ClamAV's daemon: INSTREAM, over TCP or a local socket. Plain Python, one connection a file.

zINSTREAM\\0 | length (4 bytes) and bytes, again and again | length 0
stream: OK\\0   |   stream: NAME FOUND\\0   |   … ERROR\\0
"""

from __future__ import annotations

import re
import socket
import struct
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

# The daemon's own StreamMaxLength is 25 MB unless it is told otherwise; it ends the connection past that.
MAX_BYTES = 25_000_000
TIMEOUT_SECONDS = 15.0
DEFAULT_PORT = 3310
_CHUNK = 256 * 1024
_ANSWER_MAX = 4096
_FOUND = re.compile(r"stream: (.{1,200}) FOUND")
_UNUSUAL = re.compile(r"[^A-Za-z0-9._:()/+-]")

# The industry's test signature, in halves: in one piece, scanners would take this file away.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + rb"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Silent(Exception):
    """The scanner gave no verdict. `why`: refused, timeout, reset, closed, too_large, error or garbled."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Address:
    """Where it listens: a `path`, or a `host` and `port`."""

    path: str = ""
    host: str = ""
    port: int = 0


def read_address(text: str) -> Address:
    """`unix:///run/clamav/clamd.ctl`, `tcp://host:3310` or `host:3310`. Raises ValueError."""
    if text.startswith("unix://"):
        path = text.removeprefix("unix://")
        if not path.startswith("/"):
            raise ValueError("the path of a local socket begins with /")
        return Address(path=path)
    parts = urlsplit(text if "://" in text else f"tcp://{text}")
    if parts.scheme != "tcp" or not parts.hostname or parts.path or parts.query or parts.username:
        raise ValueError("neither unix:///path nor tcp://host:port")
    return Address(host=parts.hostname, port=parts.port or DEFAULT_PORT)


def scan(address: Address, content: bytes, *, timeout: float = TIMEOUT_SECONDS) -> str:
    """The name of what the scanner found in `content`; "" where it passed it. Raises Silent.

    `timeout` is for all of it, not for each step.
    """
    if len(content) > MAX_BYTES:
        raise Silent("too_large")
    deadline = time.monotonic() + timeout
    try:
        with _connected(address, timeout) as line:
            _send(line, content, deadline)
            answer = _answer(line, deadline)
    except TimeoutError:
        raise Silent("timeout") from None
    except ConnectionRefusedError:
        raise Silent("refused") from None
    except FileNotFoundError:
        raise Silent("refused") from None
    except OSError:
        raise Silent("reset") from None
    return _verdict(answer)


def is_watching(address: Address, *, timeout: float = TIMEOUT_SECONDS) -> bool:
    """Whether it finds the one thing that every scanner must: one without signatures passes everything."""
    return bool(scan(address, EICAR, timeout=timeout))


def _connected(address: Address, timeout: float) -> socket.socket:
    if not address.path:
        return socket.create_connection((address.host, address.port), timeout)
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(timeout)
    try:
        line.connect(address.path)
    except BaseException:
        line.close()
        raise
    return line


def _send(line: socket.socket, content: bytes, deadline: float) -> None:
    _wait_until(line, deadline)
    line.sendall(b"zINSTREAM\0")
    for start in range(0, len(content), _CHUNK):
        part = content[start : start + _CHUNK]
        _wait_until(line, deadline)
        line.sendall(struct.pack(">I", len(part)) + part)
    line.sendall(struct.pack(">I", 0))


def _answer(line: socket.socket, deadline: float) -> str:
    answer = b""
    while b"\0" not in answer and len(answer) < _ANSWER_MAX:
        _wait_until(line, deadline)
        part = line.recv(_ANSWER_MAX)
        if not part:
            raise Silent("closed")
        answer += part
    return answer.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _wait_until(line: socket.socket, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    line.settimeout(left)


def _verdict(answer: str) -> str:
    if answer == "stream: OK":
        return ""
    if found := _FOUND.fullmatch(answer):
        return _UNUSUAL.sub("_", found[1])[:100]
    raise Silent("error" if answer.endswith("ERROR") else "garbled")
