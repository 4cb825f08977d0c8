"""Phone numbers: international, with +, valid by the field's library; kept as E.164."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from customers.rules.everyday_phones import is_plainly_valid
from customers.rules.reading import Refused
from customers.rules.text import as_text

PHONE_MAX = 40  # characters as typed; 15 digits and their spaces, hyphens and brackets
_AS_TYPED = re.compile(r"\+[0-9 ()./\u00a0-]+")


def parse_phone(value: object) -> str:
    """`+27 82 123 4567` → `+27821234567`. No region is assumed: it must begin with + and a country code."""
    text = as_text(value).strip()
    if is_plainly_valid(text):
        return text
    if not text.startswith("+"):
        raise Refused(
            "no_country_code",
            _("The phone number has no + and country code."),
            _("Write it in international form, such as +27821234567."),
        )
    if len(text) > PHONE_MAX or not _AS_TYPED.fullmatch(text):
        raise Refused(
            "phone",
            _("A phone number has a +, digits and nothing else."),
            _("Write one number in international form, without an extension, such as +27821234567."),
        )
    import phonenumbers  # heavy: loaded when the first phone number is read

    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise Refused(
            "phone",
            _("No such phone number can exist in the country that it names."),
            _("Check the country code and the number of digits; the right form is +27821234567."),
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
