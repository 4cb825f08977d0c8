"""The rules of the documents for what a customer, a business or a UBO may be created with (002:1722-1995).

Each function returns codes, none where all is well. A missing field yields two codes, as the original stack's
parameter check does (`…missing_email`, `…empty_email`); a wrong value yields `field.reason`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

_HERE = Path(__file__).parent
_LISTS = json.loads((_HERE / "lists.json").read_text("utf-8"))
_COUNTRIES = json.loads((_HERE / "countries.json").read_text("utf-8"))
OCCUPATIONS = frozenset(_LISTS["occupations"])
SOURCES_OF_FUNDS = frozenset(_LISTS["source_of_funds"])
ALPHA_2 = frozenset(_COUNTRIES["alpha_2"])
ALPHA_3 = frozenset(_COUNTRIES["alpha_3"])
LICENSE_STATUSES = frozenset({"Licensed", "Not Licensed", "Pending"})
DEPOSIT_ACTIONS = frozenset({"none", "aggregate", "convert_and_withdraw", "aggregate_convert_and_withdraw"})
DECLARATIONS = (
    ("is_pep_occupation", "pep_occupation_data"),
    ("is_pep_related", "pep_related_data"),
    ("is_pip", "pip_data"),
)
ADULT = 18  # years

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_STOCK_NAME = re.compile(r"[\w \-']+")
_PREFIX = "resource.customers."


def read_date(value: object) -> date | None:
    """A date written YYYY-MM-DD; None for anything else."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def judged_on(quirks: Mapping) -> date:
    """The day by which ages and expiry dates are judged."""
    return read_date(quirks["today"]) or datetime.now(UTC).date()


def is_adult(born: date, today: date) -> bool:
    """18 or older. Someone born on 29 February comes of age on 1 March of a common year."""
    return (today.year - born.year) - ((today.month, today.day) < (born.month, born.day)) >= ADULT


def _is_email(value: str) -> bool:
    return (
        len(value) <= 254
        and ".." not in value
        and _EMAIL.fullmatch(value) is not None
        and not value.startswith(".")
    )


class _Check:
    """Collects the codes of one object; `path` stands before each field (`business_profile.`, `ubos[0].`)."""

    def __init__(self, data: Mapping, path: str = "", typed: bool = True) -> None:
        self.data, self.path, self.typed = data, path, typed
        self.codes: list[str] = []

    def add(self, field: str, reason: str) -> None:
        self.codes.append(f"{self.path}{field}.{reason}")

    def required(self, *fields: str) -> None:
        for field in fields:
            value = self.data.get(field)
            if value is None:
                self.codes += [f"{_PREFIX}{self.path}missing_{field}", f"{_PREFIX}{self.path}empty_{field}"]
            elif isinstance(value, str) and not value.strip():
                self.codes.append(f"{_PREFIX}{self.path}empty_{field}")

    def text(self, field: str) -> str | None:
        """The field's text; None where it is absent, blank or not text (the last is noted)."""
        value = self.data.get(field)
        if value is None:
            return None
        if not isinstance(value, str):
            self.add(field, "invalid")
            return None
        if "\x00" in value:
            self.add(field, "invalid")
            return None
        return value if value.strip() else None

    def texts(self, *fields: str) -> None:
        for field in fields:
            self.text(field)

    def matches(self, field: str, accepted, reason: str = "invalid") -> None:
        value = self.text(field)
        if value is not None and not accepted(value):
            self.add(field, reason)

    def flag(self, field: str) -> bool:
        value = self.data.get(field)
        if value is None or isinstance(value, bool):
            return bool(value)
        if not self.typed and value in ("true", "false"):
            return value == "true"
        self.add(field, "invalid")
        return False

    def number(self, field: str, low: float | None = None, high: float | None = None) -> None:
        value = self.data.get(field)
        if value is None:
            return
        if not isinstance(value, (int, float)) or isinstance(value, bool) or value != value:
            self.add(field, "invalid")
        elif (low is not None and value < low) or (high is not None and value > high):
            self.add(field, "out_of_range")

    def codes_of_countries(self, field: str) -> None:
        value = self.data.get(field)
        if value is not None and (
            not isinstance(value, list) or not all(isinstance(c, str) and c in ALPHA_2 for c in value)
        ):
            self.add(field, "invalid")


