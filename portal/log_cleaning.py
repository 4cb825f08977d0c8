"""A text of the log without what can be told apart: secrets of the settings, headers, e-mails, long
numbers."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

SECRET, EMAIL, NUMBER, VALUE, QUERY = "[secret]", "[e-mail]", "[number]", "[value]", "[query]"
# Shorter ones would take half the words of the log with them.
SECRET_MIN = 6

_RULES = (
    # user:password@ of an address.
    (re.compile(r"(?<=://)[^/\s@]+@"), f"{SECRET}@"),
    # A header or an assignment that names a secret, to the end of its value.
    (
        re.compile(
            r"""(?ix) \b ( [\w-]* (?: authorization | cookie | csrftoken | sessionid | passw(?:or)?d | secret
            | signature | api[-_]?key | apikey | token ) [\w-]* ["']? \s* [:=] \s* )
            (?: \[secret\] | "[^"]*" | '[^']*' | (?:bearer|basic|token)\s+\S+ | [^\s,;)}\]]+ )"""
        ),
        rf"\1{SECRET}",
    ),
    # What a database says of a row: Key (email)=(somebody).
    (re.compile(r"=\([^)]*\)"), f"=({VALUE})"),
    # The address that one payment reference's events come to.
    (re.compile(r"(?<=/hooks/)[^/\s\"'?]+"), SECRET),
    # What follows the question mark of an address.
    (re.compile(r"(?<=[\w/])\?[\w%.+\[\]-]+=[^\s\"']*"), f"?{QUERY}"),
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), EMAIL),
    # Phones, ID and account numbers; not parts of ids, nor what a clock or a count says.
    (re.compile(r"(?<![\w.=-])\+?\d(?:[ ]?\d){7,}(?![\w-])(?!\.\d)"), NUMBER),
    # One entry is one line, whatever somebody sent.
    (re.compile(r"[\r\n\x00-\x08\x0b-\x1f\x7f]+"), " "),
)


def cleaned(text: str) -> str:
    secrets = _secrets()
    if secrets is not None:
        text = secrets.sub(SECRET, text)
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def _secrets() -> re.Pattern[str] | None:
    """The secrets of the settings, as one pattern; None where there are no settings yet."""
    from django.conf import settings

    return _pattern(tuple(sorted(_values_of(settings)))) if settings.configured else None


@lru_cache(maxsize=4)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    longest_first = sorted(secrets, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _password_of(location: Any) -> str:
    places = [location] if isinstance(location, str) else location
    return next((found for place in places if (found := urlsplit(str(place)).password)), "")


def _values_of(settings: Any) -> set[str]:
    found = {
        *(getattr(settings, name, "") for name in ("SECRET_KEY", "EXCHANGE_API_SECRET", "METRICS_TOKEN")),
        *(getattr(settings, name, "") for name in ("EMAIL_HOST_PASSWORD", "EXCHANGE_API_KEY", "VAULT_TOKEN")),
        *getattr(settings, "SECRET_KEY_FALLBACKS", ()),
        *(entry.partition(":")[2] for entry in str(getattr(settings, "PORTAL_KEYS", "")).split(",")),
        *(str(database.get("PASSWORD", "")) for database in settings.DATABASES.values()),
        urlsplit(getattr(settings, "BROKER_URL", "") or "").password or "",
        *(_password_of(cache.get("LOCATION", "")) for cache in settings.CACHES.values()),
        *(os.environ.get(name, "") for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")),
    }
    return {value for value in found if isinstance(value, str) and len(value) >= SECRET_MIN}
