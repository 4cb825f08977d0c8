"""What is answered where something broke on our side: 503 where it was the database, else 500."""

import logging
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _

from portal.api.bodies import error_body

log = logging.getLogger(__name__)

# A database that restarts is back within seconds; whoever asks again later than this finds it.
RETRY_AFTER_SECONDS = "5"


def server_error(request: HttpRequest) -> HttpResponse:
    """The handler of last resort (`handler500`). Asks neither database nor session: they may be what broke.

    A database that is away, or that gave way to somebody else once too often, is 503 with Retry-After:
    asking again is what helps. Where it went away during a commit nobody knows whether that was written,
    so both answers say to look first.
    """
    is_database = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    status = 503 if is_database else 500
    response: HttpResponse
    if request.path.startswith("/api/"):
        response = JsonResponse(_away() if is_database else _broken(), status=status)
    else:
        response = _page(status)
    if is_database:
        response["Retry-After"] = RETRY_AFTER_SECONDS
    response["Cache-Control"] = "no-store"
    return response


def _page(status: int) -> HttpResponse:
    """The page; in plain words where that can't be drawn, as before the static files are collected."""
    try:
        return HttpResponse(loader.get_template(f"{status}.html").render(), status=status)
    except Exception as error:
        log.error("error_page_failed status=%s error=%s", status, type(error).__name__)
        told = (_away() if status == 503 else _broken())["error"]
        text = f"{told['message']}\n{told['remedy']}\n"
        return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def _away() -> dict:
    return error_body(
        "database_away",
        _("The database does not answer just now."),
        _("In a few seconds, look whether it was done, and send it again where not."),
    )


def _broken() -> dict:
    return error_body(
        "our_fault",
        _("Something broke on our side, and it was written to the log."),
        _("Look whether it was done before you send it again."),
    )
