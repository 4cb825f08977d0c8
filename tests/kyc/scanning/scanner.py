"""A stand-in for ClamAV's daemon that speaks its real protocol, and fails in the ways it can fail."""

import contextlib
import os
import socket
import socketserver
import struct
import threading

from kyc.scanning.clamd import EICAR

# As the real daemon ends a stream that grows past its StreamMaxLength.
TOO_LONG = b"INSTREAM size limit exceeded. ERROR\0"


class _Talk(socketserver.BaseRequestHandler):
    def handle(self):
        scanner = self.server.scanner
        with contextlib.suppress(OSError):
            scanner.asked += 1
            if scanner.mood == "hangs":
                scanner.released.wait(20)
                return
            command = self._until_nul()
            if command != b"zINSTREAM":
                self.request.sendall(b"UNKNOWN COMMAND\0")
                return
            content = b""
            while length := struct.unpack(">I", self._exactly(4))[0]:
                content += self._exactly(length)
                if scanner.mood == "resets":
                    self._reset()
                    return
                if len(content) > scanner.stream_max:
                    self.request.sendall(TOO_LONG)
                    self._reset()
                    return
            scanner.seen.append(len(content))
            self.request.sendall(self._answer(scanner, content))

    def _answer(self, scanner, content):
        if scanner.mood in ("garbles", "closes", "fails"):
            return {
                "garbles": b"HTTP/1.1 200 OK\0",
                "closes": b"",
                "fails": b"Can't allocate memory ERROR\0",
            }[scanner.mood]
        if EICAR in content and scanner.mood != "knows nothing":
            return b"stream: Eicar-Test-Signature FOUND\0"
        if scanner.mood == "says OK and more":
            return b"stream: OK but not really\0"
        return b"stream: OK\0"

    def _until_nul(self):
        got = b""
        while not got.endswith(b"\0"):
            got += self._exactly(1)
        return got[:-1]

    def _exactly(self, length):
        got = b""
        while len(got) < length:
            part = self.request.recv(length - len(got))
            if not part:
                raise ConnectionError
            got += part
        return got

    def _reset(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Local(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class Scanner:
    """`mood`: how it answers from now on. `address`: for CLAMAV_ADDRESS."""

    def __init__(self, path=""):
        self.mood, self.stream_max = "works", 25_000_000
        self.asked, self.seen = 0, []
        self.released = threading.Event()
        self._server = _Local(path, _Talk) if path else _Tcp(("127.0.0.1", 0), _Talk)
        self._server.scanner = self
        self.address = f"unix://{path}" if path else f"tcp://127.0.0.1:{self._server.server_address[1]}"
        self._path = path
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        if self._path:
            os.unlink(self._path)
