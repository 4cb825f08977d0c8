"""What hangs on which version of PORTAL_KEYS, and how all of it gets under the newest one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from accounts.audit import record
from accounts.models import User
from accounts.sign_in.second_factor import reseal_secrets, secrets_by_key
from customers.contention import gives_way
from customers.reindexing import people_by_version, reindex_people
from customers.rewrapping import data_keys_by_version, rewrap_data_keys
from kyc.reindexing import documents_by_version, reindex_documents
from vault.index_versions import newest_written, write_under_newest
from vault.keys import keyring
from vault.lasting import lasting_keys_by_version, seal_lasting_keys

ACTION = "keys.rotate"
# Somebody who works on a record all the time may put an old wrapping back; not for ever.
MOST_PASSES = 20


class Held(NamedTuple):
    """`by_version`: how many of `what` are under which version."""

    what: str
    by_version: Counter[int]


@dataclass
class Rotated:
    """`done`: how many of what were brought under the newest version; `shut`: ids of what does not open."""

    done: Counter[str] = field(default_factory=Counter)
    shut: list[UUID] = field(default_factory=list)

    def take(self, what: str, result: tuple[int, list[UUID]]) -> int:
        done, shut = result
        self.done[what] += done
        self.shut += [pk for pk in shut if pk not in self.shut]
        return done


def everything_held() -> list[Held]:
    """All that hangs on a version of PORTAL_KEYS; sessions end with it, and signed heads outlive it."""
    return [
        Held("customers' and merchants' data keys", data_keys_by_version()),
        Held("second factors' secrets", secrets_by_key()),
        Held("lasting keys", lasting_keys_by_version()),
        Held("people's look-up indexes", people_by_version()),
        Held("documents' look-up indexes", documents_by_version()),
    ]


def versions_in_use() -> set[int]:
    """The versions that PORTAL_KEYS must list."""
    used = {version for held in everything_held() for version, count in held.by_version.items() if count}
    return used | {newest_written() or keyring().oldest}


def rotate(actor: User) -> Rotated:
    """Bring everything under the newest version, while everything runs. May be stopped and begun again.

    Afterwards nobody writes under an older version any more; who has not the newest is refused.
    CannotOpen where a lasting key does not open, OlderKeys where others have gone on to a newer version.
    """
    rotated = Rotated()
    # A new installation has nothing to rotate to, and keeps no rows for it.
    if len(keyring().versions) > 1:
        rotated.done["lasting_keys"] = _begin(actor)
    for _ in range(MOST_PASSES):
        if not rotated.take("data_keys", rewrap_data_keys(_noting(actor, "data_keys"))):
            break
    rotated.take("secrets", reseal_secrets(_noting(actor, "secrets")))
    rotated.take("people", reindex_people(_noting(actor, "people")))
    rotated.take("documents", reindex_documents(_noting(actor, "documents")))
    return rotated


@gives_way
def _begin(actor: User) -> int:
    """From here on everybody writes under the newest version; how many lasting keys were sealed under it.

    In one transaction: a lowest version whose keys are kept, and under which indexes are that do not name it,
    would be taken for one that nothing needs.
    """
    is_begun = write_under_newest()
    sealed = seal_lasting_keys()
    if sealed or is_begun:
        _noting(actor, "lasting_keys")(sealed)
    return sealed


def _noting(actor: User, what: str) -> Callable[[int], None]:
    """What writes the entry of one batch, in its transaction: a run that is killed has told what it did."""

    def note(count: int) -> None:
        record(
            actor=actor,
            action=ACTION,
            subject_type="keys",
            subject_id=None,
            details={"version": keyring().current, what: count},
        )

    return note
