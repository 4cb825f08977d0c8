"""An exchange that does nothing but wait: create 50 ms, update 50 ms, upload 80 ms. It keeps nothing.

python -m bench._stub_exchange      prints its port, ends with its standard input and prints its CPU seconds
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time

CREATE, UPDATE, UPLOAD = 0.050, 0.050, 0.080  # seconds, from the last byte of the request
_numbers = itertools.count(1)


class Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.head = b""
        self.left = 0
        self.line = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.left:
            self.left -= len(data)
            if self.left <= 0:
                self.answer()
            return
        self.head += data
        end = self.head.find(b"\r\n\r\n")
        if end < 0:
            return
        head, rest = self.head[:end], self.head[end + 4 :]
        self.head, self.line = b"", head.split(b"\r\n", 1)[0]
        length = 0
        for field in head.lower().split(b"\r\n"):
            if field.startswith(b"content-length:"):
                length = int(field.split(b":")[1])
        self.left = length - len(rest)
        if self.left <= 0:
            self.answer()

    def answer(self) -> None:
        self.left = 0
        body = b'{"uid":"CCT%d"}' % next(_numbers)
        wait, status = UPLOAD, b"200 OK"
        if b"/resource/customers" in self.line:
            wait, status = (CREATE, b"201 Created") if self.line.startswith(b"POST") else (UPDATE, b"200 OK")
        reply = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
            status,
            len(body),
            body,
        )
        asyncio.get_running_loop().call_later(wait, self.send, reply)

    def send(self, reply: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(reply)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(time.process_time(), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
