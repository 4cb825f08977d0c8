"""How long a command and the web server take to start, beside a bare project with the same libraries.

The peer is what `startproject` gives, with the admin, allauth, DRF and Celery installed, under the same
gunicorn. Goals: at most 1.5 times the peer (or, for `check`, 0.75 s), and at most 100 MiB a worker.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 7
LONGEST_RATIO = 1.5
LONGEST_CHECK_SECONDS = 0.75
MOST_MEMORY_MIB = 100
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

PEER_SETTINGS = """
    from pathlib import Path
    BASE_DIR = Path(__file__).resolve().parent
    SECRET_KEY = "the-peer-guards-nothing"
    ALLOWED_HOSTS = ["127.0.0.1"]
    ROOT_URLCONF = "peer.urls"
    INSTALLED_APPS = [
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
        "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles",
        "allauth", "allauth.account", "rest_framework",
    ]
    MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ]
    TEMPLATES = [{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }]
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
    DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    STATIC_URL = "static/"
"""
PEER_URLS = """
    from django.contrib import admin
    from django.http import HttpResponse
    from django.urls import include, path
    urlpatterns = [
        path("healthz", lambda request: HttpResponse("ok")),
        path("accounts/", include("allauth.account.urls")),
        path("admin/", admin.site.urls),
    ]
"""
PEER_APP = """
    import os
    from celery import Celery
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peer.settings")
    app = Celery("peer")
"""
PEER_WSGI = """
    import os
    from django.core.wsgi import get_wsgi_application
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peer.settings")
    application = get_wsgi_application()
"""
# The same server in the same shape: it differs in what it loads.
PEER_SERVER = """
    worker_class, workers, threads, preload_app = "gthread", 2, 8, True
    loglevel, accesslog, control_socket_disable = "warning", None, True
"""
PEER_MANAGE = """
    import os, sys
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peer.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""


@dataclass(frozen=True)
class Project:
    name: str
    folder: Path
    server: str
    wsgi: str
    environment: dict[str, str]

    def manage(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            check=True,
        )


def compiled() -> dict[str, str]:
    """The environment of a process that may keep its compiled modules, as the libraries' are kept: a shell
    that forbids it would have one side compile all it loads at each start."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def make_peer(folder: Path) -> Project:
    package = folder / "peer"
    package.mkdir()
    for path, text in (
        (package / "__init__.py", "from peer.celery_app import app"),
        (package / "celery_app.py", PEER_APP),
        (package / "settings.py", PEER_SETTINGS),
        (package / "urls.py", PEER_URLS),
        (package / "wsgi.py", PEER_WSGI),
        (folder / "web_server.py", PEER_SERVER),
        (folder / "manage.py", PEER_MANAGE),
    ):
        path.write_text(textwrap.dedent(text))
    return Project("peer", folder, "web_server.py", "peer.wsgi:application", compiled())


def make_ours(folder: Path) -> Project:
    environment = {
        **compiled(),
        "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
    }
    return Project("portal", ROOT, "portal/web_server.py", "portal.wsgi:application", environment)


def seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def serve(project: Project, path: str) -> tuple[float, float]:
    """Seconds until gunicorn answers first, and MiB of its largest worker after ten more answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--chdir", str(project.folder)]
    command += ["--config", str(project.folder / project.server), "--bind", f"127.0.0.1:{port}", project.wsgi]
    started = time.perf_counter()
    server = subprocess.Popen(command, cwd=project.folder, env=project.environment, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                get(port, path)
                break
            except ConnectionError:
                pass
            except OSError as error:
                if not isinstance(getattr(error, "reason", None), ConnectionError):
                    raise
            if server.poll() is not None:
                raise RuntimeError(f"{project.name}: gunicorn ended with {server.returncode}")
            time.sleep(0.005)
        first = time.perf_counter() - started
        for _ in range(10):
            get(port, path)
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        return first, max(resident_mib(int(pid)) for pid in children)
    finally:
        server.terminate()
        server.wait()


def get(port: int, path: str) -> bytes:
    with OPENER.open(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
        return reply.read()


def resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> int:
    with tempfile.TemporaryDirectory() as base:
        folders = [Path(base) / name for name in ("peer", "portal")]
        for folder in folders:
            folder.mkdir()
        peer, ours = make_peer(folders[0]), make_ours(folders[1])
        for project in (peer, ours):
            project.manage("migrate", "--verbosity", "0")
        ours.manage("createcachetable", "--verbosity", "0")
        ours.manage("collectstatic", "--no-input", "--verbosity", "0")

        measured: dict[str, dict[str, list[float]]] = {}
        memory: dict[str, float] = {}
        for _ in range(ROUNDS):
            # In turns, so that what else the machine does meets both alike.
            for project in (peer, ours):
                taken = measured.setdefault(project.name, {})
                taken.setdefault("manage.py check", []).append(seconds(partial(project.manage, "check")))
                for what, path in (("first answer", "/healthz"), ("first sign-in page", "/accounts/login/")):
                    first, mib = serve(project, path)
                    taken.setdefault(what, []).append(first)
                    memory[project.name] = max(memory.get(project.name, 0), mib)

    is_met = True
    print(f"Medians of {ROUNDS}, in turns.")
    print(f"{'':20}{'peer':>10}{'portal':>10}{'ratio':>8}")
    for what in measured["peer"]:
        theirs, mine = (statistics.median(measured[name][what]) for name in ("peer", "portal"))
        print(f"{what:20}{theirs * 1000:>7.0f} ms{mine * 1000:>7.0f} ms{mine / theirs:>8.2f}")
        is_short_check = what == "manage.py check" and mine <= LONGEST_CHECK_SECONDS
        is_met &= mine / theirs <= LONGEST_RATIO or is_short_check
    print(f"{'a worker, resident':20}{memory['peer']:>6.0f} MiB{memory['portal']:>6.0f} MiB")
    is_met &= memory["portal"] <= MOST_MEMORY_MIB
    print(
        f"Goal: at most {LONGEST_RATIO} times the peer (check: or {LONGEST_CHECK_SECONDS} s) and "
        f"{MOST_MEMORY_MIB} MiB a worker: {'met' if is_met else 'MISSED'}."
    )
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
