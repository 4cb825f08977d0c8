"""Do the signed heads hold together: with each other, with their keys, and with what was exported?"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from accounts.audit_rows import AuditHead
from accounts.sealing_heads import NO_HEAD, Head, UnreadableHead, read_head
from accounts.sealing_key import is_signed


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was sealed. `entry`, `position`, `head`: where, as far as that is known."""

    code: str
    entry: int | None = None
    position: int | None = None
    head: int | None = None


@dataclass(slots=True)
class CheckedHeads:
    """`heads`: all that say anything about the chain, by number; `lost`: those that a restore explains."""

    heads: list[Head] = field(default_factory=list)
    lost: list[Head] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def newest(self) -> Head | None:
        return self.heads[-1] if self.heads else None


def check_heads(
    rows: Sequence[AuditHead],
    exported: Iterable[Head],
    *,
    trusted: frozenset[str],
    unexported_since: datetime.datetime,
    restored_at: datetime.datetime | None = None,
) -> CheckedHeads:
    """`rows`: the table, by number. Heads signed after `unexported_since` may still be on their way out."""
    checked = CheckedHeads()
    held = _read(rows, checked)
    _check_chain(held, trusted, checked)
    _compare(held, list(exported), trusted, unexported_since, restored_at, checked)
    checked.heads.sort(key=lambda head: (head.number, head.position))
    return checked


def _read(rows: Sequence[AuditHead], checked: CheckedHeads) -> list[Head]:
    held = []
    for row in rows:
        try:
            head = read_head(row.payload, row.signature)
        except UnreadableHead:
            checked.findings.append(Finding("head_changed", head=row.number))
            continue
        if head.number != row.number:
            checked.findings.append(Finding("head_changed", head=row.number))
        held.append(head)
    return held


def _check_chain(held: Sequence[Head], trusted: frozenset[str], checked: CheckedHeads) -> None:
    """Numbers without a gap, each naming the one before, all signed by a key of ours.

    A key that PORTAL_KEYS no longer lists is trusted through the head after it, which names this one.
    """
    is_named = False
    for place in reversed(range(len(held))):
        head = held[place]
        before = held[place - 1] if place else None
        if before is None and head.number != 1:
            checked.findings.append(Finding("head_missing", head=1))
        elif before is not None and head.number != before.number + 1:
            checked.findings.append(Finding("head_missing", head=before.number + 1))
        elif head.previous != (before.digest if before else NO_HEAD):
            checked.findings.append(Finding("head_changed", head=before.number if before else head.number))
        is_ours = head.key in trusted or is_named
        if not is_signed(head.payload, head.signature, head.key):
            checked.findings.append(Finding("head_changed", head=head.number))
            is_ours = False
        elif not is_ours:
            checked.findings.append(Finding("head_of_another_key", head=head.number))
        is_named = is_ours and before is not None and head.previous == before.digest
        checked.heads.append(head)


def _compare(
    held: Sequence[Head],
    exported: Sequence[Head],
    trusted: frozenset[str],
    unexported_since: datetime.datetime,
    restored_at: datetime.datetime | None,
    checked: CheckedHeads,
) -> None:
    here, there = {head.digest for head in held}, {head.digest for head in exported}
    for head in exported:
        if head.digest in here:
            continue
        if not is_signed(head.payload, head.signature, head.key) or head.key not in trusted:
            checked.findings.append(Finding("export_changed", head=head.number))
        elif restored_at is not None and head.signed_at < restored_at:
            checked.lost.append(head)
        else:
            checked.findings.append(Finding("head_lost", position=head.position, head=head.number))
            checked.heads.append(head)
    last_out = max((head.number for head in held if head.digest in there), default=0)
    for head in held:
        if head.digest not in there and (head.number < last_out or head.signed_at < unexported_since):
            checked.findings.append(Finding("export_missing", position=head.position, head=head.number))
