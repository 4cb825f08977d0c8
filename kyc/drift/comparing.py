"""A customer here against its row in the exchange's list, and what a row is that nobody here has: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from customers.choices import Stage
from exchange.client import CustomerRow
from kyc.drift.choices import Code
from kyc.reconciliation.matching import may_stand_for, references_in, token_form_in, tokens_in
from kyc.verdicts import stage_said

# As the create cuts it, so that there is room for the token.
NAME_CHARACTERS = 80
_VERDICTS = (Stage.VERIFIED, Stage.REJECTED)


@dataclass(frozen=True, slots=True)
class Held:
    """A customer here that has a uid. `is_named`: the exchange was told its reference, and answered."""

    customer_id: UUID
    uid: str
    merchant_uid: str
    reference: str
    token: str
    entity_type: str
    stage: str
    exchange_state: str
    kyc_status: str
    display_name: str = field(default="", repr=False)
    is_found_there: bool = False
    is_named: bool = True


@dataclass(frozen=True, slots=True)
class Marked:
    """A customer here to which a token or a reference belongs. `is_under_way`: its create is not settled."""

    uid: str | None
    reference: str
    customer_id: UUID
    is_under_way: bool = False


def differing_fields(held: Held, row: CustomerRow, *, lists_custom_ids: bool) -> tuple[str, ...]:
    """The names of the row's fields that contradict what we hold; missing and masked values don't.

    `lists_custom_ids`: the list shows custom_id at all, so that an empty one says something.
    """
    return tuple(_differing(held, row, lists_custom_ids))


def _differing(held: Held, row: CustomerRow, lists_custom_ids: bool) -> Iterator[str]:
    if row.entity_type and row.entity_type.strip().lower() != held.entity_type:
        yield "entity_type"
    if row.account_name and not any(may_stand_for(name, row.account_name) for name in _names(held)):
        yield "account_name"
    if held.is_named:
        if row.custom_id:
            if not may_stand_for(held.reference, row.custom_id):
                yield "custom_id"
        elif lists_custom_ids and not held.is_found_there:
            yield "custom_id"
    if _says_otherwise(row.state, held.exchange_state):
        yield "state"
    if _says_otherwise(row.kyc_status, held.kyc_status) or _verdict_differs(held, row):
        yield "kyc_status"


def _names(held: Held) -> tuple[str, ...]:
    """The forms in which the account may carry its name; the setting may have changed since."""
    if held.is_found_there:
        return (held.display_name, held.reference)
    return (f"{held.display_name[:NAME_CHARACTERS]} [{held.token}]", held.reference)


def _says_otherwise(theirs: str | None, ours: str) -> bool:
    return bool(theirs and ours and theirs.strip().casefold() != ours.strip().casefold())


def _verdict_differs(held: Held, row: CustomerRow) -> bool:
    """Whether the row's words mean another verdict than the stage here; a person's is never in `state`."""
    if not row.kyc_status and (held.entity_type != "business" or not row.state):
        return False
    said = stage_said(held.entity_type, row.state or "", row.kyc_status or "")
    return said != held.stage if said is not None else held.stage in _VERDICTS


def code_of_stranger(
    row: CustomerRow, by_token: Mapping[str, Marked], by_reference: Mapping[str, Marked]
) -> tuple[Code | None, Marked | None]:
    """What a row is whose uid nobody here has, and whose it is. (None, …): its create is under way.

    A token is proof; a reference counts where no token says otherwise.
    """
    marked = next((by_token[token] for token in tokens_in(row) if token in by_token), None)
    if marked is None and token_form_in(row):
        return Code.UNKNOWN_TOKEN, None
    if marked is None:
        marked = next((by_reference[name] for name in references_in(row) if name in by_reference), None)
    if marked is None:
        return Code.STRANGER, None
    if marked.uid:
        return Code.EXTRA_COPY, marked
    return (None if marked.is_under_way else Code.NOT_BOUND), marked
