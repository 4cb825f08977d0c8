"""How a keeper and a cell talk over a socket: a head in JSON, then bytes.

4 bytes: length of the head | 4 bytes: length of the body | head | body
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from typing import Any

_LENGTHS = struct.Struct(">II")
HEAD_MAX = 64 * 1024
BODY_MAX = 16 * 1024 * 1024


class Broken(Exception):
    """The other side ended in the middle, or said what makes no sense."""


def packed(head: dict[str, Any], body: bytes = b"") -> bytes:
    text = json.dumps(head).encode()
    return _LENGTHS.pack(len(text), len(body)) + text + body


def received(take: Callable[[int], bytes]) -> tuple[dict[str, Any], bytes]:
    """One message. `take(most)` gives the next bytes, none at the end. Raises Broken.

    What a cell says is not believed: lengths are bounded before anything is read.
    """
    head_length, body_length = _LENGTHS.unpack(_exactly(take, _LENGTHS.size))
    if head_length > HEAD_MAX or body_length > BODY_MAX:
        raise Broken("too long")
    try:
        head = json.loads(_exactly(take, head_length))
    except (ValueError, RecursionError):
        raise Broken("no JSON") from None
    if not isinstance(head, dict):
        raise Broken("no object")
    return head, _exactly(take, body_length)


def _exactly(take: Callable[[int], bytes], length: int) -> bytes:
    parts = []
    while length:
        part = take(min(length, 1 << 20))
        if not part:
            raise Broken("ended early")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def write_all(descriptor: int, message: bytes) -> None:
    rest = memoryview(message)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
