"""Whoever was invited comes in: the link of the letter, then a password, then a second factor."""

from typing import Any

from allauth.account.fields import PasswordField, SetPasswordField
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.logout import logout
from allauth.account.models import Login
from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.invitations import LinkNotGood, accept, invitation_of
from accounts.models import User

# The token waits in the session, so that the page with the form has an address that tells nothing.
TOKEN = "invitation"  # noqa: S105 - the name of a place


class FirstPasswordForm(forms.Form):
    password1 = SetPasswordField(label=_("Password"))
    password2 = PasswordField(label=_("Password once more"), autocomplete="new-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].user = user  # type: ignore[attr-defined]
        self.fields["password1"].help_text = ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password1") and data["password1"] != data.get("password2"):
            self.add_error("password2", _("The two are not the same."))
        return data


@login_not_required
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """The letter's link. Looking at it uses nothing up: mail servers look at links, too."""
    try:
        invitation_of(token)
    except LinkNotGood:
        return _not_good(request)
    request.session[TOKEN] = token
    return redirect("invitation")


@login_not_required
@sensitive_post_parameters("password1", "password2")
def accept_invitation(request: HttpRequest) -> HttpResponse:
    """Choose a password; one is signed in then, and enrols a second factor next."""
    token = request.session.get(TOKEN, "")
    try:
        invitation = invitation_of(token)
        form = FirstPasswordForm(request.POST or None, user=invitation.user)
        if request.method != "POST" or not form.is_valid():
            return render(request, "account/invitation.html", {"form": form, "invited": invitation.user})
        user = accept(token, form.cleaned_data["password1"])
    except LinkNotGood:
        return _not_good(request)
    logout(request, show_message=False)
    request.session.pop(TOKEN, None)
    record_authentication(request, user, method="password")
    return perform_login(request, Login(user=user, email=user.email))


def _not_good(request: HttpRequest) -> HttpResponse:
    request.session.pop(TOKEN, None)
    return render(request, "account/invitation_not_good.html", status=410)
