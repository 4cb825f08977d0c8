"""Is this process alive, and can the installation work? For load balancers; nobody has to sign in."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@login_not_required
@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200 and `ok` as plain text, to anybody. Asks neither database nor exchange."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 where database, storage and, if there is one, broker answer, else 503; each part's state as JSON.

    An exchange that is away is said and makes nothing unready: what is to be sent waits for it.
    """
    from portal.readiness import readiness  # loads the client of the exchange, which no page needs

    found = readiness()
    body = {
        "ready": found.is_ready,
        "parts": {
            name: {
                "state": part.state,
                "milliseconds": part.milliseconds,
                **({"error": part.error} if part.error else {}),
            }
            for name, part in found.parts.items()
        },
        "oldest_due_seconds": found.oldest_due_seconds,
    }
    response = JsonResponse(body, status=200 if found.is_ready else 503)
    if not found.is_ready:
        response["Retry-After"] = "5"
    return response
