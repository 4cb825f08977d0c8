"""The sealer: takes the entries that are not in the chain yet, in their order, and links them.

Writers wait for nothing: an entry is a row like any other, and its link is written afterwards, by one sealer
at a time. Until then an entry proves nothing (docs/security.md), so it runs every few seconds.

Which entries are new is asked by what only the database knows. SQLite has one writer, so ids come in the
order of commits: new is what has a higher id than the last link's. On PostgreSQL a lower id may be committed
later: each row carries its transaction's number, and what was written before the oldest transaction that was
open at the last run is linked already.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from accounts.audit_rows import AuditLink, AuditSeal
from accounts.sealing_bytes import NO_HASH, link_hash, spelled_entries
from accounts.sealing_heads import add_head, export_heads, export_public_key, last_head
from vault.bulk import write_rows

# Entries linked in one transaction: SQLite's other writers wait for it.
BATCH = 2_000
# While entries come in, a head is signed so often; it is what they are proved by.
HEAD_SECONDS = 60.0
# And so often where none come in: it shows that the sealer lives, and that nothing was added.
IDLE_HEAD_SECONDS = 3600.0

_UNLINKED = "NOT EXISTS (SELECT 1 FROM accounts_auditlink l WHERE l.entry_id = e.id)"


@dataclass(frozen=True, slots=True)
class Sealed:
    """`entries`: linked by this run; `head`: the number of the head that it signed; `exported`: how many."""

    entries: int = 0
    head: int | None = None
    exported: int = 0


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits. `oldest`: the time of the oldest entry that is not linked."""

    oldest: datetime.datetime | None
    heads_to_export: int

    def seconds(self, now: datetime.datetime) -> float:
        return max(0.0, (now - self.oldest).total_seconds()) if self.oldest else 0.0


def seal(*, signs: bool = False) -> Sealed:
    """Link what is new, sign a head if one is due (`signs`: whenever anything was linked since the last),
    export.

    Where another process seals at the moment, it does nothing. Raises what the storage raises when a head
    can't be exported: the chain stands then, and the next run exports.
    """
    AuditSeal.objects.get_or_create(pk=1)
    entries, head = 0, None
    if _is_anything_due(signs):
        entries, head = _link(signs)
    if head is not None:
        export_public_key()
    return Sealed(entries, head, export_heads())


def backlog() -> Backlog:
    """What the sealer has not done yet; two queries."""
    state = AuditSeal.objects.filter(pk=1).first() or AuditSeal()
    where, params = _new_since(state)
    # As text: an aggregate has no type on SQLite.
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (SELECT CAST(min(e.at) AS TEXT) FROM accounts_audit e WHERE {where}), "  # noqa: S608
            "(SELECT max(number) FROM accounts_audithead)",
            params,
        )
        oldest, newest = cursor.fetchone()
    at = datetime.datetime.fromisoformat(oldest) if oldest else None
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=datetime.UTC)
    return Backlog(at, max(0, (newest or 0) - state.exported))


def _is_anything_due(signs: bool) -> bool:
    """Looked up outside any transaction: an idle run takes no lock."""
    state = AuditSeal.objects.get(pk=1)
    if _unlinked_ids(state, limit=1):
        return True
    link = AuditLink.objects.order_by("-position").first()
    return link is not None and _is_head_due(link, signs, timezone.now())


def _is_head_due(link: AuditLink, signs: bool, now: datetime.datetime) -> bool:
    head = last_head()
    if head is None:
        return True
    age = (now - head.signed_at).total_seconds()
    if link.position > head.position:
        return signs or age >= HEAD_SECONDS
    return age >= IDLE_HEAD_SECONDS


def _link(signs: bool) -> tuple[int, int | None]:
    """Link in batches, each in a transaction; how many, and the number of the head where one was signed."""
    count, ids, horizon, position = 0, None, 0, -1
    head: int | None = None
    while True:
        with transaction.atomic():
            # Whoever holds it seals; on SQLite the transaction itself is the lock.
            state = _locked()
            if state is None:
                return count, None
            last = AuditLink.objects.order_by("-position").first() or AuditLink(position=0, hash=NO_HASH)
            if ids is None or last.position != position:
                # Somebody else sealed between two batches of ours, or this is the first.
                horizon = _open_horizon()
                if horizon < state.open_txid:
                    state.open_txid, state.settled_id = 0, 0
                ids = _unlinked_ids(state)
                if connection.vendor == "postgresql" and not state.open_txid:
                    state.settled_id = _restored_up_to()
            batch, ids = ids[:BATCH], ids[BATCH:]
            last = _append(last, batch)
            count, position = count + len(batch), last.position
            now = timezone.now()
            if not ids:
                state.open_txid = max(state.open_txid, horizon)
                is_due = last.position and _is_head_due(last, signs, now)
                head = add_head(last, state, now).number if is_due else None
            state.sealed_at = now
            state.save(update_fields=["open_txid", "settled_id", "sealed_at"])
            if not ids:
                return count, head


def _locked() -> AuditSeal | None:
    states = AuditSeal.objects.filter(pk=1)
    if connection.vendor == "postgresql":
        states = states.select_for_update(skip_locked=True)
    return states.first()


def _append(last: AuditLink, ids: list[int]) -> AuditLink:
    """Link these entries behind `last`; the last link then."""
    entries = spelled_entries(ids) if ids else {}
    links = []
    for entry_id in ids:
        position = last.position + 1
        hashed = link_hash(bytes(last.hash), position, entries[entry_id].content)
        last = AuditLink(position=position, entry_id=entry_id, hash=hashed)
        links.append(last)
    write_rows(AuditLink, links)
    return last


def _unlinked_ids(state: AuditSeal, limit: int | None = None) -> list[int]:
    """The entries that are in no link, in their order."""
    where, params = _new_since(state)
    bound = f" LIMIT {int(limit)}" if limit else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT e.id FROM accounts_audit e WHERE {where}{bound}", params)  # noqa: S608
        return sorted(row[0] for row in cursor.fetchall())


def _new_since(state: AuditSeal) -> tuple[str, list[int]]:
    """The condition of what is not linked, for `accounts_audit e`."""
    if connection.vendor == "postgresql":
        return f"e.txid >= %s AND e.id > %s AND {_UNLINKED}", [state.open_txid, state.settled_id]
    return "e.id > COALESCE((SELECT max(entry_id) FROM accounts_auditlink), 0)", []


def _open_horizon() -> int:
    """The number of the oldest transaction that may still write. Asked before the entries are."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def _restored_up_to() -> int:
    """The last entry that another cluster wrote, before a restore into this one, which counts anew: no
    transaction of this one has the number it carries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(max(id), 0) FROM accounts_audit "
            "WHERE txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        )
        return int(cursor.fetchone()[0])
