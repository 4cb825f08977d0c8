"""The door for the exchange's events. Nobody signs in here: each address has a secret of its own."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from vault.envelope import CannotOpen

log = logging.getLogger(__name__)

# Far more than any event that the documents show.
LARGEST_EVENT_BYTES = 64_000


@csrf_exempt
@login_not_required
@never_cache
@require_POST
def payment_webhook(request: HttpRequest, token: str) -> HttpResponse:
    """200 once the event is kept, and each time it comes again; then the exchange sends it no more.

    404 for an address that nobody has, 401 for a signature that is not this address's, 413 above 64 kB, 400
    where the body broke off; 503 while the event can't be kept, so that it is sent again.
    """
    from payments.receiving import Received, receive  # loads what no page needs

    try:
        raw = _body(request)
    except OSError:
        # Whoever sent it is gone: no fault of ours, and nothing to tell anybody.
        return _answer(400)
    if len(raw) > LARGEST_EVENT_BYTES:
        return _answer(413)
    try:
        received = receive(token=token, raw=raw, signature=request.headers.get("X-Auth-Webhook", ""))
    except (CannotOpen, OperationalError, InterfaceError) as error:
        log.warning("webhook_not_kept error=%s", type(error).__name__)
        return _answer(503)
    return _answer({Received.UNKNOWN: 404, Received.FORGED: 401}.get(received, 200))


def _body(request: HttpRequest) -> bytes:
    """As much of it as is taken, and a byte more where there is more. OSError where it breaks off."""
    if request.headers.get("Transfer-Encoding", "").casefold() == "chunked" and _ends_itself(request):
        # Without a length Django takes the body for empty, and every event sent so for forged.
        try:
            return request.META["wsgi.input"].read(LARGEST_EVENT_BYTES + 1)
        except Exception as error:  # of what is no chunk each server says so by an error of its own
            raise OSError from error
    return request.read(LARGEST_EVENT_BYTES + 1)


def _ends_itself(request: HttpRequest) -> bool:
    """Whether the server put the chunks together, so that reading stops where the body does."""
    return bool(request.META.get("wsgi.input_terminated")) and not request.META.get("CONTENT_LENGTH")


def _answer(status: int) -> HttpResponse:
    """No body: the exchange reads none, and nobody else is told anything."""
    response = HttpResponse(status=status, content_type="text/plain; charset=utf-8")
    if status == 503:
        response["Retry-After"] = "5"
    return response
