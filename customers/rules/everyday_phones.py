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


class _Line(NamedTuple):
    """Numbers of one kind: their lengths (all, where there are none) and their pattern."""

    lengths: frozenset[int]
    pattern: re.Pattern[str]


class _Plan(NamedTuple):
    """How a country code's main country numbers its lines. `prefix`: what a parser would take off."""

    lines: tuple[_Line, ...]
    general: _Line
    prefix: re.Pattern[str] | None


def is_plainly_valid(text: str) -> bool:
    """Whether `text` is a valid number in E.164 for certain; False says nothing."""
    found = _DIGITS.fullmatch(text)
    if found is None or not text.isascii():
        return False
    digits = found[1]
    for length in range(1, _CODE_DIGITS_MAX + 1):
        plan = _plan(digits[:length])
        if plan is None:
            continue
        number = digits[length:]
        if number[0] == "0" or (plan.prefix is not None and plan.prefix.match(number)):
            return False
        return _is_of(plan.general, number) and any(_is_of(line, number) for line in plan.lines)
    return False


def _is_of(line: _Line, number: str) -> bool:
    return (not line.lengths or len(number) in line.lengths) and line.pattern.fullmatch(number) is not None


@lru_cache(maxsize=2048)  # more than there are beginnings of three digits
def _plan(code: str) -> _Plan | None:
    """The plan of a country code; None where it is no country's, or no such plan decides."""
    import phonenumbers
    from phonenumbers import PhoneMetadata

    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code))
    if regions is None:
        return None
    country = PhoneMetadata.metadata_for_region_or_calling_code(int(code), regions[0])
    general = _line(country.general_desc) if country is not None else None
    if country is None or general is None or country.leading_digits is not None:
        return _Plan((), _Line(frozenset(), re.compile("(?!)")), None)
    prefix = country.national_prefix_for_parsing
    lines = tuple(line for desc in (country.mobile, country.fixed_line) if (line := _line(desc)) is not None)
    return _Plan(lines, general, re.compile(prefix) if prefix else None)


def _line(desc: object) -> _Line | None:
    pattern = getattr(desc, "national_number_pattern", None)
    if not pattern:
        return None
    return _Line(frozenset(getattr(desc, "possible_length", ())), re.compile(pattern))
