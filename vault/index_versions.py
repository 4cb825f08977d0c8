"""Under which version of PORTAL_KEYS keyed indexes are written and looked for.

Each row says by its `index_version` under which version its indexes are; without one, under the version that
was the lowest before the first rotation. Why no duplicate is missed while they are made anew, and no row is
left:

1. Look-ups ask under every version that PORTAL_KEYS list. Whatever a row's version is, it is found: a version
   is only taken out of PORTAL_KEYS when no row is under it, which every start checks (`portal.known_keys`).
2. Whoever writes indexes asks `writing()` in the transaction that writes, and so holds a lock until its end
   which `write_under_newest` waits for. After that has committed, whoever wrote under an older version has
   committed as well, and whoever asks from then on is told the newest: it stays so, since the version only
   rises. A process that was not given that version is refused.
3. So rows under older versions only become fewer from then on. The rotation walks through all of them once,
   and none comes after it. It changes a row only where its version still is the one that was read: whoever
   changed the row meanwhile has written under the newest.

On SQLite a transaction that writes is alone, which is the lock.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from vault.keys import keyring
from vault.models import IndexKey

_TABLE = IndexKey._meta.db_table


class OlderKeys(Exception):
    """This process was not given the version of PORTAL_KEYS that is written under by now."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"Indexes are written under version {version} of PORTAL_KEYS, which this process was not given. "
            "Give every host the same PORTAL_KEYS and start everything anew."
        )


class Writing(NamedTuple):
    """`version`: what indexes are computed under; `mark`: what the row says of it, None before a rotation."""

    version: int
    mark: int | None


def writing() -> Writing:
    """Under which version this transaction writes indexes; it stays so until it ends. OlderKeys."""
    assert connection.in_atomic_block, "asked in the transaction that writes the indexes"
    # FOR SHARE locks the table against the switch even where it has no row yet.
    share = " FOR SHARE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT newest FROM {_TABLE}{share}")  # noqa: S608 - the model's own table
        row = cursor.fetchone()
    if row is None:
        return Writing(keyring().oldest, None)
    if row[0] not in dict(keyring().versions):
        raise OlderKeys(row[0])
    return Writing(row[0], row[0])


def write_under_newest() -> bool:
    """From this transaction's commit on indexes are written under the newest version; False where they are.

    Waits for everybody who is writing under an older one. OlderKeys.
    """
    assert connection.in_atomic_block, "the lock is held until the commit"
    ring = keyring()
    if newest_written() == ring.current:
        return False
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Against FOR SHARE alone: a backup that reads goes on.
            cursor.execute(f"LOCK TABLE {_TABLE} IN EXCLUSIVE MODE")
    held = IndexKey.objects.first()
    if held is None:
        IndexKey.objects.create(first=ring.oldest, newest=ring.current)
    elif held.newest > ring.current:
        raise OlderKeys(held.newest)
    else:
        IndexKey.objects.update(newest=ring.current)
    return True


def newest_written() -> int | None:
    """The version under which indexes are written; None before a first rotation, when it is the lowest."""
    return IndexKey.objects.values_list("newest", flat=True).first()


def first_written() -> int:
    """The version of rows that name none."""
    first = IndexKey.objects.values_list("first", flat=True).first()
    return keyring().oldest if first is None else first
