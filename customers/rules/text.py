"""Text as a person typed it: NFC, without surrounding space, without what nobody can see, not too long."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from customers.rules.reading import Refused

# Lengths in characters after cleaning. The documents state none; these are the columns that hold the values.
NAME_MAX = 255
CITY_MAX = 255
ACCOUNT_NAME_MAX = 255
ADDRESS_MAX = 500
POSTCODE_MAX = 20
DETAILS_MAX = 2000  # what is said about a PEP or PIP, and a business's purpose
NUMBER_MAX = 100  # registration, licence
REFERENCE_MAX = 100

COMBINING_RUN_MAX = 5  # marks on one letter; no written language needs more
SPREADSHEET_EXACT = 10**15  # a spreadsheet keeps 15 digits of a number

_SCIENTIFIC = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
# Blank although Unicode calls them letters, marks or symbols.
_BLANKS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]")
_SPACES = re.compile("[\u00a0\u2007\u202f]")  # no-break spaces come with pasted text and can't be told apart
_MARKUP = re.compile(r"[<>{}]")
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z' -]*")


def as_text(value: object) -> str:
    """A cell's value as text. A whole number becomes its digits; a mangled one is refused."""
    if isinstance(value, str):
        return value
    if not isinstance(value, bool) and isinstance(value, (int, float, Decimal)):
        number = finite(value)
        if number is None or abs(number) >= SPREADSHEET_EXACT or number != int(number):
            raise mangled_number()
        return str(int(number))
    if isinstance(value, date):
        raise Refused(
            "type",
            _("A spreadsheet made a date of this text."),
            _("Format the column as text and type the value again."),
        )
    raise Refused("type", _("This is not text."), _("Write it as plain text."))


def finite(value: int | float | Decimal) -> Decimal | None:
    """The number, exactly as its shortest decimal text says; None where it is no finite number."""
    if isinstance(value, float):
        return Decimal(str(value)) if math.isfinite(value) else None
    number = Decimal(value)
    return number if number.is_finite() else None


def mangled_number() -> Refused:
    """A number that a spreadsheet rounded or shortened, such as 9.00116E+12: its digits are lost."""
    return Refused(
        "mangled_number",
        _("A spreadsheet turned this number into a rounded one, and its digits are lost."),
        _("Format the column as text and type the number again, with all of its digits."),
    )


def parse_text(value: object, longest: int, *, lines: bool = False) -> str:
    """Cleaned text of at most `longest` characters; with `lines`, line breaks are kept (as \\n)."""
    text = (value if type(value) is str else as_text(value)).strip()
    if not (text.isascii() and text.isprintable()):
        text = _clean(text, longest, lines)
    if len(text) > longest:
        raise _too_long(longest)
    return text


def text_of(longest: int, *, lines: bool = False) -> Callable[[object], str]:
    """A parser for a table of fields: text of at most `longest` characters."""
    return lambda value: parse_text(value, longest, lines=lines)


def _too_long(longest: int) -> Refused:
    return Refused(
        "too_long",
        _("This is longer than %(longest)d characters.") % {"longest": longest},
        _("Shorten it to %(longest)d characters.") % {"longest": longest},
    )


def _clean(text: str, longest: int, lines: bool) -> str:
    if len(text) > 4 * longest:  # composing can only shorten it so much; don't chew on megabytes
        raise _too_long(longest)
    if lines:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SPACES.sub(" ", text).strip()
    visible = text.replace("\n", " ") if lines else text
    if not visible.isprintable() or _BLANKS.search(visible):
        for char in visible:
            if not _is_visible(char):
                raise Refused(
                    "invisible_character",
                    _("This holds a character that can't be seen or printed (U+%(code)04X).")
                    % {"code": ord(char)},
                    _("Type the text again instead of pasting it."),
                )
    text = unicodedata.normalize("NFC", text)
    run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if run > COMBINING_RUN_MAX:
            raise Refused(
                "too_many_accents",
                _("This piles more than %(most)d accents on one letter.") % {"most": COMBINING_RUN_MAX},
                _("Type the text again, with the accents that it really has."),
            )
    return text


def _is_visible(char: str) -> bool:
    """False for control, format (zero-width, bidi), surrogate and private characters, separators, blanks.

    A character that this Python's Unicode tables don't know yet is given the benefit of the doubt.
    """
    if _BLANKS.match(char) or ord(char) & 0xFFFE == 0xFFFE:
        return False
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def parse_name(value: object, longest: int = NAME_MAX) -> str:
    """The name of a person, a company or an account: text with a letter in it and without < > { }."""
    text = parse_text(value, longest)
    if _PLAIN_NAME.fullmatch(text):
        return text
    if _MARKUP.search(text):
        raise Refused(
            "markup",
            _("A name can't hold any of < > { }."),
            _("Write the name as it stands in the identity document or the register."),
        )
    if not any(char.isalpha() for char in text):
        raise Refused(
            "no_letter",
            _("A name needs a letter."),
            _("Write the name as it stands in the identity document or the register."),
        )
    return text


def parse_company_name(value: object) -> str:
    """As a person's, but digits alone will do: there are companies called "3" and "1-800"."""
    text = parse_text(value, NAME_MAX)
    if _MARKUP.search(text) or not any(char.isalnum() for char in text):
        return parse_name(text)
    return text


def is_doubtful_name(text: str) -> bool:
    """Whether the software that the exchange grew out of refuses this as a person's name.

    It takes letters, marks, digits, low lines, spaces, hyphens and straight apostrophes of any script; it
    refuses dots and curly apostrophes ("St. John", "O’Neil"). The exchange may have changed that: a doubt.
    """
    if _PLAIN_NAME.fullmatch(text):
        return False
    return not all(
        char in " -'" or char.isalnum() or unicodedata.category(char) in ("Mn", "Mc", "Me", "Pc", "Zs")
        for char in text
    )


def parse_number_text(value: object, longest: int = NUMBER_MAX) -> str:
    """A number that is text (of an identity card, a passport, a register): not mangled, not a stand-in."""
    text = parse_text(value, longest)
    if text.isdigit():
        return text
    if _SCIENTIFIC.fullmatch(text):
        raise mangled_number()
    if not (text.isalnum() or any(char.isalnum() for char in text)) or text.casefold() in STAND_INS:
        raise Refused(
            "stand_in",
            _("This stands in for a number and isn't one."),
            _("Write the number as it stands on the document; leave it empty where none is needed."),
        )
    return text


STAND_INS = frozenset(
    {"n/a", "na", "n.a.", "none", "null", "nil", "nan", "unknown", "tbc", "tbd", "todo", "xxx"}
)
