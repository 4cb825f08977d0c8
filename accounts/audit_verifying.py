"""Is the audit trail as it was sealed? Streams over the chain and says what is not, and where.

Each link is checked against the one before it as that stands, so a fault shows at its own place and does not
make everything after it look wrong. Whoever rewrites the chain from a place on is found by the signed heads,
and whoever takes those away too by the heads that were exported.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.utils import timezone

from accounts.audit_rows import AuditHead, AuditLink
from accounts.audit_unlinked import unlinked_entries
from accounts.audit_verifying_heads import CheckedHeads, Finding, check_heads
from accounts.sealing_bytes import NO_HASH, Spelled, link_hash, spelled_entries
from accounts.sealing_heads import Head

# Links and their entries that are held at a time.
BATCH = 5_000
# Longer than any transaction and any difference of two hosts' clocks: an entry that came into the chain so
# long after a head that is younger than it was not there when that head was signed.
LATE = datetime.timedelta(hours=1)
# An entry that is not linked for so long was forgotten by the sealer, or put in behind its back; a head that
# was not exported for so long stays here.
WAITING = datetime.timedelta(minutes=15)


@dataclass(slots=True)
class Verified:
    """`waiting`: entries that are not linked yet, as is no fault. `lost`: heads that a restore explains."""

    links: int = 0
    heads: int = 0
    waiting: int = 0
    lost: int = 0
    newest: Head | None = None
    findings: list[Finding] = field(default_factory=list)


def verify(
    exported: Iterable[Head],
    *,
    trusted: frozenset[str],
    restored_at: datetime.datetime | None = None,
    tick: Callable[[int], None] = lambda links: None,
) -> Verified:
    """Check everything. `exported`: the heads as they were exported; `trusted`: the public keys that may
    sign.

    `restored_at`: that the database has lost heads which were signed before is the restore's doing. `tick` is
    called with the number of links after each batch.
    """
    now = timezone.now()
    rows = list(AuditHead.objects.order_by("number"))
    heads = check_heads(
        rows, exported, trusted=trusted, unexported_since=now - WAITING, restored_at=restored_at
    )
    walk = _Walk(heads)
    links = 0
    while batch := _links_after(walk.position):
        walk.check(batch)
        links += len(batch)
        tick(links)
    found = Verified(links, len(heads.heads), 0, len(heads.lost), heads.newest)
    found.findings = [*heads.findings, *walk.findings]
    for head in heads.heads:
        if head.position > walk.position:
            found.findings.append(Finding("chain_cut_off", position=walk.position, head=head.number))
    for entry in unlinked_entries(heads.newest):
        if entry.came_behind:
            found.findings.append(Finding("entry_inserted", entry.id))
        elif now - entry.at > WAITING:
            found.findings.append(Finding("entry_unsealed", entry.id))
        else:
            found.waiting += 1
    return found


# Position, entry, hash.
_Link = tuple[int, int, bytes]


def _links_after(position: int) -> list[_Link]:
    links = AuditLink.objects.filter(position__gt=position).order_by("position")
    return [(at, entry_id, bytes(held)) for at, entry_id, held in links.values_list()[:BATCH]]


class _Walk:
    """A walk along the chain: where it is, and what it found."""

    def __init__(self, heads: CheckedHeads) -> None:
        self.position = 0
        self.findings: list[Finding] = []
        self._before = NO_HASH
        # Where the last link is not what it should be: its finding's place, and the hash that it should have.
        self._doubt: tuple[int, bytes] | None = None
        self._heads_at: dict[int, list[Head]] = {}
        for head in heads.heads:
            self._heads_at.setdefault(head.position, []).append(head)
        by_position = sorted(heads.heads, key=lambda head: (head.position, head.signed_at))
        self._positions = [head.position for head in by_position]
        self._late_before = [f"{head.signed_at - LATE:%Y-%m-%d %H:%M:%S.%f}" for head in by_position]

    def check(self, links: list[_Link]) -> None:
        entries = spelled_entries([entry_id for _position, entry_id, _held in links])
        for link in links:
            position, entry_id, held = link
            self._check_hash(link, entries.get(entry_id))
            self.position, self._before = position, held
            for head in self._heads_at.get(position, ()):
                if head.hash != held.hex():
                    self.findings.append(Finding("chain_rewritten", None, position, head.number))

    def _check_hash(self, link: _Link, entry: Spelled | None) -> None:
        position, entry_id, held = link
        doubt, self._doubt = self._doubt, None
        is_after_gap = position != self.position + 1
        if is_after_gap:
            self.findings.append(Finding("link_missing", None, self.position + 1))
        if entry is None:
            self.findings.append(Finding("entry_missing", entry_id, position))
            return
        place = bisect_left(self._positions, position)
        if place and entry.at < self._late_before[place - 1]:
            self.findings.append(Finding("entry_late", entry_id, position))
        if is_after_gap:
            return
        computed = link_hash(self._before, position, entry.content)
        if computed == held:
            return
        if doubt is not None and link_hash(doubt[1], position, entry.content) == held:
            # It goes on from what the link before should have been: that one alone was changed.
            before = self.findings[doubt[0]]
            self.findings[doubt[0]] = Finding("link_changed", before.entry, before.position)
            return
        self._doubt = len(self.findings), computed
        self.findings.append(Finding("entry_changed", entry_id, position))
