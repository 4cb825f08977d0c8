"""Countries: the two capital letters of ISO 3166-1, from a maintained list."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from django.utils.translation import gettext as _

from customers.rules.reading import Refused
from customers.rules.text import as_text

COUNTRIES_MAX = 250  # there are fewer
LIST_SEPARATOR = ";"
SHOWN_CODES = 3
# What people write and no list has.
_COLLOQUIAL = {
    "uk": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "great britain": "GB",
    "northern ireland": "GB",
    "usa": "US",
    "america": "US",
    "rsa": "ZA",
    "suid-afrika": "ZA",
    "holland": "NL",
    "uae": "AE",
    "ivory coast": "CI",
    "swaziland": "SZ",
    "russia": "RU",
    "south korea": "KR",
    "drc": "CD",
    "dr congo": "CD",
    "turkey": "TR",
    "el": "GR",
}


@lru_cache(maxsize=1)
def alpha_2_codes() -> frozenset[str]:
    """All two-letter codes."""
    return frozenset(country.alpha_2 for country in _countries())


@lru_cache(maxsize=1)
def alpha_3_codes() -> frozenset[str]:
    """All three-letter codes."""
    return frozenset(country.alpha_3 for country in _countries())


def _countries() -> Iterable:
    import pycountry  # heavy: loaded when the first country is read

    return pycountry.countries


def parse_country(value: object) -> str:
    """A two-letter code as listed: `ZA`. Names, small letters and `ZAF` are refused with a hint."""
    text = value.strip() if type(value) is str else as_text(value).strip()
    if text not in alpha_2_codes():
        raise Refused("country", _("This is not a country's two-letter code."), _hint(text))
    return text


def parse_registration_country(value: object) -> str:
    """A two- or three-letter code: `ZA` or `ZAF` (002:1956)."""
    text = as_text(value).strip()
    if text not in alpha_2_codes() and text not in alpha_3_codes():
        raise Refused("country", _("This is not a country's two- or three-letter code."), _hint(text))
    return text


def parse_countries(value: object) -> list[str]:
    """A list of two-letter codes, or text that is split at `;`. All wrong ones are named at once."""
    parts = value if isinstance(value, (list, tuple)) else as_text(value).split(LIST_SEPARATOR)
    codes = [as_text(part).strip() for part in parts]
    codes = [code for code in codes if code]
    if len(codes) > COUNTRIES_MAX:
        raise Refused(
            "too_many",
            _("There are not that many countries."),
            _("List each country once, at most %(most)d.") % {"most": COUNTRIES_MAX},
        )
    wrong = [code for code in codes if code not in alpha_2_codes()]
    if wrong:
        named = ", ".join(code[:20] if code.isprintable() else "�" for code in wrong[:SHOWN_CODES])
        raise Refused(
            "country",
            _("Not a country's two-letter code: %(codes)s.") % {"codes": named},
            " ".join(dict.fromkeys(_hint(code) for code in wrong[:SHOWN_CODES])),
        )
    return codes


def _hint(text: str) -> str:
    meant = _meant(text[:80].casefold())
    if meant:
        return _("Did you mean %(code)s?") % {"code": meant}
    return _("Write the ISO 3166 code in capital letters, such as ZA, US or GB.")


@lru_cache(maxsize=1024)
def _meant(folded: str) -> str:
    """The code that was probably meant, or ""."""
    names = _codes_by_name()
    if folded in names:
        return names[folded]
    near = get_close_matches(folded, [name for name in names if len(name) > 3], n=1, cutoff=0.8)
    return names[near[0]] if near else ""


@lru_cache(maxsize=1)
def _codes_by_name() -> dict[str, str]:
    names = dict(_COLLOQUIAL)
    for country in _countries():
        for name in ("alpha_2", "alpha_3", "name", "common_name", "official_name"):
            if spelled := getattr(country, name, None):
                names[spelled.casefold()] = country.alpha_2
    return names
