"""Signing in, for tests: at once with everything shown, or by hand through the forms with real codes."""

import time

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from accounts.models import LastCode, User
from accounts.sign_in.second_factor import seal_secret
from tests.accounts.people import PASSPHRASE

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
# Any base32 text: every test's app knows the same secret.
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_force_login = Client.force_login


def sign_in_at_once(client: Client, user: User, backend: str | None = None) -> None:
    """A session as the sign-in leaves it: password and second factor shown just now."""
    _force_login(client, user, backend or BACKEND)
    now, session = time.time(), client.session
    session["signed_in_at"] = session["seen_at"] = now
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": now, "email": user.email},
        {"method": "mfa", "at": now, "type": "totp", "reauthenticated": True},
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def sign_in_without_second_factor(client: Client, user: User) -> None:
    """The password was shown and nothing else."""
    sign_in_at_once(client, user)
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = session[AUTHENTICATION_METHODS_SESSION_KEY][:1]
    session.save()


def enrol_app(user: User) -> User:
    """An authenticator app that knows SECRET."""
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.TOTP, data={"secret": seal_secret(user, SECRET)}
    )
    return user


def code(at: float | None = None, secret: str = SECRET) -> str:
    """What the app shows at that time (now)."""
    return format_hotp_value(hotp_value(secret.replace(" ", ""), int(at or time.time()) // 30))


def wait_for_next_code(user: User) -> None:
    """As if half a minute had passed since the last code was used."""
    LastCode.objects.filter(user=user).delete()


def sign_in_by_hand(client: Client, user: User, password: str = PASSPHRASE, **more: str):
    """Both forms, with the code of this moment; the answer to the last."""
    answer = client.post("/accounts/login/", {"login": user.email, "password": password, **more})
    if answer.headers.get("Location", "").startswith("/accounts/login/second-factor/"):
        wait_for_next_code(user)
        answer = client.post("/accounts/login/second-factor/", {"code": code()})
    return answer
