"""Numbers, as decimals, and flags."""

from __future__ import annotations

import re
from decimal import Decimal

from django.utils.translation import gettext as _

from customers.rules.reading import Refused
from customers.rules.text import as_text, finite, mangled_number

OWNERSHIP_LEAST = Decimal(5)  # per cent, 002:1992
OWNERSHIP_MOST = Decimal(100)
OWNERSHIP_PLACES = 4
VOLUME_BELOW = Decimal(10) ** 18  # dollars a month; what the column holds
VOLUME_PLACES = 2
EMPLOYEES_MOST = Decimal(10_000_000)  # more than any company has

_PLAIN = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})


def parse_number(value: object, *, places: int) -> Decimal:
    """A finite decimal with at most so many places, without its trailing zeros after the point."""
    if isinstance(value, bool):
        raise Refused("type", _("This is not a number."), _number_hint())
    if isinstance(value, (int, float, Decimal)):
        finite_number = finite(value)
        if finite_number is None:
            raise Refused("number", _("This is not a finite number."), _number_hint())
        if abs(finite_number) >= Decimal(10) ** 60 or finite_number.adjusted() < -60:
            raise mangled_number()
        text = format(finite_number, "f")
    else:
        text = as_text(value).strip()
    if text.endswith("%") and _PLAIN.fullmatch(text[:-1].strip()):
        raise Refused(
            "percent_sign",
            _("The number carries a per cent sign."),
            _("Write the number alone: 60 for 60 per cent."),
        )
    if not _PLAIN.fullmatch(text):
        raise Refused("number", _("This is not a plain number."), _number_hint())
    number = Decimal(text)
    shortest = number.normalize()
    if -shortest.as_tuple().exponent > places:  # type: ignore[operator]
        raise Refused(
            "too_many_places",
            _("This number has more than %(places)d decimal places.") % {"places": places},
            _("Round it to %(places)d decimal places.") % {"places": places},
        )
    # Written out and read again: rounding to whole numbers can't take more than 28 digits.
    return Decimal(format(shortest, "f"))


def _number_hint() -> str:
    return _("Write digits, with a point before decimals and no separators, such as 500000 or 33.5.")


def parse_ownership(value: object) -> Decimal:
    """A share in per cent, from 5 to 100, both included."""
    number = parse_number(value, places=OWNERSHIP_PLACES)
    if not OWNERSHIP_LEAST <= number <= OWNERSHIP_MOST:
        raise Refused(
            "out_of_range",
            _("The share lies outside 5 to 100 per cent."),
            _("Write the share that this person owns in per cent; who owns less than 5 is not listed."),
        )
    return number


def parse_volume(value: object) -> Decimal:
    """Dollars a month, zero or more."""
    number = parse_number(value, places=VOLUME_PLACES)
    if not 0 <= number < VOLUME_BELOW:
        raise Refused(
            "out_of_range",
            _("The volume is negative, or larger than any."),
            _("Write the expected US dollars a month."),
        )
    return number


def parse_employees(value: object) -> Decimal:
    """A whole number of people, zero or more."""
    number = parse_number(value, places=0)
    if not 0 <= number <= EMPLOYEES_MOST:
        raise Refused(
            "out_of_range",
            _("No company has that number of employees."),
            _("Write how many people work there."),
        )
    return number


def parse_flag(value: object) -> bool:
    """true/false, yes/no, 1/0 in any case. Anything else is refused, never taken for false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float, Decimal)) and finite(value) in (0, 1):
        return bool(value)
    text = value.strip().lower() if isinstance(value, str) else ""
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise Refused("flag", _("This is neither yes nor no."), _("Write true or false, yes or no, 1 or 0."))
