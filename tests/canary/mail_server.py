"""A mail server that takes every letter and keeps it: what the portal mails of errors is looked at, too."""

import socketserver
import threading
from pathlib import Path


class MailServer:
    """Listens on a port of its own until it is stopped; each letter becomes a file of the folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()

        class Talk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self._say("220 here")
                while line := self.rfile.readline():
                    match line[:4].upper():
                        case b"EHLO":
                            self._say("250-here\r\n250 AUTH PLAIN LOGIN")
                        case b"AUTH":  # what is shown is not kept
                            self._say("235 welcome")
                        case b"DATA":
                            self._say("354 go on")
                            self._keep()
                        case b"QUIT":
                            return self._say("221 bye")
                        case _:
                            self._say("250 fine")

            def _keep(self) -> None:
                lines = list(iter(self.rfile.readline, b".\r\n"))
                (folder / f"{len(list(folder.iterdir())):03}.eml").write_bytes(b"".join(lines))
                self._say("250 taken")

            def _say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

        self._server = socketserver.TCPServer(("127.0.0.1", 0), Talk)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
