"""Days: `YYYY-MM-DD` text or real dates, and what is counted from today."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime

from django.utils.translation import gettext as _

from customers.rules.reading import Reading, Refused
from customers.rules.text import as_text

ADULT_YEARS = 18  # 002:1731, 002:1983
OLDEST_YEARS = 130  # nobody has lived that long: an earlier birth date is a slip
EXPIRES_SOON_DAYS = 30
EXPIRY_YEARS_MAX = 50  # no identity document runs longer; 9999 stands in for "never"
FRESH_MONTHS = 3  # a proof of address and a statement: 002:2340, 002:2458

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_FIRST = re.compile(r"[0-9]{1,2}[./ -][0-9]{1,2}[./ -]([0-9]{4}|[0-9]{2})")
_SERIAL = re.compile(r"[0-9]{4,6}(\.0*)?")


def parse_date(value: object) -> date:
    """A day from `YYYY-MM-DD` or from a real date. Any other spelling is refused, never guessed at."""
    if isinstance(value, datetime):
        if value.hour or value.minute or value.second or value.microsecond:
            raise Refused("date_format", _("This is a time of day, not a day."), _iso_hint())
        return value.date()
    if isinstance(value, date):
        return value
    text = as_text(value).strip()
    if _ISO.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise Refused("no_such_day", _("The calendar has no such day."), _iso_hint()) from None
    if _DAY_FIRST.fullmatch(text):
        raise Refused(
            "ambiguous_date",
            _("Day and month can't be told apart for certain in this spelling of a date."),
            _("Write the year first, as YYYY-MM-DD: the 31st of December 1980 is 1980-12-31."),
        )
    if _SERIAL.fullmatch(text):
        raise Refused(
            "date_format",
            _("This is a spreadsheet's number for a date, not the date."),
            _("Format the column as text and write the date as YYYY-MM-DD, such as 1980-12-31."),
        )
    raise Refused("date_format", _("This is not a date of the form YYYY-MM-DD."), _iso_hint())


def _iso_hint() -> str:
    return _("Write a real day as YYYY-MM-DD, such as 1980-12-31.")


def age_on(born: date, today: date) -> int:
    """Full years. Who was born on 29 February comes of age on 1 March of a common year."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def months_before(today: date, months: int) -> date:
    """The same day so many months ago, or that month's last day where it has no such day."""
    month = today.year * 12 + today.month - 1 - months
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))


def check_birth_date(reading: Reading, today: date) -> None:
    """18 years or older today, and born within living memory."""
    born = reading.values.get("dob")
    if not isinstance(born, date):
        return
    if born > today:
        reading.error(
            "dob",
            "in_the_future",
            _("The date of birth lies in the future."),
            _("Check the year of birth."),
            born,
        )
    elif (age := age_on(born, today)) < ADULT_YEARS:
        reading.error(
            "dob",
            "under_age",
            _("This person is under %(years)d.") % {"years": ADULT_YEARS},
            _("The exchange takes people of %(years)d and over. Check the date of birth.")
            % {"years": ADULT_YEARS},
            born,
        )
    elif age > OLDEST_YEARS:
        reading.error(
            "dob",
            "implausible_date",
            _("The date of birth lies over %(years)d years back.") % {"years": OLDEST_YEARS},
            _("Check the year of birth."),
            born,
        )


def check_expiry(reading: Reading, today: date, field: str = "doc_expire") -> None:
    """Expired is an error, expiring within 30 days a warning. A document is good on its last day."""
    expires = reading.values.get(field)
    if not isinstance(expires, date):
        return
    if expires < today:
        reading.error(
            field,
            "expired",
            _("The identity document expired on %(day)s.") % {"day": expires.isoformat()},
            _("Ask the customer for a document that is valid."),
            expires,
        )
    elif expires.year > today.year + EXPIRY_YEARS_MAX:
        reading.error(
            field,
            "implausible_date",
            _("The expiry lies over %(years)d years ahead.") % {"years": EXPIRY_YEARS_MAX},
            _("Check the year; leave it empty if the document does not expire."),
            expires,
        )
    elif (expires - today).days <= EXPIRES_SOON_DAYS:
        reading.warn(
            field,
            "expires_soon",
            _("The identity document expires within %(days)d days.") % {"days": EXPIRES_SOON_DAYS},
            _("Ask for a newer document, or accept this one with a reason."),
            expires,
        )
