"""Business customers and what holds across their UBOs (002:1936-1998)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from customers.problems import ERROR, WARNING, Problem, shown_safely
from customers.rules.choices import one_of
from customers.rules.countries import parse_countries, parse_country, parse_registration_country
from customers.rules.deposits import parse_deposit_action
from customers.rules.emails import parse_email
from customers.rules.numbers import parse_employees, parse_volume
from customers.rules.phone import parse_phone
from customers.rules.reading import FieldRow, Reading, is_blank
from customers.rules.text import (
    ADDRESS_MAX,
    CITY_MAX,
    DETAILS_MAX,
    NAME_MAX,
    POSTCODE_MAX,
    parse_company_name,
    parse_number_text,
    text_of,
)
from customers.rules.urls import parse_url

LICENSE_STATUSES = ("Licensed", "Not Licensed", "Pending")
UBOS_MAX = 50
PROFILE = "business_profile."

_BUSINESS: tuple[FieldRow, ...] = (
    ("email", parse_email, True, ""),
    ("phone_number", parse_phone, True, ""),
    ("account_name", parse_company_name, True, ""),
    ("deposit_action", parse_deposit_action, False, ""),
    ("external_verification_url", parse_url, False, ""),
    (PROFILE + "company_name", parse_company_name, True, ""),
    (PROFILE + "registration_number", parse_number_text, True, ""),
    (PROFILE + "registration_country", parse_registration_country, True, ""),
    (PROFILE + "industry", text_of(NAME_MAX), True, ""),
    (PROFILE + "purpose_of_account", text_of(DETAILS_MAX, lines=True), True, ""),
    (PROFILE + "expected_monthly_volume_usd", parse_volume, True, None),
    (PROFILE + "jurisdictions_of_operation", parse_countries, False, []),
    (PROFILE + "website", parse_url, False, ""),
    (PROFILE + "employee_count", parse_employees, False, None),
    (PROFILE + "address", text_of(ADDRESS_MAX, lines=True), False, ""),
    (PROFILE + "city", text_of(CITY_MAX), False, ""),
    (PROFILE + "postcode", text_of(POSTCODE_MAX), False, ""),
    (PROFILE + "country", parse_country, False, ""),
    (PROFILE + "license_status", one_of(LICENSE_STATUSES), False, ""),
    (PROFILE + "license_number", parse_number_text, False, ""),
    (PROFILE + "license_jurisdictions", parse_countries, False, []),
)

# What only a person has: filled in for a business, it would be dropped on the way.
PERSONAL_FIELDS = (
    "first_name",
    "last_name",
    "dob",
    "address",
    "postcode",
    "city",
    "country",
    "nationality",
    "country_of_residence",
    "id_number",
    "sa_id_number",
    "occupation",
    "source_of_funds",
    "pep_occupation_data",
    "pep_related_data",
    "pip_data",
    "doc_type",
    "doc_number",
    "doc_expire",
    "doc_country",
)


def read_business(raw: Mapping[str, object], *, today: date) -> Reading:
    """One business customer without its UBOs; profile fields are named `business_profile.<field>`."""
    reading = Reading()
    reading.read(raw, _BUSINESS)
    if reading.values.get(PROFILE + "license_status") == "Licensed":
        for name in (PROFILE + "license_number", PROFILE + "license_jurisdictions"):
            if is_blank(reading.values.get(name, name)):
                reading.error(
                    name,
                    "required",
                    _("A licensed business needs %(field)s.") % {"field": name},
                    _("Fill it in, or correct license_status."),
                )
    for name in PERSONAL_FIELDS:
        value = raw.get(name)
        if not is_blank(value):
            reading.warn(
                name,
                "not_for_businesses",
                _("A business has no such field of its own, so this would not be sent."),
                _("Empty the field (an address goes into the profile), or set entity_type to individual."),
                value,
            )
    return reading


def check_ubos(ubos: Sequence[Mapping[str, object]]) -> list[Problem]:
    """What holds across the UBOs of one business: 1 to 50 of them, each e-mail once, at most 100 per cent.

    `ubos` are their read values (`read_ubo(...).values`).
    """
    problems: list[Problem] = []
    if not ubos:
        problems.append(
            Problem(
                "required",
                "",
                "ubos",
                ERROR,
                _("The business has no beneficial owner."),
                _("Add everybody who owns 5 per cent or more; the exchange wants at least one."),
            )
        )
    elif len(ubos) > UBOS_MAX:
        problems.append(
            Problem(
                "too_many",
                "",
                "ubos",
                ERROR,
                _("The business has more than %(most)d beneficial owners.") % {"most": UBOS_MAX},
                _("List those who own 5 per cent or more; there can't be more than 20 of them."),
                str(len(ubos)),
            )
        )
    seen: set[str] = set()
    for ubo in ubos:
        email = str(ubo.get("email") or "")
        if email and email.casefold() in seen:
            problems.append(
                Problem(
                    "same_email",
                    f"ubo:{email}",
                    "email",
                    ERROR,
                    _("Two beneficial owners of this business have the same e-mail address."),
                    _("Give each person's own address."),
                    shown_safely("email", email),
                )
            )
        seen.add(email.casefold())
    shares = [share for ubo in ubos if isinstance(share := ubo.get("ownership_percentage"), Decimal)]
    if sum(shares) > 100:
        problems.append(
            Problem(
                "shares_above_100",
                "",
                "ownership_percentage",
                WARNING,
                _("The shares of the beneficial owners add up to %(total)s per cent.")
                % {"total": sum(shares)},
                _("Check the shares against the register, or accept them with a reason."),
                str(sum(shares)),
            )
        )
    return problems
