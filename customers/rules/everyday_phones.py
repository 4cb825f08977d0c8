"""Phone numbers that are plainly valid, told at a tenth of the cost of asking the field's library.

It says yes only where the library would: the digits match the patterns that the library itself holds for a
country's fixed or mobile lines, and nothing about them needs its parser (a prefix to take off, a leading
zero, one of several countries that share a code). Everything else is the library's to judge.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_DIGITS = re.compile(r"\+([1-9][0-9]{6,14})")
_CODE_DIGITS_MAX = 3


class _Plan(NamedTuple):
    """How the main country of a code of `code_digits` digits numbers its lines.

    `numbers`: what is valid for certain. `prefix`: what a parser would take off, so that it is asked.
    """

    code_digits: int
    numbers: re.Pattern[str]
    prefix: re.Pattern[str] | None


def is_plainly_valid(text: str) -> bool:
    """Whether `text` is a valid number in E.164 for certain; False says nothing."""
    if not text.isascii() or _DIGITS.fullmatch(text) is None:
        return False
    plan = _plan_of(text[1 : 1 + _CODE_DIGITS_MAX])
    if plan is None:
        return False
    number = text[1 + plan.code_digits :]
    if number[0] == "0" or (plan.prefix is not None and plan.prefix.match(number)):
        return False
    return plan.numbers.fullmatch(number) is not None


@lru_cache(maxsize=1024)  # there are no more beginnings of three digits
def _plan_of(beginning: str) -> _Plan | None:
    """The plan of the country code that these digits begin with; None where none decides."""
    for length in range(1, _CODE_DIGITS_MAX + 1):
        if regions := _regions(beginning[:length]):
            return _plan(beginning[:length], regions[0])
    return None


def _regions(code: str) -> tuple[str, ...]:
    import phonenumbers

    return phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())


def _plan(code: str, region: str) -> _Plan | None:
    from phonenumbers import PhoneMetadata

    country = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    if country is None or country.leading_digits is not None:
        return None
    general = _pattern(country.general_desc)
    lines = [line for desc in (country.mobile, country.fixed_line) if (line := _pattern(desc))]
    if not general or not lines:
        return None
    prefix = country.national_prefix_for_parsing
    return _Plan(
        len(code),
        re.compile(f"(?={general}$)(?:{'|'.join(lines)})"),
        re.compile(prefix) if prefix else None,
    )


def _pattern(desc: object) -> str:
    """One pattern for a kind of line: its numbers, of its possible lengths (any, where there are none)."""
    pattern = getattr(desc, "national_number_pattern", None)
    if not pattern:
        return ""
    lengths = "|".join(f".{{{length}}}" for length in getattr(desc, "possible_length", ()))
    return f"(?=(?:{lengths})$)(?:{pattern})" if lengths else f"(?:{pattern})"
