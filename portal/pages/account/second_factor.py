"""Enrolling a second factor, and looking after it. The library's views, with the audit trail told."""

import ipaddress
import json
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.views import IndexView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.adapter import forget_second_factor
from accounts.models import User
from accounts.sign_in import second_factor
from accounts.sign_in.telling import tell
from portal.doors import WANTED, wanted_page


def start(request: HttpRequest) -> HttpResponse:
    """Where somebody without a second factor is sent: why, and which there are."""
    if second_factor.is_enrolled(_user(request)):
        return redirect("mfa_index")
    return render(request, "mfa/start.html", _about_keys(request))


class Security(IndexView):
    """Template mfa/index.html: what one signs in with."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        held = Authenticator.objects.filter(user_id=self.request.user.pk)
        codes = held.filter(type=Authenticator.Type.RECOVERY_CODES).first()
        return {
            "app": held.filter(type=Authenticator.Type.TOTP).first(),
            "keys": held.filter(type=Authenticator.Type.WEBAUTHN).order_by("created_at"),
            "codes": codes,
            "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
            **_about_keys(self.request),
        }


class EnrolApp(ActivateTOTPView):
    """Template mfa/totp/activate_form.html: the QR code is drawn here, by us."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super(ActivateTOTPView, self).get_context_data(**kwargs)
        secret = context["form"].secret
        side, path = _qr(get_adapter().build_totp_url(_user(self.request), secret))
        groups = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
        return {**context, "qr_side": side, "qr_path": path, "secret": groups, **_about_keys(self.request)}

    def form_valid(self, form: Any) -> HttpResponse:
        user = _user(self.request)
        with transaction.atomic():
            response = super().form_valid(form)
            second_factor.note_added(self.request, user, Authenticator.Type.TOTP.value)
        _is_shown(self.request, user, Authenticator.Type.TOTP)
        return response


class AddKey(AddWebAuthnView):
    """Template mfa/webauthn/add_form.html."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        options = context["js_data"]["creation_options"]["publicKey"]
        return {**context, "key_options": json.dumps(options), **_about_keys(self.request)}

    def form_valid(self, form: Any) -> HttpResponse:
        user = _user(self.request)
        with transaction.atomic():
            response = super().form_valid(form)
            second_factor.note_added(self.request, user, Authenticator.Type.WEBAUTHN.value)
        _is_shown(self.request, user, Authenticator.Type.WEBAUTHN)
        return response


class RemoveApp(DeactivateTOTPView):
    """Template mfa/totp/deactivate_form.html."""

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            _was_removed(self.request, Authenticator.Type.TOTP)
        return response


class RemoveKey(RemoveWebAuthnView):
    """Template mfa/webauthn/authenticator_confirm_delete.html."""

    def get_success_url(self) -> str:
        return reverse("mfa_index")

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            _was_removed(self.request, Authenticator.Type.WEBAUTHN)
        return response


class NewCodes(GenerateRecoveryCodesView):
    """Template mfa/recovery_codes/generate.html."""

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            tell("recovery_codes.made", _user(self.request))
        return response


class Codes(ViewRecoveryCodesView):
    """Template mfa/recovery_codes/index.html: shown once."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {**context, "go_on_to": wanted_page(self.request)}


security = Security.as_view()
enrol_app, remove_app = EnrolApp.as_view(), RemoveApp.as_view()
add_key, remove_key = AddKey.as_view(), RemoveKey.as_view()
codes, new_codes = Codes.as_view(), NewCodes.as_view()


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _is_shown(request: HttpRequest, user: User, kind: Authenticator.Type) -> None:
    """Whoever enrols has shown it; with more rights comes a new session id."""
    record_authentication(request, user, method="mfa", type=kind.value, reauthenticated=True)
    request.session.cycle_key()


def _was_removed(request: HttpRequest, kind: Authenticator.Type) -> None:
    user = _user(request)
    second_factor.note_removed(request, user, kind.value)
    if not second_factor.is_enrolled(user):
        forget_second_factor(request)
        request.session.pop(WANTED, None)
        messages.warning(request, _("That was your only one. Enrol another to go on."))
    request.session.cycle_key()


def _about_keys(request: HttpRequest) -> dict[str, Any]:
    """Whether security keys work under the address that the browser shows: a name, and over TLS or local."""
    host = request.get_host().rpartition(":")[0].strip("[]") or request.get_host()
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return {"keys_work_here": True, "named_address": ""}
    return {"keys_work_here": False, "named_address": f"http://localhost:{settings.PORT}/"}


def _qr(text: str) -> tuple[int, str]:
    """A QR code as the side of its square, in modules, and an SVG path over it. Drawn here: no image of
    elsewhere, and nothing that the policy of our pages would have to allow."""
    # Imported here: it brings Pillow, which every command would load and only this page needs.
    import qrcode

    code = qrcode.QRCode(border=4)
    code.add_data(text)
    matrix = code.get_matrix()
    runs = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, is_dark in enumerate(row) if is_dark)
    return len(matrix), "".join(runs)
