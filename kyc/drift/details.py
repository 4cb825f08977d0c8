"""A customer here against its details at the exchange: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from exchange.client import CreatedUbo as ExchangeUbo
from exchange.client import Customer as ExchangeCustomer
from kyc.reconciliation.matching import may_stand_for

_PERSON = ("first_name", "last_name", "dob")


@dataclass(frozen=True, slots=True)
class Owner:
    """A UBO here; `dob` as YYYY-MM-DD."""

    uid: str = ""
    email: str = field(default="", repr=False)
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    dob: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Particulars:
    """What we hold of a customer, as far as the exchange's details repeat it. "" where we hold nothing."""

    entity_type: str
    email: str = field(default="", repr=False)
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    dob: str = field(default="", repr=False)
    phone_number: str = field(default="", repr=False)
    company_name: str = field(default="", repr=False)
    registration_number: str = field(default="", repr=False)
    owners: tuple[Owner, ...] = field(default=(), repr=False)


def differing_details(ours: Particulars, there: ExchangeCustomer) -> tuple[str, ...]:
    """The names of the fields in which the details contradict ours, each once.

    What is missing there or unknown here contradicts nothing; a mask stands for whatever fits it; phones go
    by their digits, since the original stack drops the +.
    """
    return tuple(dict.fromkeys(_differing(ours, there)))


def _differing(ours: Particulars, there: ExchangeCustomer) -> Iterator[str]:
    if there.entity_type and there.entity_type.strip().lower() != ours.entity_type:
        yield "entity_type"
        return
    if _contradicts(ours.email, there.email):
        yield "email"
    if ours.entity_type == "business":
        profile = there.business_profile
        if _contradicts(ours.company_name, profile.get("company_name") or profile.get("legal_name")):
            yield "company_name"
        if _contradicts(ours.registration_number, profile.get("registration_number")):
            yield "registration_number"
        yield from _owners(ours.owners, there.ubos)
        return
    for name in _PERSON:
        if _contradicts(getattr(ours, name), _plain(name, there.profile)):
            yield name
    if _contradicts(_digits(ours.phone_number), _digits(there.phone.get("number"))):
        yield "phone_number"


def _owners(ours: Sequence[Owner], there: Sequence[ExchangeUbo]) -> Iterator[str]:
    """Owners go by uid, else by e-mail. A side without any says nothing about them: a record that was taken
    in has none."""
    if not there or not ours:
        return
    left = list(there)
    for owner in ours:
        found = next((ubo for ubo in left if owner.uid and ubo.uid == owner.uid), None)
        if found is None:
            found = next((ubo for ubo in left if ubo.email and _is_same(owner.email, ubo.email)), None)
        if found is None:
            # One without uid and e-mail may be anybody.
            if all(ubo.email for ubo in left):
                yield "ubos.email"
            continue
        left.remove(found)
        if found.uid and found.uid != owner.uid:
            yield "ubos.uid"
        if _contradicts(owner.email, found.email):
            yield "ubos.email"
        for name in _PERSON:
            if _contradicts(getattr(owner, name), _plain(name, found.raw)):
                yield f"ubos.{name}"
    if len(there) > len(ours):
        yield "ubos"


def _plain(name: str, values: Mapping) -> object:
    value = values.get(name)
    return value[:10] if name == "dob" and isinstance(value, str) else value


def _digits(value: object) -> str:
    """A phone number's digits and masks, without the +, spaces and dashes."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return "".join(character for character in text if character.isdigit() or character == "*")


def _contradicts(ours: str, theirs: object) -> bool:
    return bool(ours and isinstance(theirs, str) and theirs.strip() and not _is_same(ours, theirs))


def _is_same(ours: str, theirs: str) -> bool:
    return may_stand_for(ours, theirs)
