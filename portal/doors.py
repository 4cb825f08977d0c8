"""Who comes in, whichever door they take: pages, API, configuration.

A session that is over is ended. Whoever is signed in without a second factor reaches the pages where one is
enrolled, and nothing else; a session that never showed the one its owner has is none.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.account.utils import get_next_redirect_url
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from accounts import sessions, step_up
from accounts.models import User
from accounts.sign_in import second_factor
from portal.mail_folder import where_letters_go

# Where somebody goes who has no second factor yet, by the names of the pages.
ENROLMENT = frozenset({"second-factor", "mfa_activate_totp", "mfa_add_webauthn", "account_logout"})
# Where they wanted to go.
WANTED = "wanted"
API = "/api/"
SAFE_METHODS = ("GET", "HEAD")


class DoorsMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            over = sessions.why_over(request)
            if over:
                sessions.end_this(request, reason=over)
                if not request.path.startswith(API):
                    messages.info(request, _WHY_OVER[over]())
            else:
                sessions.note_activity(request)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable, _args: tuple, _kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if request.user.is_authenticated:
            return self._ask_for_second_factor(request)
        needs_sign_in = getattr(view, "login_required", True)
        if needs_sign_in and request.method not in SAFE_METHODS and not request.path.startswith(API):
            # After signing in, the address of a form's target would lead nowhere: back to where the form is.
            messages.warning(
                request,
                _(
                    "You were no longer signed in: what you had just sent was not kept. "
                    "Sign in and send it again."
                ),
            )
            where = urlencode({REDIRECT_FIELD_NAME: page_before(request)})
            return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{where}")
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Step-up from within a part of a page: the whole page goes there, and comes back."""
        if not isinstance(exception, step_up.StepUpNeeded) or "HX-Request" not in request.headers:
            return None
        where = urlencode({REDIRECT_FIELD_NAME: page_before(request)})
        return HttpResponse(headers={"HX-Redirect": f"{reverse('step-up')}?{where}"})

    def _ask_for_second_factor(self, request: HttpRequest) -> HttpResponseBase | None:
        user = request.user
        assert isinstance(user, User)
        if settings.DEMO_WITHOUT_MFA or step_up.shown_at(request) is not None:
            return None
        if second_factor.is_enrolled(user):
            # No sign-in of ours began this session: those ask for it.
            sessions.end_this(request, reason="second_factor_not_shown")
            if request.path.startswith(API):
                return _refused(
                    401, "not_signed_in", _("You are not signed in."), _("Sign in and try again.")
                )
            return redirect(settings.LOGIN_URL)
        match = request.resolver_match
        if match is not None and match.view_name in ENROLMENT:
            return None
        if request.path.startswith(API):
            return _refused(
                403,
                "second_factor_needed",
                _("Your account has no second factor yet."),
                _("Sign in to the portal's pages once: they have you enrol one."),
            )
        if request.method in SAFE_METHODS:
            request.session[WANTED] = request.get_full_path()
        return redirect("second-factor")


@login_not_required
def sign_in_to_configuration(request: HttpRequest) -> HttpResponseBase:
    """Where Django's admin sends whoever may not open it: to sign in; whoever has done so lacks the right."""
    if request.user.is_authenticated:
        raise PermissionDenied
    where = urlencode({REDIRECT_FIELD_NAME: get_next_redirect_url(request) or reverse("admin:index")})
    return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{where}")


def page_before(request: HttpRequest) -> str:
    """The path of the page that sent this request, if it was one of ours; else the overview's."""
    sent_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(sent_from, allowed_hosts={request.get_host()}):
        return reverse("overview")
    parts = urlsplit(sent_from)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"


def wanted_page(request: HttpRequest) -> str:
    """Where somebody wanted to go before they were sent to enrol."""
    return request.session.get(WANTED) or get_next_redirect_url(request) or reverse("overview")


def for_templates(request: HttpRequest) -> dict[str, Any]:
    """Context processor: what the frame of every page needs to know."""
    return {
        "demo_without_mfa": settings.DEMO_WITHOUT_MFA,
        "letters_go_to": where_letters_go(),
        "idle_seconds": sessions.IDLE_SECONDS,
    }


def _refused(status: int, code: str, message: str, remedy: str) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message, "remedy": remedy}}, status=status)


_WHY_OVER: dict[str, Callable[[], str]] = {
    "idle": lambda: _(
        "You were signed out after 15 minutes without activity. What was sent before that is kept; what only "
        "stood in a form is not. Sign in, and you come back to where you were."
    ),
    "too_long": lambda: _(
        "You were signed out: after ten hours everybody signs in anew. You come back to where you were."
    ),
}
