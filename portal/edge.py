"""The edge of every request: by which way it came, its id, and what was refused in its course."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.audit_refusals import at_edge
from accounts.circumstances import Channel, note_refusal
from portal.out_of_scope import refusal_behind

# An id that a proxy in front gives; nobody else's is taken.
REQUEST_ID = "X-Request-ID"


def edge(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The first middleware. The answer carries the id that its audit rows and lines of the log have."""

    def handle(request: HttpRequest) -> HttpResponse:
        given = request.headers.get(REQUEST_ID, "") if settings.SECURE_PROXY_SSL_HEADER else ""
        with at_edge(channel_of(request.path_info), given) as circumstances:
            response = get_response(request)
            if response.status_code == 404 and (refusal := refusal_behind(request)):
                note_refusal(refusal)
        response[REQUEST_ID] = circumstances.request_id
        return response

    return handle


def channel_of(path: str) -> Channel:
    if path.startswith("/api/"):
        return Channel.API
    return Channel.ADMIN if path.startswith("/admin/") else Channel.PAGE
