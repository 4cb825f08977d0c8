"""The second factor, asked for anew before something that gives much away."""

import json
from typing import Any

from allauth.account.internal.flows.reauthentication import resume_request
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import begin_authentication
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from accounts.sign_in.forms import StepUpCodeForm, StepUpKeyForm


def step_up(request: HttpRequest) -> HttpResponse:
    """Show or check it; then do what was wanted, or go to `next`."""
    user = request.user
    assert isinstance(user, User)
    wanted = get_next_redirect_url(request) or reverse("overview")
    kinds = kinds_of(user)
    if not kinds:  # the demo
        return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': wanted})}")
    code_form: Any = StepUpCodeForm(user=user)
    key_form: Any = StepUpKeyForm(user=user)
    if request.method == "POST":
        if "credential" in request.POST:
            form = key_form = StepUpKeyForm(user=user, data=request.POST)
        else:
            form = code_form = StepUpCodeForm(user=user, data=request.POST)
        if form.is_valid():
            form.save()
            return resume_request(request) or redirect(wanted)
    takes_keys = Authenticator.Type.WEBAUTHN in kinds
    context = {
        "form": code_form,
        "webauthn_form": key_form,
        "takes_codes": bool(kinds - {Authenticator.Type.WEBAUTHN}),
        "takes_keys": takes_keys,
        "key_options": json.dumps(begin_authentication(user)["publicKey"]) if takes_keys else "",
        "wanted": wanted,
    }
    return render(request, "account/step_up.html", context)


def kinds_of(user: Any) -> set[str]:
    """Which kinds of second factor somebody has."""
    return set(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True))
