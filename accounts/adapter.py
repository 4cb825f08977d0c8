"""How sign-in differs from the library's default: nobody signs up by themselves, tries are counted by us,
secrets are sealed, and what happened is in the audit trail."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import (
    AUTHENTICATION_METHODS_SESSION_KEY,
    get_authentication_records,
)
from allauth.account.internal.stagekit import unstash_login
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts import lock_out, sessions
from accounts.models import User
from accounts.sign_in import second_factor
from accounts.sign_in.addresses import client_address
from accounts.sign_in.known_devices import remember_device
from accounts.sign_in.mail import address_of, send_beside
from accounts.sign_in.passwords import MAX_LENGTH
from accounts.sign_in.telling import tell, tell_refused

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "locked_out": _(
            "Too many tries. For the next %(minutes)d minutes nobody can sign in with this e-mail address "
            "from here. In a browser in which you have signed in before you still can."
        ),
        "incorrect_key": _("That was not a key of yours, or it did not answer in time. Try again."),
        "code_used": _("This code was used before. Wait for the next one."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    # --- Password -------------------------------------------------------------------------------

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Who has that e-mail address and password; the try is counted before either is looked at."""
        email = (credentials.get("email") or "").lower()
        holder = User.objects.filter(email=email, is_machine=False).first()
        counters = lock_out.counters_for(request, email, holder)
        try:
            lock_out.take_try(counters)
        except lock_out.LockedOut as locked:
            raise self.locked_out(locked) from None
        is_too_long = len(credentials.get("password") or "") > MAX_LENGTH
        user = None if is_too_long else super().authenticate(request, **credentials)
        if user is None:
            lock_out.note_failure(counters, holder, what="password", request=request, email=email)
        else:
            lock_out.give_back(counters)
        return user  # type: ignore[return-value]

    def reauthenticate(self, user: User, password: str) -> bool:  # type: ignore[override]
        return self.authenticate(context.request, email=user.email, password=password) == user

    def locked_out(self, locked: lock_out.LockedOut) -> ValidationError:
        return ValidationError(
            self.error_messages["locked_out"] % {"minutes": locked.minutes}, code="locked_out"
        )

    def clean_password(self, password: str, user: Any = None) -> str:
        if len(password) > MAX_LENGTH:
            # Before the validators: they would look at all of it.
            raise ValidationError(_("This password is too long."), code="password_too_long")
        return super().clean_password(password, user=user)

    def set_password(self, user: User, password: str) -> None:  # type: ignore[override]
        """A new password ends every other session of that person, and a lock-out of their account."""
        request = context.request
        mine = request if request.user.pk == user.pk else None
        with transaction.atomic():
            super().set_password(user, password)
            tell("password.changed", user)
            sessions.end_all(user, reason="password_changed", actor=user, keep=mine)
            lock_out.unlock(user.email)

    # --- In and out -----------------------------------------------------------------------------

    def login(self, request: HttpRequest, user: User) -> None:  # type: ignore[override]
        """Everything was shown that had to be: a new session begins."""
        counters = lock_out.counters_for(request, user.email, user)
        with transaction.atomic():
            super().login(request, user)
            sessions.begin(request)
            lock_out.forget(counters)
            kinds = sorted(
                {row["type"] for row in get_authentication_records(request, user) if "type" in row}
            )
            tell("sign_in.done", user, second_factor=kinds)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        response = super().post_login(request, user, **kwargs)
        if second_factor.is_enrolled(user):
            # Not before: a password alone makes no browser a known one.
            remember_device(request, response, user)
        return response

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:  # type: ignore[override]
        tell_refused("sign_in.refused", user, why="inactive")
        return super().respond_user_inactive(request, user)

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        with transaction.atomic():
            if isinstance(user, User):
                tell("sign_out.done", user)
            super().logout(request)

    def is_safe_url(self, url: str) -> bool:
        """Only a path of ours: the library would lead to every host that the settings name."""
        return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "unknown"

    # --- Step-up --------------------------------------------------------------------------------

    def get_reauthentication_methods(self, user: Any) -> list[dict]:
        """The second factor; the password only where there is none, in the demo."""
        if not user.is_authenticated:
            return []
        name = "step-up" if second_factor.is_enrolled(user) else "account_reauthenticate"
        return [{"id": name, "description": "", "url": reverse(name)}]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not to enrol: whoever does has just shown their password, and has nothing else yet."""
        user = context.request.user
        if app == "allauth.mfa" and isinstance(user, User) and not second_factor.is_enrolled(user):
            return False
        return super().is_reauthentication_required(app=app, **kwargs)

    # --- Letters --------------------------------------------------------------------------------

    def get_reset_password_from_key_url(self, key: str) -> str:
        return address_of("account_reset_password_from_key", *key.split("-", 1))

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:  # type: ignore[override]
        """None to somebody who was only invited: their way in is the invitation."""
        if user.has_usable_password() and not user.is_machine:
            super().send_password_reset_mail(user, user.email, context)

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        send_beside(self.render_mail(template_prefix, email, {**context, "email": email}))

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict | None = None,
        email: str | None = None,  # type: ignore[override]
    ) -> None:
        super().send_notification_mail(template_prefix, user, context, email or user.email)


class SecondFactorAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return second_factor.seal_secret(_whose(), text)

    def decrypt(self, encrypted_text: str) -> str:
        return second_factor.open_secret(_whose(), encrypted_text)


def _whose() -> User:
    """Whose second factor this request is about: of whoever is signed in, or halfway in."""
    request = context.request
    user: Any = request.user
    if isinstance(user, AnonymousUser) or not user.is_authenticated:
        login = unstash_login(request, peek=True)
        user = login.user if login else None
    if not isinstance(user, User):
        raise LookupError("a second factor is somebody's, and nobody is signing in")
    return user


def forget_second_factor(request: HttpRequest) -> None:
    """Have this session count as one in which no second factor was shown."""
    records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
    request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [row for row in records if row["method"] != "mfa"]
