"""`python -m exchange.sandbox`: the sandbox under gunicorn, one process with threads."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path

from gunicorn.app.base import BaseApplication

from exchange.sandbox.app import make_app
from exchange.sandbox.configuration import DEFAULT_PORT, DEFAULT_THREADS, Configuration
from exchange.sandbox.dialects import NAMES


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to stop. Exit 1 with one line where a setting or the port can't be used."""
    try:
        configuration = Configuration.from_environment()
        port = int(os.environ.get("SANDBOX_PORT") or DEFAULT_PORT)
    except ValueError as problem:
        sys.exit(f"Sandbox exchange: {problem}")
    options = _parser(configuration, port).parse_args(arguments)
    configuration = replace(
        configuration,
        store=options.store,
        key=options.key,
        secret=options.secret,
        dialect=options.dialect,
        review_seconds=options.review_seconds,
    )
    listener = socket.socket(socket.AF_INET6 if ":" in options.host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
        listener.listen(2048)
    except (OSError, OverflowError) as problem:
        sys.exit(
            f"Sandbox exchange: can't listen on {options.host}:{options.port} ({problem}). "
            "Stop what uses the port, or set SANDBOX_PORT to another."
        )
    try:
        configuration.store.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        sys.exit(f"Sandbox exchange: can't keep its store in {configuration.store} ({problem}).")
    host = f"[{options.host}]" if ":" in options.host else options.host
    address = f"http://{host}:{listener.getsockname()[1]}"
    server = _Server(configuration, listener, options.threads, address)
    if options.while_stdin:
        threading.Thread(target=_stop_with_stdin, daemon=True).start()
    server.run()


def _parser(configuration: Configuration, port: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m exchange.sandbox", description="An imitation of the exchange."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=port, help="0: any free one (SANDBOX_PORT, 8001)")
    parser.add_argument("--store", type=Path, default=configuration.store, help="directory of its store")
    parser.add_argument("--key", default=configuration.key, help="the API key it knows (SANDBOX_API_KEY)")
    parser.add_argument(
        "--secret", default=configuration.secret, help="that key's secret (SANDBOX_API_SECRET)"
    )
    parser.add_argument("--dialect", choices=NAMES, default=configuration.dialect)
    parser.add_argument("--review-seconds", type=float, default=configuration.review_seconds)
    parser.add_argument("--threads", type=int, default=DEFAULT_THREADS)
    parser.add_argument("--while-stdin", action="store_true", help="stop when standard input is closed")
    return parser


def _stop_with_stdin() -> None:
    """End with the process that started this one, however that one ends."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGINT)


class _Server(BaseApplication):
    """gunicorn without its command line, its files and its control socket."""

    def __init__(
        self, configuration: Configuration, listener: socket.socket, threads: int, address: str
    ) -> None:
        self.configuration, self.listener, self.threads, self.address = (
            configuration,
            listener,
            threads,
            address,
        )
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": [f"fd://{self.listener.fileno()}"],
            "worker_class": "gthread",
            "workers": 1,
            "threads": self.threads,
            "worker_connections": 2_000,
            "keepalive": 75,
            "timeout": 120,
            "graceful_timeout": 2,
            "loglevel": "error",
            "control_socket_disable": True,
            "proc_name": "exchange-sandbox",
            "when_ready": self._announce,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def _announce(self, _server: object) -> None:
        sys.stdout.write(f"Sandbox exchange: {self.address} (console: {self.address}/_sandbox/)\n")
        sys.stdout.flush()

    def load(self):
        return make_app(self.configuration)


if __name__ == "__main__":
    main()
