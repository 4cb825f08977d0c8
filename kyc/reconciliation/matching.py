"""Which rows at the exchange are ours, and whether what stands there contradicts what we sent: pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from exchange.client import Customer as ExchangeCustomer
from exchange.client import CustomerRow
from vault.tokens import TOKEN_CHARACTERS

# As vault.tokens makes it: base32, whatever stands round it.
_TOKEN = re.compile(rf"(?<![A-Z2-7])[A-Z2-7]{{{TOKEN_CHARACTERS}}}(?![A-Z2-7])")
# The form in which it is written behind a name: only that is taken for a token nobody here knows.
_TOKEN_FORM = re.compile(rf"\[([A-Z2-7]{{{TOKEN_CHARACTERS}}})\]")
_MASK = re.compile(r"\*+")
# Of a masked value: one letter of a name is a twentieth of everybody's.
LEAST_READABLE = 3
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Mark:
    """What makes a customer of ours recognisable at the exchange."""

    token: str
    reference: str


@dataclass(frozen=True, slots=True)
class Told:
    """What we told the exchange of a customer, as far as its details repeat it."""

    entity_type: str
    email: str = field(default="", repr=False)
    company_name: str = field(default="", repr=False)
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    dob: str = field(default="", repr=False)
    registration_number: str = field(default="", repr=False)


def tokens_in(row: CustomerRow) -> set[str]:
    """Everything in the row that may be a token, in capitals."""
    texts = (row.account_name, row.custom_id)
    return {token for text in texts if text for token in _TOKEN.findall(text.upper())}


def token_form_in(row: CustomerRow) -> str | None:
    """The token that the account's name carries in our form, behind the name; None where it has none."""
    found = _TOKEN_FORM.findall(row.account_name or "")
    return found[-1] if found else None


def references_in(row: CustomerRow) -> set[str]:
    """What may be a reference of ours: `custom_id`, and a name that is nothing else."""
    return {text.strip() for text in (row.custom_id, row.account_name) if text and text.strip()}


def carries(row: CustomerRow, mark: Mark) -> bool:
    return mark.token in tokens_in(row) or mark.reference in references_in(row)


def find_marked(rows: Iterable[CustomerRow], marks: Iterable[Mark]) -> dict[Mark, list[CustomerRow]]:
    """The rows that carry each mark's token or reference, the oldest first. Reads every row once."""
    by_token: dict[str, Mark] = {}
    by_reference: dict[str, Mark] = {}
    for mark in marks:
        by_token[mark.token], by_reference[mark.reference] = mark, mark
    found: dict[Mark, list[CustomerRow]] = {}
    for row in rows:
        mine = {by_token[token] for token in tokens_in(row) if token in by_token}
        # A token is proof; a reference counts where no token says otherwise.
        mine = mine or {by_reference[name] for name in references_in(row) if name in by_reference}
        if len(mine) == 1:
            found.setdefault(mine.pop(), []).append(row)
    for matched in found.values():
        matched.sort(key=lambda row: (row.created_at or _LATEST, row.uid))
    return found


def evidence_of(row: CustomerRow, mark: Mark) -> str:
    return "token" if mark.token in tokens_in(row) else "reference"


def contradictions(told: Told, there: ExchangeCustomer, *, by_reference: bool = False) -> Iterator[str]:
    """The fields in which the account's details contradict what we told; missing and masked ones don't.

    `by_reference`: only our reference says that it is ours, so e-mail and company name must not differ
    either. Where the token does, the exchange may have corrected them.
    """
    if there.entity_type and there.entity_type.strip().lower() != told.entity_type:
        yield "entity_type"
        return
    shown: Mapping[str, object] = there.profile
    if told.entity_type == "business":
        shown = there.business_profile
    values = {name: shown.get(name) for name in ("first_name", "last_name", "dob", "registration_number")}
    if by_reference:
        values |= {"email": there.email, "company_name": _company_name(shown)}
    for name, theirs in values.items():
        ours = getattr(told, name)
        if ours and isinstance(theirs, str) and theirs.strip():
            theirs = theirs[:10] if name == "dob" else theirs
            if not may_stand_for(ours, theirs):
                yield name


def borne_out(told: Told, there: ExchangeCustomer) -> Iterator[str]:
    """The fields by which the account's details show that it is whom we told of: the e-mail, a person's whole
    name, or first name and birth date where the last name is masked; a company's name or registration number.
    They may be masked; of which a mask leaves less than three characters shows nothing.

    Needed where no token is: a reference is the operator's, and another system may count the same way.
    """
    if _shows(told.email, there.email):
        yield "email"
    if told.entity_type == "business":
        profile = there.business_profile
        if _shows(told.company_name, _company_name(profile)):
            yield "company_name"
        if _shows(told.registration_number, profile.get("registration_number")):
            yield "registration_number"
        return
    profile = there.profile
    if _shows(told.first_name, profile.get("first_name")):
        last_name, dob = profile.get("last_name"), profile.get("dob")
        if _shows(told.last_name, last_name):
            yield "name"
        elif (
            _shows(told.last_name, last_name, least=1) and isinstance(dob, str) and _shows(told.dob, dob[:10])
        ):
            yield "dob"


def _company_name(profile: Mapping[str, object]) -> object:
    return profile.get("company_name") or profile.get("legal_name")


def _shows(ours: str, theirs: object, least: int = LEAST_READABLE) -> bool:
    """Whether `theirs` is ours, whole or with at least so many letters and digits that can be read."""
    if not ours or not isinstance(theirs, str):
        return False
    # A domain alone is many people's.
    part = theirs.partition("@")[0].strip()
    readable = sum(character.isalnum() for character in part)
    return readable >= (least if "*" in part else 1) and may_stand_for(ours, theirs)


def may_stand_for(ours: str, theirs: str) -> bool:
    """Whether `theirs`, which may be masked, can stand for `ours`."""
    pattern = ".*".join(re.escape(part) for part in _MASK.split(_folded(theirs)))
    return re.fullmatch(pattern, _folded(ours)) is not None


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()
