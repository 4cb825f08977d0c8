"""The overview, and the parts of it that refresh themselves."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.policy import may
from exchange.connection import exchange_answers
from portal.pages.guard import StaffRequest, page
from portal.pages.overview.outbox import outbox_summary
from portal.pages.overview.queries import overview as overview_of

REFRESH_SECONDS = 5


# Where somebody begins whose roles don't show the overview: the first that they do show.
_ELSEWHERE = (("sync.view", "sync"), ("user.view", "people"), ("waiting.view", "waiting"))


def _elsewhere(request: StaffRequest) -> HttpResponse:
    """Leads to where somebody's work is, or says that they have no role."""
    for action, name in _ELSEWHERE:
        if may(request.user, action):
            return redirect(name)
    return render(request, "no_role.html", {}, status=403)


@require_safe
@page("overview.view", otherwise=_elsewhere)
def overview(request: StaffRequest) -> HttpResponse:
    """The page; with htmx, its numbers only. `?ask` asks the exchange at once, for who has no script."""
    numbers = overview_of(user=request.user, today=timezone.localdate())
    outbox = outbox_summary(request.user)
    context = {
        "here": "overview",
        "page": numbers,
        "outbox": outbox,
        "waiting": numbers.blockers.waiting,
        "refreshed_at": timezone.now(),
        "refresh_seconds": REFRESH_SECONDS,
        **_exchange(is_asked="ask" in request.GET and not request.htmx),
    }
    return render(request, "_overview.html" if request.htmx else "overview.html", context)


@require_safe
@page("overview.view")
def exchange(request: StaffRequest) -> HttpResponse:
    """Whether the exchange answers: a part of its own, since asking may take seconds."""
    return render(request, "_exchange.html", _exchange(is_asked=True))


def _exchange(*, is_asked: bool) -> dict:
    return {
        "health": exchange_answers() if is_asked else None,
        "exchange_host": urlsplit(settings.EXCHANGE_BASE_URL).netloc,
        "dialect": settings.EXCHANGE_DIALECT,
        "uses_sandbox": settings.USES_SANDBOX,
        "refresh_seconds": REFRESH_SECONDS,
    }
