"""Data keys under a new version of the portal's keys, customers' and merchants': they are wrapped anew, and
nothing else.

Done while everything runs, and in any number of goes: what is under the newest version already is passed by.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from uuid import UUID

from customers.contention import gives_way
from customers.models import Customer, Merchant
from vault.data_keys import owner_of
from vault.envelope import CannotOpen, key_version, rewrap
from vault.keys import keyring

BATCH = 500
# Whose rows have a data key of their own.
HOLDERS: tuple[type[Customer | Merchant], ...] = (Customer, Merchant)
Wrapped = tuple[UUID, bytes]


def data_keys_by_version() -> Counter[int]:
    """How many data keys are wrapped under which version of PORTAL_KEYS; who was erased has none, nor has a
    merchant of whom nothing is noted."""
    return Counter(
        key_version(wrapped) for model in HOLDERS for batch in _batches(model) for _pk, wrapped in batch
    )


def rewrap_data_keys(note: Callable[[int], None]) -> tuple[int, list[UUID]]:
    """Wrap every data key under the newest version: how many were not, and whose do not open.

    `note` is told how many within the transaction of each batch. Whoever saves a whole record that they read
    before puts the old wrapping back: call it until it says 0.
    """
    done, shut = 0, list[UUID]()
    for model, batch in ((holder, batch) for holder in HOLDERS for batch in _batches(holder)):
        old = [(pk, wrapped) for pk, wrapped in batch if key_version(wrapped) != keyring().current]
        if old:
            now, closed = _rewrapped(model, old, note)
            done, shut = done + now, shut + closed
    return done, shut


@gives_way
def _rewrapped(
    model: type[Customer | Merchant], old: list[Wrapped], note: Callable[[int], None]
) -> tuple[int, list[UUID]]:
    done, shut = 0, list[UUID]()
    for pk, wrapped in old:
        try:
            anew = rewrap(wrapped, owner_of(model, pk))
        except CannotOpen:
            shut.append(pk)
            continue
        # Only where it is still what was read: a key that was destroyed meanwhile must not come back.
        done += model._default_manager.filter(pk=pk, wrapped_key=wrapped).update(wrapped_key=anew)
    if done:
        note(done)
    return done, shut


def _batches(model: type[Customer | Merchant]) -> Iterator[list[Wrapped]]:
    """All (id, wrapped key) that there are, by id; each batch is read when it is its turn."""
    rows = model._default_manager.exclude(wrapped_key=b"").order_by("pk").values_list("pk", "wrapped_key")
    last: UUID | None = None
    while True:
        after = rows if last is None else rows.filter(pk__gt=last)
        batch = [(pk, bytes(wrapped)) for pk, wrapped in after[:BATCH]]
        if not batch:
            return
        yield batch
        last = batch[-1][0]
