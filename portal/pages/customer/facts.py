"""What is held about a customer or a beneficial owner, as named values in groups for reading."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Model
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from customers.models import BusinessProfile, Customer, Ubo
from vault.envelope import CannotOpen


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    facts: tuple[Fact, ...]


_PERSON = ("first_name", "last_name", "dob", "nationality", "id_number")
_REACH = ("email", "phone_number", "address", "postcode", "city", "country")
_MEANS = ("occupation", "source_of_funds")
_EXPOSURE = (
    ("is_pep_occupation", "pep_occupation_data"),
    ("is_pep_related", "pep_related_data"),
    ("is_pip", "pip_data"),
)
_LONG = frozenset(
    {
        "address",
        "occupation",
        "source_of_funds",
        "purpose_of_account",
        "pep_occupation_data",
        "pep_related_data",
        "pip_data",
    }
)


def customer_groups(customer: Customer, profile: BusinessProfile | None) -> list[Group]:
    """Everything that was entered about a customer; blank fields are left out, an empty group too."""
    if customer.is_business:
        company = (
            *_facts(profile, ("company_name", "registration_number", "registration_country", "industry")),
            *_facts(profile, ("website", "employee_count", "purpose_of_account")),
        )
        reach = (
            *_facts(customer, ("email", "phone_number")),
            *_facts(profile, ("address", "postcode", "city", "country")),
        )
        trade = _facts(
            profile,
            (
                "expected_monthly_volume_usd",
                "jurisdictions_of_operation",
                "license_status",
                "license_number",
                "license_jurisdictions",
            ),
        )
        groups = [(_("Company"), company), (_("Contact and address"), reach), (_("Business"), trade)]
    else:
        identity = _facts(customer, ("doc_type", "doc_number", "doc_expire", "doc_country"))
        groups = [
            (_("Person"), _facts(customer, _PERSON)),
            (_("Contact and address"), _facts(customer, (*_REACH, "country_of_residence"))),
            (_("Occupation and funds"), _facts(customer, _MEANS)),
            (_("Public exposure"), _exposure(customer)),
            (_("Identity document, as declared"), identity),
        ]
    groups.append(
        (_("Account"), _facts(customer, ("account_name", "deposit_action", "external_verification_url")))
    )
    return [Group(title, tuple(facts)) for title, facts in groups if facts]


def ubo_groups(ubo: Ubo) -> list[Group]:
    """Everything that was entered about a beneficial owner."""
    share = (
        *_facts(ubo, ("ownership_percentage",)),
        *_facts(ubo, ("is_director", "is_authorized_signatory", "uid")),
    )
    groups = [
        (_("Part in the business"), share),
        (_("Person"), _facts(ubo, _PERSON)),
        (_("Contact and address"), _facts(ubo, _REACH)),
        (_("Occupation and funds"), _facts(ubo, _MEANS)),
        (_("Public exposure"), _exposure(ubo)),
    ]
    return [Group(title, tuple(facts)) for title, facts in groups if facts]


def _facts(record: Model | None, names: Iterable[str]) -> tuple[Fact, ...]:
    if record is None:
        return ()
    found = []
    for name in names:
        field = record._meta.get_field(name)
        if (text := _text(record, name)) != "":
            found.append(Fact(_sentence(str(getattr(field, "verbose_name", name))), text, name in _LONG))
    return tuple(found)


def _exposure(record: Customer | Ubo) -> tuple[Fact, ...]:
    """The flags always, since a no says something; their texts where there are any."""
    return tuple(fact for flag, text in _EXPOSURE for fact in _facts(record, (flag, text)))


def _text(record: Model, name: str) -> str:
    try:
        value = getattr(record, name)
    except CannotOpen:
        return _("can't be opened")
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if name == "ownership_percentage":
        return f"{number_format(f'{value:f}'.rstrip('0').rstrip('.'), use_l10n=True)} %"
    if name == "expected_monthly_volume_usd":
        return f"USD {number_format(value, 2, force_grouping=True)}"
    if hasattr(value, "isoformat"):
        return date_format(value, "j F Y")
    return str(value)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
