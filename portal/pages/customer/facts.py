"""What is held about a customer or a beneficial owner, as named values in groups for reading."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Model
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from customers.choices import Origin
from customers.models import BusinessProfile, Customer, Ubo
from kyc.models import Document
from kyc.revealing import masked_value
from vault.masking import masked, sealed_fields


@dataclass(frozen=True, slots=True)
class Fact:
    """`masked_in` and `field` of a masked value: what its reveal is asked by (`kyc.revealing`)."""

    label: str
    value: str
    is_long: bool = False
    masked_in: str = ""
    field: str = ""


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
            *facts_of(profile, ("company_name", "registration_number", "registration_country", "industry")),
            *facts_of(profile, ("website", "employee_count", "purpose_of_account")),
        )
        reach = (
            *facts_of(customer, ("email", "phone_number")),
            *facts_of(profile, ("address", "postcode", "city", "country")),
        )
        trade = facts_of(
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
        identity = facts_of(customer, ("doc_type", "doc_number", "doc_expire", "doc_country"))
        groups = [
            (_("Person"), facts_of(customer, _PERSON)),
            (_("Contact and address"), facts_of(customer, (*_REACH, "country_of_residence"))),
            (_("Occupation and funds"), facts_of(customer, _MEANS)),
            (_("Public exposure"), _exposure(customer)),
            (_("Identity document, as declared"), identity),
        ]
    account = facts_of(customer, ("account_name", "deposit_action", "external_verification_url"))
    groups.append((_("Account"), account + _token(customer)))
    return [Group(title, tuple(facts)) for title, facts in groups if facts]


def _token(customer: Customer) -> tuple[Fact, ...]:
    """By what the account is found at the exchange; told to whom was handed over here."""
    if customer.submitted_at is None or customer.origin == Origin.EXCHANGE:
        return ()
    return (Fact(_("Our token at the exchange"), f"[{customer.token}]"),)


def ubo_groups(ubo: Ubo) -> list[Group]:
    """Everything that was entered about a beneficial owner."""
    share = (
        *facts_of(ubo, ("ownership_percentage",)),
        *facts_of(ubo, ("is_director", "is_authorized_signatory", "uid")),
    )
    groups = [
        (_("Part in the business"), share),
        (_("Person"), facts_of(ubo, _PERSON)),
        (_("Contact and address"), facts_of(ubo, _REACH)),
        (_("Occupation and funds"), facts_of(ubo, _MEANS)),
        (_("Public exposure"), _exposure(ubo)),
    ]
    return [Group(title, tuple(facts)) for title, facts in groups if facts]


def facts_of(
    record: Customer | BusinessProfile | Ubo | Document | None, names: Iterable[str]
) -> tuple[Fact, ...]:
    """The named fields of a record that hold anything; those held encrypted masked, and not opened."""
    if record is None:
        return ()
    found = []
    for name in names:
        label = _sentence(str(getattr(record._meta.get_field(name), "verbose_name", name)))
        if name in sealed_fields(type(record)):
            if text := masked(record, name):
                subject = masked_value(record, name).subject
                found.append(Fact(label, text, name in _LONG, masked_in=subject, field=name))
        elif (text := _text(record, name)) != "":
            found.append(Fact(label, text, name in _LONG))
    return tuple(found)


def _exposure(record: Customer | Ubo) -> tuple[Fact, ...]:
    """The flags always, since a no says something; their texts where there are any."""
    return tuple(fact for flag, text in _EXPOSURE for fact in facts_of(record, (flag, text)))


def _text(record: Model, name: str) -> str:
    value = getattr(record, name)
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
    return in_words(value)


def in_words(value: object) -> str:
    """A value as it is read: a date in words."""
    return date_format(value, "j F Y") if isinstance(value, date) else str(value)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
