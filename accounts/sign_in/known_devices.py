"""Browsers in which somebody has signed in before: a lock-out that strangers brought about passes them by.

The cookie is signed, names no e-mail address, and opens nothing: it only says that tries from this browser
are counted by themselves. A new password makes it worthless.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User

KNOWN_FOR = timedelta(days=90)
# People who share a browser; the one who came first is forgotten first.
PEOPLE_MAX = 5
_SALT = "accounts.known_devices"


def known_device(request: HttpRequest, user: User | None) -> str:
    """The name of this browser if `user` has signed in with it, else ""."""
    if user is None:
        return ""
    name, mark = _read(request).get(user.pk.hex, ("", ""))
    return name if name and constant_time_compare(mark, _mark(user)) else ""


def remember_device(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Have the browser carry that `user` has signed in with it."""
    people = _read(request)
    name = people.pop(user.pk.hex, ("", ""))[0] or secrets.token_hex(8)
    people[user.pk.hex] = (name, _mark(user))
    kept = dict(list(people.items())[-PEOPLE_MAX:])
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps(kept, salt=_SALT, compress=True),
        max_age=KNOWN_FOR,
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> dict[str, tuple[str, str]]:
    try:
        found = signing.loads(
            request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=_SALT, max_age=KNOWN_FOR
        )
    except signing.BadSignature:
        return {}
    return {person: (name, mark) for person, (name, mark) in found.items()}


def _mark(user: User) -> str:
    return salted_hmac(_SALT, user.password, algorithm="sha256").hexdigest()[:16]
