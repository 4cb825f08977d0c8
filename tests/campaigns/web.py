"""The product's web server as a process of its own, and somebody who has signed in there.

python -m tests.campaigns.web [NUMBER]      prints the Cookie header of an officer's new session
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

from tests.campaigns.fleet import Install, end
from tests.campaigns.proxy_process import ROOT

STARTS_WITHIN = 60.0
CSRF = "c" * 32


@contextlib.contextmanager
def web_server(install: Install) -> Iterator[str]:
    """It runs as `make run` starts it; its address."""
    port = free_port()
    process = start_web_server(install, port)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_web_server(install: Install, port: int) -> subprocess.Popen:
    """Start it and wait until it answers; without the guard that the install does without."""
    is_guarded = not install.environment["CAMPAIGN_GUARD_OFF"]
    with install.log.open("ab") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--config", "python:portal.web_server"),
                *("--bind", f"127.0.0.1:{port}"),
                "portal.wsgi:application" if is_guarded else "tests.campaigns.unguarded_wsgi:application",
            ],
            cwd=ROOT,
            env=install.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    address, deadline = f"http://127.0.0.1:{port}/healthz", time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        # It listens before it has loaded anything.
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=1):  # noqa: S310
            break
        time.sleep(0.05)
    return process


def browser(cookie: str) -> Any:
    """A session of requests that carries this Cookie header."""
    import requests

    session = requests.Session()
    session.trust_env = False
    session.headers["Cookie"] = cookie
    session.headers["X-CSRFToken"] = CSRF
    return session


def officer(number: int = 0) -> Any:
    """Somebody with the first person's roles. Made on first use."""
    from accounts.granting import grant_first_roles
    from accounts.models import User

    email = f"officer{number}@example.com"
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, "a long enough passphrase", name=f"Officer {number}")
        grant_first_roles(user)
    return user


def cookie_of(user: Any) -> str:
    """The Cookie header of a session in which this person has signed in."""
    from django.conf import settings
    from django.test import Client

    from tests.accounts.signing_in import sign_in_at_once

    client = Client()
    sign_in_at_once(client, user)
    signed_in = client.cookies[settings.SESSION_COOKIE_NAME].value
    return f"{settings.SESSION_COOKIE_NAME}={signed_in}; {settings.CSRF_COOKIE_NAME}={CSRF}"


if __name__ == "__main__":
    from tests.campaigns.launch import prepare

    prepare()
    print(cookie_of(officer(int(sys.argv[1]) if len(sys.argv) > 1 else 0)))
