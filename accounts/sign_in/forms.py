"""The sign-in library's forms, with tries counted by `accounts.lock_out` and codes that count once."""

from typing import Any

from allauth.account import forms as account_forms
from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.base import forms as code_forms
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn import forms as key_forms
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts import lock_out
from accounts.models import User
from accounts.sign_in.passwords import MAX_LENGTH
from accounts.sign_in.second_factor import CodeUsed, authenticator_for, use_totp_code


class PasswordChangeForm(account_forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].max_length = MAX_LENGTH  # type: ignore[attr-defined]

    def clean_oldpassword(self) -> str:
        """Counted like any other try: whoever took over a session must not guess the password in it."""
        password = self.cleaned_data.get("oldpassword", "")
        assert isinstance(self.user, User)
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password


class _CodeForm(code_forms.BaseAuthenticateForm):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=32,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )

    def counters(self) -> tuple[lock_out.Counter, ...]:
        return lock_out.counters_for(context.request, self.user.email, self.user)

    def clean_code(self) -> str:
        adapter, counters, code = get_adapter(), self.counters(), self.cleaned_data["code"]
        _take(counters)
        try:
            authenticator = authenticator_for(self.user, code)
            failed_as = "incorrect_code"
        except CodeUsed:
            authenticator, failed_as = None, "code_used"
        if authenticator is None:
            lock_out.note_failure(
                counters, self.user, what="code", request=context.request, email=self.user.email
            )
            raise adapter.validation_error(failed_as)
        lock_out.give_back(counters)
        authenticator.user = self.user
        self.authenticator = authenticator
        return code

    def save(self) -> None:
        # Marked as shown anew, at the sign-in too: nothing asks for it again in the minutes after.
        post_authentication(context.request, self.authenticator, reauthenticated=True)


class SignInCodeForm(_CodeForm):
    pass


class StepUpCodeForm(_CodeForm):
    def counters(self) -> tuple[lock_out.Counter, ...]:
        return lock_out.counters_for_step_up(self.user)


class EnrolAppForm(ActivateTOTPForm):
    """The first code of an app proves that it was set up; it counts as used."""

    code = _CodeForm.base_fields["code"]  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        counters, code = lock_out.counters_for_step_up(self.user), self.cleaned_data["code"]
        _take(counters)
        try:
            is_right = use_totp_code(self.user, self.secret, code)
        except CodeUsed:
            raise get_adapter().validation_error("code_used") from None
        if not is_right:
            raise get_adapter().validation_error("incorrect_code")
        lock_out.give_back(counters)
        return code


class _KeyForm(key_forms.AuthenticateWebAuthnForm):
    """What a security key answered."""

    reauthenticated = True

    def counters(self) -> tuple[lock_out.Counter, ...]:
        return lock_out.counters_for(context.request, self.user.email, self.user)

    def clean_credential(self) -> Authenticator:
        counters = self.counters()
        _take(counters)
        try:
            authenticator = super().clean_credential()
        except (ValidationError, ValueError, KeyError):
            lock_out.note_failure(
                counters, self.user, what="key", request=context.request, email=self.user.email
            )
            raise get_adapter().validation_error("incorrect_key") from None
        lock_out.give_back(counters)
        return authenticator


class SignInKeyForm(_KeyForm):
    pass


class StepUpKeyForm(_KeyForm):
    def counters(self) -> tuple[lock_out.Counter, ...]:
        return lock_out.counters_for_step_up(self.user)


class AddKeyForm(key_forms.AddWebAuthnForm):
    name = forms.CharField(label=_("Name of the key"), max_length=60, required=False)

    def clean(self) -> dict:
        try:
            return super().clean()
        except (ValueError, KeyError):
            raise get_adapter().validation_error("incorrect_key") from None


def _take(counters: tuple[lock_out.Counter, ...]) -> None:
    try:
        lock_out.take_try(counters)
    except lock_out.LockedOut as locked:
        raise get_adapter().locked_out(locked) from None