def _person(check: _Check, today: date, stock_names: bool) -> None:
    """What an individual and a UBO have in common."""
    check.required(
        "email", "first_name", "last_name", "dob", "address", "postcode", "city", "country", "nationality"
    )
    check.required("occupation", "source_of_funds")
    check.matches("email", _is_email)
    check.matches("phone_number", _PHONE.fullmatch)
    check.texts("address", "postcode", "city", "account_name")
    for name in ("first_name", "last_name"):
        if stock_names:
            check.matches(name, _STOCK_NAME.fullmatch)
        else:
            check.text(name)
    born_text = check.text("dob")
    if born_text is not None:
        born = read_date(born_text)
        if born is None:
            check.add("dob", "invalid")
        elif not is_adult(born, today):
            check.add("dob", "under_age")
    for field in ("country", "nationality", "country_of_residence"):
        check.matches(field, ALPHA_2.__contains__)
    check.matches("occupation", OCCUPATIONS.__contains__, "inclusion")
    check.matches("source_of_funds", SOURCES_OF_FUNDS.__contains__, "inclusion")
    check.text("id_number")
    for flag, details in DECLARATIONS:
        if check.flag(flag):
            check.required(details)
        check.text(details)


def individual_codes(data: Mapping, *, today: date, typed: bool, stock_names: bool = False) -> list[str]:
    """002:1722-1747."""
    check = _Check(data, typed=typed)
    check.required("phone_number", "country_of_residence")
    _person(check, today, stock_names)
    if data.get("nationality") == "ZA":
        check.required("id_number")
    _deposit_action(check)
    return check.codes


def _deposit_action(check: _Check) -> None:
    """002:1749-1772: only `none` is available to customers."""
    action = check.data.get("deposit_action")
    if action is None:
        return
    if isinstance(action, str):
        try:
            action = json.loads(action)
        except ValueError:
            action = None
    if not isinstance(action, dict) or action.get("action") not in DEPOSIT_ACTIONS:
        check.add("deposit_action", "invalid")
    elif action["action"] != "none":
        check.add("deposit_action", "not_available")


def business_codes(data: Mapping, *, today: date, typed: bool, stock_names: bool = False) -> list[str]:
    """002:1936-1997; also what a merchant is created with in the later documents."""
    check = _Check(data, typed=typed)
    check.required("email", "phone_number", "account_name")
    check.matches("email", _is_email)
    check.matches("phone_number", _PHONE.fullmatch)
    check.text("account_name")
    codes = check.codes
    profile = data.get("business_profile")
    if profile is None:
        codes += [f"{_PREFIX}missing_business_profile", f"{_PREFIX}empty_business_profile"]
    elif not isinstance(profile, dict):
        codes.append("business_profile.invalid")
    else:
        codes += _profile_codes(profile, typed)
    ubos = data.get("ubos")
    if ubos is None or ubos == []:
        codes += [f"{_PREFIX}missing_ubos", f"{_PREFIX}empty_ubos"][ubos == [] :]
    elif not isinstance(ubos, list) or not all(isinstance(ubo, dict) for ubo in ubos):
        codes.append("ubos.invalid")
    else:
        for index, ubo in enumerate(ubos):
            one = _Check(ubo, f"ubos[{index}].", typed)
            _person(one, today, stock_names)
            one.required("id_number", "ownership_percentage")
            one.number("ownership_percentage", 5, 100)
            one.flag("is_director")
            one.flag("is_authorized_signatory")
            codes += one.codes
    return codes


def _profile_codes(profile: Mapping, typed: bool) -> list[str]:
    check = _Check(profile, "business_profile.", typed)
    check.required(
        "company_name", "registration_number", "registration_country", "industry", "purpose_of_account"
    )
    check.required("expected_monthly_volume_usd")
    check.texts("company_name", "registration_number", "industry", "purpose_of_account")
    check.texts("website", "address", "city", "postcode", "license_number")
    check.matches("registration_country", lambda code: code in ALPHA_2 or code in ALPHA_3)
    check.matches("country", ALPHA_2.__contains__)
    check.number("expected_monthly_volume_usd", 0)
    check.number("employee_count", 0)
    check.codes_of_countries("jurisdictions_of_operation")
    check.codes_of_countries("license_jurisdictions")
    check.matches("license_status", LICENSE_STATUSES.__contains__, "inclusion")
    if profile.get("license_status") == "Licensed":
        check.required("license_number", "license_jurisdictions")
        if profile.get("license_jurisdictions") == []:
            check.codes.append(f"{_PREFIX}business_profile.empty_license_jurisdictions")
    return check.codes
