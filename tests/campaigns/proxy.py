"""A TCP proxy that knows where an HTTP request ends and breaks what goes through it, one request at a time.

    python -m tests.campaigns.proxy --to http://127.0.0.1:PORT

Its first line says both ports. Control is one JSON object a line: {"faults": […], "seed": 7} replaces the
faults, {"down": seconds} refuses every connection for so long, {"unavailable": seconds} answers 503 to every
request instead, {"up": true} ends either, {} asks. Each is answered with what struck.

A fault: `kind`, `probability`, and optionally `method`, `seconds`, `bytes_per_second`. "after" means that the
exchange has answered, and the answer never arrives.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import socket
import ssl
import struct
import sys
import time
from urllib.parse import urlsplit

KINDS = {
    "reset_before": "reset; nothing was forwarded",
    "reset_after": "forwarded, answered, then reset",
    "close_after": "forwarded, answered, then closed as a tired keep-alive connection is",
    "half_after": "forwarded, answered, half of the answer, then closed",
    "swallow": "forwarded, answered, then silence for `seconds` and a reset",
    "late": "reset at once, forwarded after `seconds`",
    "delay": "forwarded after `seconds`",
    "slow": "the answer at `bytes_per_second`",
}
LARGEST_HEAD = 64 * 1024
# As the page of a gateway whose exchange is away; nothing of it is JSON, and nothing says when to come again.
_PAGE = b"<html><body><h1>503 Service Unavailable</h1></body></html>"
UNAVAILABLE = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\n"
    b"Content-Length: %d\r\nConnection: keep-alive\r\n\r\n%s" % (len(_PAGE), _PAGE)
)
_HOST = re.compile(rb"\r\nhost:[^\r]*", re.IGNORECASE)
_LINGER_NOT = struct.pack("ii", 1, 0)


class Proxy:
    """One listening port of 127.0.0.1 in front of one origin, http or https."""

    def __init__(self, upstream: str) -> None:
        origin = urlsplit(upstream)
        self.tls = ssl.create_default_context() if origin.scheme == "https" else None
        self.host = origin.hostname or "127.0.0.1"
        self.upstream_port = origin.port or (443 if self.tls else 80)
        self.named = origin.netloc
        self.port = 0
        self.faults: list[dict] = []
        self.chance = random.Random()
        self.struck: dict[str, int] = {}
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._late: set[asyncio.Task] = set()
        self._back = asyncio.Event()
        self._unavailable_until = 0.0

    async def listen(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=LARGEST_HEAD, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def go_down(self, seconds: float) -> None:
        """Refuse connections, and reset those that are open."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for writer in list(self._open):
            _reset(writer)
        self._count("down")
        self._back.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._back.wait(), seconds)
        await self.listen()

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                order = json.loads(line)
                if "seed" in order:
                    self.chance.seed(order["seed"])
                if "faults" in order:
                    unknown = {fault["kind"] for fault in order["faults"]} - set(KINDS)
                    assert not unknown, f"no such fault: {unknown}"
                    self.faults = order["faults"]
                if "up" in order:
                    self._unavailable_until = 0.0
                    self._back.set()
                if "unavailable" in order:
                    self._unavailable_until = time.monotonic() + order["unavailable"]
                if "down" in order:
                    task = asyncio.create_task(self.go_down(order["down"]))
                    self._late.add(task)
                    task.add_done_callback(self._late.discard)
                writer.write(json.dumps({"struck": self.struck, "port": self.port}).encode() + b"\n")
                await writer.drain()
        writer.close()

    def _count(self, kind: str) -> None:
        self.struck[kind] = self.struck.get(kind, 0) + 1

    def _pick(self, method: str) -> dict:
        draw = self.chance.random()
        for fault in self.faults:
            if fault.get("method", method) != method:
                continue
            draw -= fault["probability"]
            if draw < 0:
                self._count(fault["kind"])
                return fault
        return {"kind": ""}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection: requests one after the other, over one connection to the exchange."""
        self._open.add(writer)
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            while (request := await _read_message(reader)) is not None:
                if upstream is None or upstream[0].at_eof():
                    upstream = await self._connect()
                if not await self._pass_on(request, writer, upstream):
                    return
        except (ConnectionError, asyncio.IncompleteReadError, OSError):
            _reset(writer)
        except asyncio.CancelledError:
            return  # the proxy ends; streams would print a traceback for each connection that is open
        finally:
            self._open.discard(writer)
            for other in (writer, upstream and upstream[1]):
                if other is not None:
                    other.close()

    async def _pass_on(self, request: bytes, writer: asyncio.StreamWriter, upstream: tuple) -> bool:
        """Pass one request and its answer; whether the connection goes on."""
        if time.monotonic() < self._unavailable_until:
            self._count("unavailable")
            writer.write(UNAVAILABLE)
            await writer.drain()
            return True
        fault = self._pick(request.split(b" ", 1)[0].decode("latin-1"))
        kind, seconds = fault["kind"], float(fault.get("seconds", 0.5))
        if kind == "reset_before":
            return _reset(writer)
        if kind == "late":
            # Its own connection, since the client's is gone by then.
            task = asyncio.create_task(self._deliver_late(request, seconds))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return _reset(writer)
        if kind == "delay":
            await asyncio.sleep(seconds)
        upstream[1].write(self._addressed(request))
        await upstream[1].drain()
        answer = await _read_message(upstream[0])
        if answer is None or kind == "reset_after":
            return _reset(writer)
        if kind == "close_after":
            return False
        if kind == "half_after":
            writer.write(answer[: len(answer) // 2])
            await writer.drain()
            return False
        if kind == "swallow":
            await asyncio.sleep(seconds)
            return _reset(writer)
        if kind == "slow":
            step = max(1, int(fault.get("bytes_per_second", 2000) / 20))
            for start in range(0, len(answer), step):
                writer.write(answer[start : start + step])
                await writer.drain()
                await asyncio.sleep(0.05)
            return True
        writer.write(answer)
        await writer.drain()
        return b"\r\nconnection: close" not in answer[:LARGEST_HEAD].lower().split(b"\r\n\r\n", 1)[0]

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.upstream_port, ssl=self.tls, limit=LARGEST_HEAD)

    def _addressed(self, request: bytes) -> bytes:
        """The request with the exchange's own name as its Host, by which servers tell their sites apart."""
        head, end, body = request.partition(b"\r\n\r\n")
        return _HOST.sub(b"\r\nHost: " + self.named.encode(), head, count=1) + end + body

    async def _deliver_late(self, request: bytes, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await self._connect()
            writer.write(self._addressed(request))
            await writer.drain()
            await _read_message(reader)
            writer.close()


async def _read_message(reader: asyncio.StreamReader) -> bytes | None:
    """A whole request or answer; None where the other side closed between two. Raises IncompleteReadError."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as cut:
        if cut.partial:
            raise
        return None
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
    }
    if b"chunked" in fields.get(b"transfer-encoding", b"").lower():
        return head + await _read_chunks(reader)
    if (
        b"content-length" not in fields
        and head.startswith(b"HTTP/")
        and fields.get(b"connection") == b"close"
    ):
        return head + await reader.read()  # its end is the connection's
    length = int(fields.get(b"content-length", 0))
    return head + (await reader.readexactly(length) if length else b"")


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    """A chunked body with its last chunk and trailers, as it came."""
    whole = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        whole += line
        size = int(line.split(b";", 1)[0], 16)
        if size:
            whole += await reader.readexactly(size + 2)
            continue
        while line != b"\r\n":  # trailers, and the empty line after them
            line = await reader.readuntil(b"\r\n")
            whole += line
        return whole


def _reset(writer: asyncio.StreamWriter) -> bool:
    """Close with RST instead of FIN. Always False: the connection does not go on."""
    raw = writer.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    writer.transport.abort()
    return False


async def _main(upstream: str) -> None:
    proxy = Proxy(upstream)
    await proxy.listen()
    control = await asyncio.start_server(proxy.control, "127.0.0.1", 0)
    print(proxy.port, control.sockets[0].getsockname()[1], flush=True)
    # Whoever started us holds our standard input: it ends with them, however they end.
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.buffer.read)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--to", required=True)
    asyncio.run(_main(arguments.parse_args().to))
