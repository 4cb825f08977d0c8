"""E-mail addresses: plain ASCII ones that the whole world can deliver to. The domain is not looked up."""

from __future__ import annotations

from django.utils.translation import gettext as _

from customers.rules.reading import Refused
from customers.rules.text import as_text

EMAIL_MAX = 254  # RFC 5321


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
    import email_validator  # heavy: loaded when the first address is read

    try:
        checked = email_validator.validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except email_validator.EmailNotValidError:
        raise Refused(
            "email", _("This is not an e-mail address."), _("Write one address, such as name@example.com.")
        ) from None
    return checked.ascii_email or checked.normalized
