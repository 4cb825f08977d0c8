"""Individuals and UBOs: the fields of a person (002:1718-1747, 002:1971-1998)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from django.utils.translation import gettext as _

from customers.problems import shown_safely
from customers.rules.choices import one_of, parse_occupation, parse_source_of_funds
from customers.rules.countries import parse_country
from customers.rules.dates import check_birth_date, check_expiry, parse_date
from customers.rules.deposits import parse_deposit_action
from customers.rules.emails import parse_email
from customers.rules.identity_documents import DOC_NUMBER_MAX, IDENTITY_TYPES, NEVER_EXPIRING
from customers.rules.numbers import parse_flag, parse_ownership
from customers.rules.phone import parse_phone
from customers.rules.reading import FieldRow, Reading, is_blank
from customers.rules.south_africa import SOUTH_AFRICA, check_id_number
from customers.rules.text import (
    ACCOUNT_NAME_MAX,
    ADDRESS_MAX,
    CITY_MAX,
    DETAILS_MAX,
    POSTCODE_MAX,
    is_doubtful_name,
    parse_name,
    parse_number_text,
    text_of,
)
from customers.rules.urls import parse_url

_EMAIL: FieldRow = ("email", parse_email, True, "")


def _parse_account_name(value: object) -> str:
    return parse_name(value, ACCOUNT_NAME_MAX)


def _parse_doc_number(value: object) -> str:
    return parse_number_text(value, DOC_NUMBER_MAX)


_PERSON: tuple[FieldRow, ...] = (
    ("first_name", parse_name, True, ""),
    ("last_name", parse_name, True, ""),
    ("dob", parse_date, True, None),
    ("address", text_of(ADDRESS_MAX, lines=True), True, ""),
    ("postcode", text_of(POSTCODE_MAX), True, ""),
    ("city", text_of(CITY_MAX), True, ""),
    ("country", parse_country, True, ""),
    ("nationality", parse_country, True, ""),
    ("occupation", parse_occupation, True, ""),
    ("source_of_funds", parse_source_of_funds, True, ""),
)

_EXPOSURE = (
    ("is_pep_occupation", "pep_occupation_data"),
    ("is_pep_related", "pep_related_data"),
    ("is_pip", "pip_data"),
)
_EXPOSURE_ROWS: tuple[FieldRow, ...] = tuple(
    row
    for flag, details in _EXPOSURE
    for row in ((flag, parse_flag, False, False), (details, text_of(DETAILS_MAX, lines=True), False, ""))
)

_INDIVIDUAL: tuple[FieldRow, ...] = (
    _EMAIL,
    ("phone_number", parse_phone, True, ""),
    ("account_name", _parse_account_name, False, ""),
    *_PERSON,
    ("country_of_residence", parse_country, True, ""),
    ("id_number", parse_number_text, False, ""),
    *_EXPOSURE_ROWS,
    ("doc_type", one_of(IDENTITY_TYPES), False, ""),
    ("doc_number", _parse_doc_number, False, ""),
    ("doc_expire", parse_date, False, None),
    ("doc_country", parse_country, False, ""),
    ("deposit_action", parse_deposit_action, False, ""),
    ("external_verification_url", parse_url, False, ""),
)

_UBO: tuple[FieldRow, ...] = (
    ("phone_number", parse_phone, False, ""),
    *_PERSON,
    ("id_number", parse_number_text, True, ""),
    *_EXPOSURE_ROWS,
    ("ownership_percentage", parse_ownership, True, None),
    ("is_director", parse_flag, False, False),
    ("is_authorized_signatory", parse_flag, False, False),
)


def read_individual(raw: Mapping[str, object], *, today: date) -> Reading:
    """One individual customer, from the exchange's field names to text as typed (or typed values).

    `sa_id_number`, the older name of `id_number`, is read where `id_number` is empty.
    """
    reading = Reading()
    reading.read(_with_id_number(raw), _INDIVIDUAL)
    check_birth_date(reading, today)
    if reading.values.get("doc_type") not in NEVER_EXPIRING:
        check_expiry(reading, today)
    if reading.values.get("nationality") == SOUTH_AFRICA and reading.values.get("id_number") == "":
        reading.error(
            "id_number",
            "required",
            _("id_number is missing, and South African nationals need it."),
            _("Fill in the South African ID number."),
        )
    check_id_number(reading, may_be_passport=False)
    _check_names(reading)
    _check_exposure(reading, raw)
    _check_no_profile(reading, raw)
    return reading


def read_ubo(raw: Mapping[str, object], *, today: date) -> Reading:
    """One ultimate beneficial owner of a business; the subject of its problems is `ubo:<email>`."""
    reading = Reading(subject=f"ubo:{shown_safely('email', raw.get('email'))}")
    reading.read(raw, (_EMAIL,))
    if "email" in reading.values:
        reading.subject = f"ubo:{reading.values['email']}"
    reading.read(_with_id_number(raw), _UBO)
    check_birth_date(reading, today)
    check_id_number(reading, may_be_passport=True)
    _check_names(reading)
    _check_exposure(reading, raw)
    return reading


def _with_id_number(raw: Mapping[str, object]) -> Mapping[str, object]:
    alias = raw.get("sa_id_number")
    if is_blank(alias) or not is_blank(raw.get("id_number")):
        return raw
    return {**raw, "id_number": alias}


def _check_names(reading: Reading) -> None:
    for name in ("first_name", "last_name"):
        text = reading.values.get(name)
        if isinstance(text, str) and is_doubtful_name(text):
            reading.warn(
                name,
                "doubtful_name",
                _("The exchange may refuse this name: it has more than letters, spaces, hyphens and '."),
                _("Leave out dots and the like and use a straight apostrophe, or accept it with a reason."),
                text,
            )


def _check_exposure(reading: Reading, raw: Mapping[str, object]) -> None:
    """Details are needed where the flag is set (002:1742-1746); details without the flag are a doubt."""
    values = reading.values
    for flag, details in _EXPOSURE:
        if flag not in values or details not in values:
            continue
        if values[flag] and not values[details]:
            reading.error(
                details,
                "required",
                _("%(flag)s says yes, so %(field)s must say more.") % {"flag": flag, "field": details},
                _("Describe the position or the relation, or set %(flag)s to false.") % {"flag": flag},
            )
        elif values[details] and not values[flag]:
            reading.warn(
                details,
                "flag_not_set",
                _("There are details here, but %(flag)s says no.") % {"flag": flag},
                _("Set %(flag)s to true, or take the details out.") % {"flag": flag},
                raw.get(details),
            )


def _check_no_profile(reading: Reading, raw: Mapping[str, object]) -> None:
    for name in _profile_names(tuple(raw)):
        value = raw[name]
        if value and not is_blank(value):
            reading.warn(
                name,
                "not_for_individuals",
                _("An individual has no business profile, so this would not be sent."),
                _("Empty the field, or set entity_type to business."),
                value,
            )


@lru_cache(maxsize=64)
def _profile_names(names: tuple[object, ...]) -> tuple[str, ...]:
    """Those of a business's profile. All rows of a pack have the same names."""
    return tuple(name for name in names if isinstance(name, str) and name.startswith("business_profile."))
