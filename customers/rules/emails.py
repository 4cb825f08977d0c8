"""E-mail addresses: plain ASCII ones that the whole world can deliver to. The domain is not looked up."""

from __future__ import annotations

import re
from functools import lru_cache

from django.utils.translation import gettext as _

from customers.rules.reading import Refused
from customers.rules.text import as_text

EMAIL_MAX = 254  # RFC 5321
LOCAL_MAX = 64  # RFC 5321
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*")


def parse_email(value: object) -> str:
    """The address with its domain in lower case; the part before @ as typed.

    Refused: letters that only look like Latin ones, quoted local parts, a trailing dot, IP addresses.
    """
    text = as_text(value).strip()
    if len(text) > EMAIL_MAX:
        raise Refused(
            "too_long",
            _("An e-mail address has at most %(longest)d characters.") % {"longest": EMAIL_MAX},
            _("Write one address, such as name@example.com."),
        )
    if not text.isascii():
        raise Refused(
            "email_characters",
            _("The e-mail address holds a letter outside A-Z, perhaps one that only looks like it."),
            _("Type the address again in plain letters; write an international domain in its xn-- form."),
        )
    local, _at, domain = text.rpartition("@")
    if len(local) <= LOCAL_MAX and _PLAIN_LOCAL.fullmatch(local):
        # An everyday address: what is left to judge is its domain, and many share one.
        return f"{local}@{_checked(f'a@{domain}')[2:]}"
    return _checked(text)


@lru_cache(maxsize=4096)
def _checked(text: str) -> str:
    import email_validator  # heavy: loaded when the first address is read

    try:
        checked = email_validator.validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except email_validator.EmailNotValidError:
        raise Refused(
            "email", _("This is not an e-mail address."), _("Write one address, such as name@example.com.")
        ) from None
    return checked.ascii_email or checked.normalized
