"""Are PORTAL_KEYS the keys with which this database was written? Asked at every start.

With other keys no record could be read, lookups would find nobody, and what is written meanwhile could not be
read with the right ones: so nothing is begun.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from django.db import DatabaseError, connection, transaction

from customers.models import Customer, vault_owner
from portal.database import NotReady
from portal.models import KeyFingerprint
from vault.envelope import CannotOpen, unwrap
from vault.indexes import keyed_digest
from vault.keys import key_for, keyring

LASTING = "lasting"
REMEDY = (
    "Give PORTAL_KEYS (or PORTAL_KEYS_FILE, or var/portal-keys) the keys that this database was written "
    "with, or name their own database by DATABASE_URL. Nothing was changed. See docs/operations.md, “Keys”."
)


def ensure_known_keys() -> None:
    """Raise NotReady where the keys are not this database's; note those that are new to it.

    A database that was never started with any takes the first, unless it holds records that they don't open.
    """
    found = list(problems())
    if found:
        raise NotReady(f"{' '.join(found)} {REMEDY}")
    known, given = _known(), _given()
    # Taken away, and nothing is sealed under them: else it would have been a problem.
    KeyFingerprint.objects.filter(name__in=known.keys() - given.keys()).delete()
    new = [KeyFingerprint(name=name, fingerprint=given[name]) for name in given.keys() - known.keys()]
    if new:
        with transaction.atomic():
            KeyFingerprint.objects.bulk_create(new, ignore_conflicts=True)
        # Two that start at once with different keys: one of them was first.
        ensure_known_keys()


def end_with_other_keys() -> None:
    """End this process (exit 3, with the reason) where the keys are not the database's.

    A database that can't be asked is no reason to end: web and Celery outlive its absence. Leaves no
    connection open, since the process may fork.
    """
    try:
        ensure_known_keys()
    except NotReady as error:
        sys.stderr.write(f"{error}\n")
        # What commands end with, and what gunicorn takes for "don't try again".
        sys.exit(3)
    except DatabaseError:
        return
    finally:
        connection.close()


def problems() -> Iterator[str]:
    """What is wrong with the keys for this database, in sentences that name versions and never a key."""
    given, known = _given(), _known()
    for name in sorted(known.keys() & given.keys()):
        if known[name] == given[name]:
            continue
        if name == LASTING:
            yield "PORTAL_KEYS do not give the key that this database's digests and tokens were made with."
        else:
            yield f"Version {name} of PORTAL_KEYS is another key than this database was written with."
    gone = known.keys() - given.keys()
    if LASTING in gone:
        yield "PORTAL_KEYS do not open the key that this database's digests and tokens are made with."
    used = _versions_in_use() if gone - {LASTING} else set()
    for name in sorted(gone - {LASTING}):
        if int(name) in used:
            yield f"PORTAL_KEYS lack version {name}, under which records of this database are sealed."
    if not known and not _opens_what_is_held():
        yield "PORTAL_KEYS do not open the records of this database."


def _given() -> dict[str, str]:
    found = {str(version): key_for("fingerprint", version).hex() for version, _key in keyring().versions}
    try:
        return found | {LASTING: keyed_digest("fingerprint", b"")}
    except CannotOpen:
        return found


def _known() -> dict[str, str]:
    return dict(KeyFingerprint.objects.values_list("name", "fingerprint"))


def _versions_in_use() -> set[int]:
    # Asked only where a version was taken away: all rows are read for it.
    from portal.key_rotation import versions_in_use

    return versions_in_use()


def _opens_what_is_held() -> bool:
    """Whether some record opens, where there is any: a database from before fingerprints were kept."""
    held = Customer.objects.exclude(wrapped_key=b"").order_by("-created_at").values_list("pk", "wrapped_key")
    for pk, wrapped in held[:1]:
        try:
            unwrap(bytes(wrapped), vault_owner(pk))
        except CannotOpen:
            return False
    return True
