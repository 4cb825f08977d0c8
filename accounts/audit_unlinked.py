"""Entries that stand in no link of the chain: new ones, and such as were put in behind it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import connection

from accounts.sealing_heads import Head

# More are not told one by one.
TOLD_MAX = 10_000

_UNLINKED = (
    "FROM accounts_audit e LEFT JOIN accounts_auditlink l ON l.entry_id = e.id WHERE l.entry_id IS NULL "
    f"ORDER BY e.id LIMIT {TOLD_MAX}"
)


@dataclass(frozen=True, slots=True)
class Unlinked:
    """`came_behind`: the sealer has linked everything up to its place, so it was not there then."""

    id: int
    at: datetime.datetime
    came_behind: bool


def unlinked_entries(newest: Head | None) -> list[Unlinked]:
    """The first of them, by id. `newest`: the last head, which says up to where all was linked."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Since a restore into a cluster that counts anew, transactions' numbers say nothing about before.
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            counts_on = newest is not None and cursor.fetchone()[0] >= newest.open_txid
            open_txid = newest.open_txid if newest and counts_on else 0
            settled_id = newest.settled_id if newest else 0
            cursor.execute(
                f"SELECT e.id, e.at, (e.txid < %s OR e.id <= %s) {_UNLINKED}",
                [open_txid, settled_id],
            )
            return [Unlinked(*row) for row in cursor.fetchall()]
        cursor.execute("SELECT COALESCE(max(entry_id), 0) FROM accounts_auditlink")
        last = cursor.fetchone()[0]
        cursor.execute(f"SELECT e.id, CAST(e.at AS TEXT) {_UNLINKED}")
        return [
            Unlinked(pk, datetime.datetime.fromisoformat(at).replace(tzinfo=datetime.UTC), pk <= last)
            for pk, at in cursor.fetchall()
        ]
