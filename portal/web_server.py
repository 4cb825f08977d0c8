"""gunicorn's configuration: `gunicorn --config python:portal.web_server portal.wsgi`.

WEB_CONCURRENCY (worker processes) and whatever gunicorn's own command line takes stand above it.
"""

import os
from pathlib import Path

from portal.logs import configuration

bind = f"127.0.0.1:{os.environ.get('PORT') or 8000}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = 8
# The application is loaded once and shared by the workers, which saves memory.
preload_app = True
# A thread that hangs for longer takes its worker down with it; uploads of 4 MB over a slow line fit in.
timeout = 60
graceful_timeout = 25
keepalive = 15
# Addresses may hold references of customers: no access log. Errors go to stderr.
accesslog = None
loglevel = "warning"
# Its own lines go through the same filter as all others.
logconfig_dict = {
    **configuration(level="INFO", form=os.environ.get("LOG_FORMAT") or "line", mail=False),
    "loggers": {
        name: {"level": "WARNING", "handlers": ["console"], "propagate": False}
        for name in ("gunicorn.error", "gunicorn.access")
    },
}
# No control socket: it would need a home directory, and nothing of ours talks to it.
control_socket_disable = True
# Workers show that they live by touching a file; memory is there for that, where there is such.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
limit_request_line = 4094
