"""A body that is far too large is refused by its announced length, before any of it is read."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _

from accounts.circumstances import Refusal, note_refusal
from portal.api.bodies import error_body

# Past what any form of ours takes, and over what people choose by mistake: up to here they are told on the
# page which document is too large.
LARGEST_BODY_BYTES = 20_000_000


def body_limit(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """413 for a request that announces more. One that announces nothing has no body for Django."""

    def handle(request: HttpRequest) -> HttpResponse:
        if _announced(request) <= LARGEST_BODY_BYTES:
            return get_response(request)
        if request.user.is_authenticated:
            note_refusal(Refusal(request.user, "request.send", reason="too_large"))
        if request.path_info.startswith("/api/"):
            return JsonResponse(
                error_body("too_large", _("The request is too large."), _("Send at most 20 MB at once.")),
                status=413,
            )
        return HttpResponse(loader.get_template("413.html").render(), status=413)

    return handle


def _announced(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
