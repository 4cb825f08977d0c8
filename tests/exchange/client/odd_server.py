"""A small HTTP server whose answer each test writes, down to the bytes."""

from __future__ import annotations

import email
import email.policy
import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Script = Callable[["Handler", "Seen"], None]


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body)

    @property
    def parts(self) -> list[tuple[str, str | None, str | None, bytes]]:
        """The form's parts in order: name, file name, content type, bytes."""
        head = b"Content-Type: " + self.headers["content-type"].encode() + b"\r\n\r\n"
        form = email.message_from_bytes(head + self.body, policy=email.policy.HTTP)
        return [
            (
                part.get_param("name", header="content-disposition"),
                part.get_filename(),
                part.get("content-type"),
                part.get_payload(decode=True),
            )
            for part in form.iter_parts()
        ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        seen = Seen(
            self.command,
            self.path,
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        self.server.seen.append(seen)
        self.server.script(self, seen)

    do_GET = do_POST = do_PUT = answer

    def reply(self, status: int, body: object = b"", headers: dict[str, str] | None = None) -> None:
        """A whole, well-formed answer; anything but bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "text/html", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def raw(self, content: bytes) -> None:
        """These bytes, then the connection is closed."""
        self.wfile.write(content)
        self.wfile.flush()
        self.close_connection = True

    def reset(self) -> None:
        """The connection is reset, not closed."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()

    def log_message(self, *args) -> None:
        pass


@dataclass
class OddServer:
    script: Script | None = None
    _server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._server.seen = []
        self._server.handle_error = lambda *args: None
        self.answers(self.script or (lambda handler, seen: handler.reply(200, b"")))
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def answers(self, script: Script) -> None:
        self._server.script = script

    def replies(self, status: int, body: object = b"", headers: dict[str, str] | None = None) -> None:
        self.answers(lambda handler, seen: handler.reply(status, body, headers))

    @property
    def seen(self) -> list[Seen]:
        return self._server.seen

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
