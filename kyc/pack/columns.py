"""The columns of the three tables, and a header checked against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from django.utils.translation import gettext as _

from kyc.pack.limits import COLUMNS_MAX
from kyc.pack.unreadable import PackUnreadable

CUSTOMERS = "customers"
UBOS = "ubos"
DOCUMENTS = "documents"

# Our own reports add this column; an import passes over it.
PROBLEMS = "problems"

_PERSON = (
    "email", "phone_number", "first_name", "last_name", "dob", "address", "postcode", "city", "country",
    "nationality", "id_number", "occupation", "source_of_funds", "is_pep_occupation", "pep_occupation_data",
    "is_pep_related", "pep_related_data", "is_pip", "pip_data",
)  # fmt: skip
# The older name of `id_number` in the exchange's documents (000:1205).
_ALIASES = {"sa_id_number": "id_number"}
_PROFILE = (
    "company_name", "registration_number", "registration_country", "industry", "purpose_of_account",
    "expected_monthly_volume_usd", "jurisdictions_of_operation", "website", "employee_count", "address",
    "city", "postcode", "country", "license_status", "license_number", "license_jurisdictions",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """`columns` in the order in which a report writes them; `required` must be in the header."""

    name: str
    columns: tuple[str, ...]
    required: tuple[str, ...]


TABLES = {
    CUSTOMERS: Table(
        CUSTOMERS,
        (
            "reference", "merchant_uid", "entity_type", "account_name", *_PERSON, "country_of_residence",
            "doc_type", "doc_number", "doc_expire", "doc_country", "deposit_action",
            "external_verification_url", *(f"business_profile.{name}" for name in _PROFILE),
        ),
        ("reference", "entity_type", "email"),
    ),
    UBOS: Table(
        UBOS,
        ("reference", *_PERSON, "ownership_percentage", "is_director", "is_authorized_signatory"),
        ("reference", "email"),
    ),
    DOCUMENTS: Table(
        DOCUMENTS,
        ("reference", "ubo_email", "doc_type", "file", "doc_number", "doc_expire", "doc_issued"),
        ("reference", "doc_type", "file"),
    ),
}  # fmt: skip


def known_columns(cells: Sequence[str], table: str) -> int:
    """How many of a header's cells name a column of this table."""
    known = TABLES[table].columns
    return sum(cell.strip() in known or cell.strip() in _ALIASES for cell in cells)


def read_header(cells: Sequence[object], table: str, where: str) -> list[str | None]:
    """The column of each cell, None for one to pass over. PackUnreadable names all that is wrong with it."""
    known = TABLES[table]
    names = [str(cell).strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise PackUnreadable(_("It has no header."), _("The first row must name the columns."), where=where)
    if len(names) > COLUMNS_MAX:
        raise PackUnreadable(
            _("It has %(count)d columns; %(most)d is the most.") % {"count": len(names), "most": COLUMNS_MAX},
            _("Take out the columns that are not of the pack's format."),
            where=where,
        )
    faults: list[str] = []
    columns: list[str | None] = []
    seen: set[str] = set()
    for place, name in enumerate(names, start=1):
        column = _ALIASES.get(name, name)
        if name == PROBLEMS:
            columns.append(None)
            continue
        if not name:
            faults.append(_("column %(place)d has no name") % {"place": place})
        elif column not in known.columns:
            faults.append(_unknown(name, known))
        elif column in seen:
            faults.append(_("column “%(name)s” is there twice") % {"name": name})
        seen.add(column)
        columns.append(column)
    faults += [
        _("column “%(name)s” is missing") % {"name": name} for name in known.required if name not in seen
    ]
    if faults:
        raise PackUnreadable(
            _("The header does not fit: %(faults)s.") % {"faults": "; ".join(faults)},
            _("Correct the first row; the order of the columns is free."),
            where=where,
        )
    return columns


def _unknown(name: str, table: Table) -> str:
    shown = name if len(name) <= 60 else name[:59] + "…"
    near = get_close_matches(name[:100].casefold(), table.columns, n=1, cutoff=0.5)
    if near:
        return _("unknown column “%(name)s”, the nearest known one is “%(near)s”") % {
            "name": shown,
            "near": near[0],
        }
    return _("unknown column “%(name)s”") % {"name": shown}
