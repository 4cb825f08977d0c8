"""Which of the UBOs that the exchange names is which of ours: by evidence, never by position."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar
from uuid import UUID

from customers.models import Ubo
from exchange.client import CreatedUbo

One = TypeVar("One")


def match_ubos(held: Iterable[Ubo], named: Iterable[CreatedUbo]) -> dict[UUID, str]:
    """The uids of our UBOs, by our ids: those whose e-mail fits exactly one, else those whose name, birth
    date and ID number together fit exactly one. What is masked or missing fits nothing.
    """
    ours = list(held)
    theirs = [ubo for ubo in named if ubo.uid]
    found = _pairs(ours, theirs, _our_email, _their_email)
    left = [ubo for ubo in ours if ubo.pk not in found]
    used = set(found.values())
    rest = [ubo for ubo in theirs if ubo.uid not in used]
    return found | _pairs(left, rest, _our_person, _their_person)


def _pairs(
    ours: list[Ubo],
    theirs: list[CreatedUbo],
    our_key: Callable[[Ubo], Hashable],
    their_key: Callable[[CreatedUbo], Hashable],
) -> dict[UUID, str]:
    mine, named = _by(ours, our_key), _by(theirs, their_key)
    return {
        mine[key][0].pk: str(named[key][0].uid)
        for key in mine.keys() & named.keys()
        if len(mine[key]) == 1 and len(named[key]) == 1
    }


def _by(items: Iterable[One], key: Callable[[One], Hashable]) -> dict[Hashable, list[One]]:
    groups: dict[Hashable, list[One]] = defaultdict(list)
    for item in items:
        if (value := key(item)) is not None:
            groups[value].append(item)
    return groups


def _our_email(ubo: Ubo) -> Hashable:
    return ubo.email_key or None


def _their_email(ubo: CreatedUbo) -> Hashable:
    return ubo.email.strip().casefold() if ubo.email else None


def _our_person(ubo: Ubo) -> Hashable:
    return _person(ubo.first_name, ubo.last_name, ubo.dob.isoformat() if ubo.dob else "", ubo.id_number)


def _their_person(ubo: CreatedUbo) -> Hashable:
    return _person(ubo.first_name, ubo.last_name, (ubo.dob or "")[:10], ubo.id_number)


def _person(first: str | None, last: str | None, dob: str, number: str | None) -> Hashable:
    parts = [" ".join((part or "").split()).casefold() for part in (first, last, dob, number)]
    return tuple(parts) if all(parts) else None
