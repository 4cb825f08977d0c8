"""Sessions: over after 15 minutes without a person, and after ten hours in any case.

What a page fetches by itself to stay fresh is no activity. When a session was last used is written down once
a minute at most, so a session ends up to a minute early, never late.
"""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.sign_in.addresses import client_address
from accounts.sign_in.models import Session
from accounts.sign_in.session_store import open_session, session_digest
from accounts.sign_in.telling import tell

# PCI DSS 8.2.8.
IDLE_SECONDS = 15 * 60
LONGEST_SECONDS = 10 * 60 * 60
SEEN_EVERY_SECONDS = 60
# What a page sends along when it fetches something by itself.
REFRESH_HEADER = "X-Refresh"
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows")),
    *(("Mac OS X", "Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux")),
)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its owner sees it. `digest` names it, and opens nothing."""

    digest: str
    device: str
    address: str
    since: datetime
    seen: datetime
    is_this_one: bool


def begin(request: HttpRequest) -> None:
    """Start the clocks of a session in which somebody has just signed in."""
    now = time.time()
    request.session["signed_in_at"] = request.session["seen_at"] = now
    request.session["device"] = device_name(request.headers.get("User-Agent", ""))
    request.session["address"] = client_address(request)


def why_over(request: HttpRequest) -> str:
    """ "idle" or "too_long" for a session that is over, "" for one that goes on."""
    now = time.time()
    # A session whose clocks were never started is none that a sign-in of ours began.
    if now - request.session.get("signed_in_at", 0.0) >= LONGEST_SECONDS:
        return "too_long"
    return "idle" if now - request.session.get("seen_at", 0.0) >= IDLE_SECONDS else ""


def note_activity(request: HttpRequest) -> None:
    """Somebody did something: the idle clock starts anew."""
    if REFRESH_HEADER in request.headers:
        return
    now = time.time()
    if now - request.session["seen_at"] >= SEEN_EVERY_SECONDS:
        request.session["seen_at"] = now


def end_this(request: HttpRequest, *, reason: str) -> None:
    """End the session of this request."""
    user = request.user
    assert isinstance(user, User)
    with transaction.atomic():
        tell("session.ended", user, why=reason, session=_name(session_digest(request.session.session_key)))
        logout(request)


def end_all(user: User, *, reason: str, actor: User, keep: HttpRequest | None = None) -> int:
    """End every session of `user`, but for the one of `keep`; how many. They end with their next request.

    In the caller's transaction, if there is one. `reason` is a word for the audit trail: role_changed,
    disabled, password_changed, second_factor_changed, signed_out_everywhere.
    """
    ended = Session.objects.filter(user=user)
    if keep is not None and keep.session.session_key:
        ended = ended.exclude(session_key=session_digest(keep.session.session_key))
    with transaction.atomic():
        count = ended.delete()[0]
        if count:
            tell("session.ended", user, actor=actor, why=reason, sessions=count)
    return count


def end_one(user: User, digest: str) -> bool:
    """End one of one's own sessions; whether there was such."""
    with transaction.atomic():
        if not Session.objects.filter(user=user, session_key=digest).delete()[0]:
            return False
        tell("session.ended", user, why="signed_out", session=_name(digest))
    return True


def open_sessions(request: HttpRequest) -> list[OpenSession]:
    """One's own sessions that are not over, the latest used first."""
    this = session_digest(request.session.session_key or "")
    now, found = time.time(), []
    for row in Session.objects.filter(user_id=str(request.user.pk), expire_date__gt=timezone.now()):
        # What this request has changed is not saved yet.
        data = request.session if row.session_key == this else open_session(row.session_key, row.session_data)
        since, seen = data.get("signed_in_at", 0.0), data.get("seen_at", 0.0)
        if now - since < LONGEST_SECONDS and now - seen < IDLE_SECONDS:
            found.append(
                OpenSession(
                    digest=row.session_key,
                    device=data.get("device", ""),
                    address=data.get("address", ""),
                    since=datetime.fromtimestamp(since, UTC),
                    seen=datetime.fromtimestamp(seen, UTC),
                    is_this_one=row.session_key == this,
                )
            )
    return sorted(found, key=lambda session: session.seen, reverse=True)


def device_name(user_agent: str) -> str:
    """Browser and system in two words, as their owner would say it; nothing of the rest is kept."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or re.sub(r"[^A-Za-z0-9 ._-]", "", user_agent.split("/")[0])[:20]


def _name(digest: str) -> str:
    """Of a session, for the audit trail."""
    return digest[:12]
