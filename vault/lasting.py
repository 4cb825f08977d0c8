"""Keys that stay the same for as long as the portal lives, whichever versions of PORTAL_KEYS come and go.

What can't be computed anew hangs on them: the tokens that the exchange holds, digests of what was submitted
or accepted, pseudonyms in the audit trail. Before a first rotation they are derived from the lowest version.
A rotation keeps them as rows, sealed under the newest version, and each later one seals them anew. Only what
was derived is kept: whoever has it opens no data key of the version that it came from, so that backups of
before end with that version.

A process reads the rows once. One that found none goes on deriving from the lowest version that it was given,
and that comes to the same: no start is let in with another lowest version while there are no rows
(`portal.known_keys`), and the rows that appear later hold what is derived from it.
"""

from __future__ import annotations

from collections import Counter

from vault.envelope import CannotOpen
from vault.keys import derived, key_for, keyring
from vault.models import LastingKey
from vault.sealing import key_version, open_text, seal_text

# What every purpose that is not named below is derived from.
ROOT = "lasting"
# Derived from the lowest version itself, as the exchange and the records have it since before the root was.
FROM_BEFORE = frozenset(
    {
        "token",
        *(
            f"digest/{kind}"
            for kind in (
                "api-key", "content", "fingerprint", "request", "submission", "warning", "warning-key",
                "audit/contact_email", "audit/contact_name", "audit/contact_phone", "audit/email",
                "audit/notes", "audit/settings",
            )
        ),
        *(
            f"index/{kind}"
            for kind in (
                "sign-in/account", "sign-in/address",
                "tries/account", "tries/address", "tries/device", "tries/step_up",
            )
        ),
    }
)  # fmt: skip
_SEALING = "lasting"

# By purpose; empty where the database has none, None where it was not asked yet.
_kept: dict[str, bytes] | None = None


def lasting_key(purpose: str) -> bytes:
    """32 bytes for one purpose, the same for ever. CannotOpen where PORTAL_KEYS lack the version they are
    under."""
    if purpose in FROM_BEFORE:
        return _kept_or_first(purpose)
    return derived(_kept_or_first(ROOT), purpose)


def lasting_keys_by_version() -> Counter[int]:
    """How many are sealed under which version of PORTAL_KEYS; none before a rotation."""
    return Counter(key_version(sealed) for sealed in LastingKey.objects.values_list("sealed", flat=True))


def seal_lasting_keys() -> int:
    """Keep them under the newest version: how many were not. In the caller's transaction; CannotOpen.

    Where there are none yet, today's are kept. Two that do so at once keep the same.
    """
    held = list(LastingKey.objects.select_for_update())
    if not held:
        today = {purpose: key_for(purpose, keyring().oldest) for purpose in (*FROM_BEFORE, ROOT)}
        rows = [LastingKey(purpose=purpose, sealed=_seal(purpose, key)) for purpose, key in today.items()]
        return len(LastingKey.objects.bulk_create(rows, ignore_conflicts=True))
    older = [row for row in held if key_version(row.sealed) != keyring().current]
    for row in older:
        row.sealed = _seal(row.purpose, _open(row.purpose, row.sealed))
    LastingKey.objects.bulk_update(older, ["sealed"])
    return len(older)


def _kept_or_first(purpose: str) -> bytes:
    global _kept
    kept = _kept
    if kept is None:
        rows = LastingKey.objects.values_list("purpose", "sealed")
        kept = _kept = {purpose: _open(purpose, sealed) for purpose, sealed in rows}
    if not kept:
        return key_for(purpose, keyring().oldest)
    if purpose not in kept:
        # Another one in its stead would answer every question with no.
        raise CannotOpen(f"the lasting key of “{purpose}” is gone from the database")
    return kept[purpose]


def _seal(purpose: str, key: bytes) -> str:
    return seal_text(_SEALING, purpose, key.hex())


def _open(purpose: str, sealed: str) -> bytes:
    return bytes.fromhex(open_text(_SEALING, purpose, sealed))
