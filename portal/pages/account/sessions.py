"""One's own sessions: where one is signed in, and how to end that."""

from allauth.account.internal.flows.logout import logout
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import sessions
from accounts.models import User


def own_sessions(request: HttpRequest) -> HttpResponse:
    return render(request, "account/sessions.html", {"sessions": sessions.open_sessions(request)})


@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """End the one of one's own sessions that `session` names."""
    if sessions.end_one(_user(request), request.POST.get("session", "")):
        messages.success(request, _("That session has ended."))
    else:
        messages.info(request, _("That session had ended already."))
    return redirect("sessions")


@require_POST
def end_all_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere, here too."""
    with transaction.atomic():
        user = _user(request)
        sessions.end_all(user, reason="signed_out_everywhere", actor=user, keep=request)
        logout(request, show_message=False)
    messages.success(request, _("You are signed out everywhere."))
    return redirect("account_login")


@require_POST
@login_not_required
def here(request: HttpRequest) -> HttpResponse:
    """Somebody is at work on a page without sending anything: that they called is the activity. 204 while the
    session goes on; 205, load the page anew, when it does not."""
    return HttpResponse(status=204 if request.user.is_authenticated else 205)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
