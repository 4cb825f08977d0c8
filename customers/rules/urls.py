"""Addresses of public web pages. They are shown and passed on, never fetched; still only public ones."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from customers.rules.reading import Refused
from customers.rules.text import parse_text

URL_MAX = 2048  # characters
SCHEMES = ("https", "http")
# Names that lead nowhere, or into somebody's own network (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal).
PRIVATE_SUFFIXES = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "home.arpa",
    "lan",
    "localdomain",
    "arpa",
    "test",
    "invalid",
    "onion",
)
_HOST = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,63}|xn--[a-z0-9-]{1,59})")
_FORBIDDEN = re.compile(r"[\s\\<>\"'`{}|^]")


def parse_url(value: object) -> str:
    """An http or https address with a public host name: no user name, no IP address, nothing internal."""
    text = parse_text(value, URL_MAX)
    scheme, separator, _rest = text.partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        raise Refused("url_scheme", _("A web address begins with https:// or http://."), _scheme_hint(text))
    if _FORBIDDEN.search(text):
        raise _refused_url(_("The web address holds a character that doesn't belong in one."))
    try:
        parts = urlsplit(text)
        host, port_is_given = parts.hostname or "", parts.port is not None
    except ValueError:
        raise _refused_url(_("This is not a web address.")) from None
    if "@" in parts.netloc:
        raise _refused_url(_("The web address carries a user name or a password."))
    if port_is_given and parts.port == 0:
        raise _refused_url(_("This is not a web address."))
    if not host.isascii():
        raise Refused(
            "url",
            _("The host name has letters outside A-Z, perhaps ones that only look like them."),
            _("Write the host name in its xn-- form."),
        )
    if not _HOST.fullmatch(host.removesuffix(".")) or is_private(host):
        raise _refused_url(_("The web address doesn't name a public host."))
    return text


def is_private(host: str) -> bool:
    """Whether the host's name ends in one that is not public."""
    name = host.removesuffix(".")
    return any(name == suffix or name.endswith("." + suffix) for suffix in PRIVATE_SUFFIXES)


def _scheme_hint(text: str) -> str:
    if _HOST.fullmatch(text.partition("/")[0].lower()):
        return _("Write https://%(text)s.") % {"text": text[:100]}
    return _("Write the whole address of a public page, such as https://www.example.com.")


def _refused_url(message: str) -> Refused:
    return Refused("url", message, _("Write the address of a public page, such as https://www.example.com."))
