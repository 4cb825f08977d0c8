"""Lines of the log: with the id of the request they belong to, without personal data and secrets.

What we log ourselves is ids, codes and counts. This is for the rest: what libraries say, and what an
exception carries. A name can't be told from a word, so this is a second net; the first is not to log it.
"""

from __future__ import annotations

import copy
import json
import logging
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from accounts.circumstances import current
from portal.log_cleaning import cleaned
from portal.told_errors import told_error

# Loggers whose lines below WARNING carry content: statements with their values, requests and answers, files.
TALKATIVE = (
    "PIL",
    "asyncio",
    "boto3",
    "botocore",
    "django.db.backends",
    "django.template",
    "psycopg",
    "s3transfer",
)


class NotTalkative(logging.Filter):
    """For a handler: leaves out what libraries say about content."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or not record.name.startswith(TALKATIVE)


def quiet(record: logging.LogRecord) -> logging.LogRecord:
    """The record as it may be written: a copy, cleaned. What an exception says may be anything, so `told` has
    its kind and where it came from instead."""
    said = copy.copy(record)
    said.msg, said.args = cleaned(_message(record)), ()
    if not hasattr(record, "told"):  # it may have been quieted before, by the handler that mails
        said.told = told_error(record.exc_info[1]) if record.exc_info and record.exc_info[1] else []
    said.exc_info = said.exc_text = said.stack_info = None
    said.request_id = current().request_id
    return said


def _message(record: logging.LogRecord) -> str:
    request = getattr(record, "request", None)
    if hasattr(record, "status_code"):
        # Django's own lines name the address, in which anything may stand.
        match = getattr(request, "resolver_match", None)
        view = match.view_name if match is not None else ""
        return f"answered status={record.status_code} method={getattr(request, 'method', '')} view={view}"
    context = getattr(record, "data", None)
    if record.name == "celery.app.trace" and isinstance(context, Mapping):
        # Celery's own line has what the exception says, and the arguments.
        return (
            f"task task={context.get('name')} id={context.get('id')} description={context.get('description')}"
        )
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return "a line whose arguments do not fit it"


class LineFormatter(logging.Formatter):
    """Plain lines; an error's places follow, one a line."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return _time(record)

    def format(self, record: logging.LogRecord) -> str:
        said: Any = quiet(record)
        return "\n  ".join([super().format(said), *said.told])


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for whatever collects logs."""

    def format(self, record: logging.LogRecord) -> str:
        said: Any = quiet(record)
        line: dict[str, Any] = {
            "at": _time(record),
            "level": said.levelname,
            "logger": said.name,
            "request_id": said.request_id,
            "message": said.getMessage(),
        }
        if said.told:
            line["error"] = said.told
        return json.dumps(line)


def _time(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(record.created))


def configuration(*, level: str, form: str, mail: bool) -> dict[str, Any]:
    """`LOGGING`: everything through the filter, to stderr; errors by mail as well, if there is anybody."""
    ours = ("exchange", "accounts", "customers", "kyc", "payments", "portal", "vault")
    formatter = JsonFormatter if form == "json" else LineFormatter
    handlers: dict[str, Any] = {
        "console": {"class": "logging.StreamHandler", "formatter": "said", "filters": ["not_talkative"]}
    }
    if mail:
        handlers["mail"] = {
            "class": "portal.error_reports.MailHandler",
            "level": "ERROR",
            "formatter": "said",
            "filters": ["not_talkative"],
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"not_talkative": {"()": NotTalkative}},
        "formatters": {"said": {"()": formatter}},
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": "WARNING"},
        "loggers": {
            **{name: {"level": level} for name in ours},
            # Its own handlers would print and mail what the filter has not seen.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
        },
    }


def catch_what_nobody_caught() -> None:
    """Errors that end a thread or a program go to the log as well: Python would print what they say."""

    def told(error: BaseException | None) -> None:
        if error is not None:
            logging.getLogger("portal").critical("not_caught error=%s", type(error).__name__, exc_info=error)

    def program(_kind: type[BaseException], error: BaseException, _trace: Any) -> None:
        if isinstance(error, KeyboardInterrupt):
            sys.stderr.write("\n")
            return
        told(error)

    sys.excepthook = program
    threading.excepthook = lambda given: told(given.exc_value)
