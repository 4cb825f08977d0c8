"""What `manage.py up` keeps running: web, worker and, unless an exchange is named, the sandbox."""

import socket
import sys
from collections.abc import Iterable

from django.conf import settings

from portal.supervisor import Program

HOST = "127.0.0.1"
# A frozen worker is killed after this share of the time in which a stalled one ends itself: within a
# transaction it locks the embedded database, and others wait 20 s for it before they fail.
SILENCE_SHARE = 1 / 4


class PortProblem(Exception):
    """An address can't be used. The message names the port, the setting and what to do."""


def web() -> Program:
    address = f"http://{HOST}:{settings.PORT}/"
    return Program(
        name="web",
        command=[
            *(sys.executable, "-m", "gunicorn", "--config", "python:portal.web_server"),
            *("--bind", f"{HOST}:{settings.PORT}", "portal.wsgi:application"),
        ],
        announcement=f"the portal answers at {address}",
        port=settings.PORT,
        # gunicorn reads more arguments from here; those belong to another server.
        environment={"GUNICORN_CMD_ARGS": ""},
    )


def worker() -> Program:
    """With BROKER_URL it is a Celery worker with its beat; without, it polls the database."""
    how = "rung by the broker, " if settings.BROKER_URL else ""
    return Program(
        name="worker",
        command=[sys.executable, "manage.py", "work"],
        announcement=f"{how}delivers to {settings.EXCHANGE_BASE_URL} and asks there for verdicts",
        environment=_quiet(),
        patience=settings.WORKER_STALL_SECONDS * SILENCE_SHARE,
    )


def _quiet() -> dict[str, str]:
    """A line per attempt would push everything else off the terminal; whoever wants them sets LOG_LEVEL."""
    return {} if "LOG_LEVEL" in settings.SETTINGS_GIVEN else {"LOG_LEVEL": "WARNING"}


def sandbox() -> Program:
    return Program(
        name="sandbox",
        command=[
            *(sys.executable, "-m", "exchange.sandbox"),
            *("--host", HOST, "--port", str(settings.SANDBOX_PORT), "--store", str(settings.SANDBOX_STORE)),
            *("--dialect", settings.EXCHANGE_DIALECT),
        ],
        announcement="",  # it says its addresses itself
        port=settings.SANDBOX_PORT,
        # Not on the command line, which other users of the machine can read.
        environment={
            "SANDBOX_API_KEY": settings.SANDBOX_API_KEY,
            "SANDBOX_API_SECRET": settings.SANDBOX_API_SECRET,
            "GUNICORN_CMD_ARGS": "",
        },
    )


def programs() -> list[Program]:
    """All of them, in the order in which they are started."""
    exchange = [sandbox()] if settings.USES_SANDBOX else []
    return [*exchange, web(), worker()]


def check_ports(wanted: Iterable[Program]) -> None:
    """Raise PortProblem where a program's port is taken, asked for twice, or not to be had."""
    setting = {"web": "PORT", "sandbox": "SANDBOX_PORT"}
    seen: dict[int, str] = {}
    for program in wanted:
        port, name = program.port, setting.get(program.name, "")
        if port is None:
            continue
        if port in seen:
            raise PortProblem(f"{seen[port]} and {name} are both {port}. Set one of them to another port.")
        seen[port] = name
        if not 1 <= port <= 65_535:
            raise PortProblem(f"{name} is {port}; a port is a number from 1 to 65535.")
        with socket.socket() as probe:
            # As the servers do it, so that connections which are still closing are no hindrance.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except PermissionError:
                raise PortProblem(
                    f"This user may not open port {port}. Set {name} to one above 1023."
                ) from None
            except OSError:
                raise PortProblem(
                    f"Port {port} is taken: another program, or another start of this portal, uses it. "
                    f"Stop that program, or choose another port: {name}={port + 10} make run"
                ) from None
