"""Ways to tamper with the audit trail, for whoever owns the database and not the key."""

from __future__ import annotations

import datetime
import json
import random
import uuid
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection

from accounts.audit_rows import AuditEntry, AuditHead, AuditLink, CanonicalJSON
from accounts.sealing_bytes import NO_HASH, link_hash, spelled_entries

# What was done, and the entry that it was done to, where it is one that a finding should name.
Deed = tuple[str, int | None]
Way = Callable[[random.Random], Deed]


def run(sql: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def ids() -> list[int]:
    return list(AuditEntry.objects.order_by("id").values_list("id", flat=True))


def positions() -> list[int]:
    return list(AuditLink.objects.order_by("position").values_list("position", flat=True))


def _another(random_: random.Random, row: AuditEntry, column: str) -> object:
    """A value that the column of this row does not hold."""
    held = getattr(row, column)
    if column == "at":
        moved = held + datetime.timedelta(microseconds=random_.choice([-1, 1, 10**6, -(10**9), 10**12]))
        return connection.ops.adapt_datetimefield_value(moved)
    if column in ("actor_id", "subject_id", "customer_id"):
        if held is not None and random_.random() < 0.3:
            return None
        drawn = uuid.UUID(int=random_.getrandbits(128))
        return drawn if connection.features.has_native_uuid_field else drawn.hex
    if column in ("details", "changes"):
        return CanonicalJSON().encode({**held, "count": random_.getrandbits(20)})
    if column == "outcome":
        return "refused" if held == "done" else "done"
    place = random_.randrange(len(held) + 1)
    return (held[:place] + random_.choice("abc ") + held[place:])[: 30 if column == "subject_type" else 500]


COLUMNS = (
    "at", "actor_id", "roles", "action", "outcome", "merchant_uid", "subject_type", "subject_id",
    "customer_id", "reason", "details", "changes",
)  # fmt: skip


def edit(random_: random.Random) -> Deed:
    row = AuditEntry.objects.get(pk=random_.choice(ids()))
    column = random_.choice(COLUMNS)
    run(f"UPDATE accounts_audit SET {column} = %s WHERE id = %s", _another(random_, row, column), row.pk)
    return f"edited {column}", row.pk


def delete(random_: random.Random) -> Deed:
    pk = random_.choice(ids())
    run("DELETE FROM accounts_audit WHERE id = %s", pk)
    return "deleted an entry", pk


def delete_with_link(random_: random.Random) -> Deed:
    pk = random_.choice(ids())
    run("DELETE FROM accounts_audit WHERE id = %s", pk)
    run("DELETE FROM accounts_auditlink WHERE entry_id = %s", pk)
    return "deleted an entry with its link", None


def _copy_row(source: int, pk: int, at: datetime.datetime | None = None) -> None:
    columns = ", ".join((*COLUMNS, "channel", "request_id"))
    system = " OVERRIDING SYSTEM VALUE" if connection.vendor == "postgresql" else ""
    values = columns if at is None else columns.replace("at", "%s", 1)
    run(
        f"INSERT INTO accounts_audit (id, {columns}){system} SELECT %s, {values} FROM accounts_audit "
        "WHERE id = %s",
        *(pk, *([] if at is None else [connection.ops.adapt_datetimefield_value(at)]), source),
    )


def insert_behind(random_: random.Random) -> Deed:
    """Among what is sealed: numbers are never given twice, but nobody keeps an owner from it."""
    pk = -random_.randrange(2, 10**6)
    _copy_row(random_.choice(ids()), pk)
    if connection.vendor == "postgresql":
        run("UPDATE accounts_audit SET txid = 3 WHERE id = %s", pk)
    return "inserted an entry", pk


def insert_and_link(random_: random.Random) -> Deed:
    """With a link of its own, and everything after it linked anew, as whoever knows the source can."""
    pk = -random_.randrange(2, 10**6)
    _copy_row(random_.choice(ids()), pk)
    chain = list(AuditLink.objects.order_by("position").values_list("entry_id", flat=True))
    chain.insert(random_.randrange(len(chain)), pk)
    _link_anew(chain)
    return "inserted an entry and rewrote the chain", None


def delete_and_link(random_: random.Random) -> Deed:
    chain = list(AuditLink.objects.order_by("position").values_list("entry_id", flat=True))
    pk = chain.pop(random_.randrange(len(chain)))
    run("DELETE FROM accounts_audit WHERE id = %s", pk)
    _link_anew(chain)
    return "deleted an entry and rewrote the chain", None


def edit_and_link(random_: random.Random) -> Deed:
    what, _entry = edit(random_)
    _link_anew(list(AuditLink.objects.order_by("position").values_list("entry_id", flat=True)))
    return f"{what} and rewrote the chain", None


def _link_anew(chain: list[int]) -> None:
    run("DELETE FROM accounts_auditlink")
    entries, before, links = spelled_entries(chain), NO_HASH, []
    for position, pk in enumerate(chain, start=1):
        before = link_hash(before, position, entries[pk].content)
        links.append(AuditLink(position=position, entry_id=pk, hash=before))
    AuditLink.objects.bulk_create(links)


def swap_entries(random_: random.Random) -> Deed:
    """Two entries take each other's number."""
    one, other = random_.sample(ids(), 2)
    system = " OVERRIDING SYSTEM VALUE" if connection.vendor == "postgresql" else ""
    columns = ", ".join((*COLUMNS, "channel", "request_id"))
    for source, target in ((one, -7), (other, one), (-7, other)):
        run("DELETE FROM accounts_audit WHERE id = %s", target)
        run(
            f"INSERT INTO accounts_audit (id, {columns}){system} SELECT %s, {columns} FROM accounts_audit "
            "WHERE id = %s",
            *(target, source),
        )
    run("DELETE FROM accounts_audit WHERE id = -7")
    return "swapped two entries", one


def swap_links(random_: random.Random) -> Deed:
    one, other = random_.sample(positions(), 2)
    for was, now in ((one, -7), (other, one), (-7, other)):
        run("UPDATE accounts_auditlink SET position = %s WHERE position = %s", now, was)
    return "swapped two links", None


def change_hash(random_: random.Random) -> Deed:
    link = AuditLink.objects.get(position=random_.choice(positions()))
    changed = bytearray(link.hash)
    changed[random_.randrange(32)] ^= 1 << random_.randrange(8)
    AuditLink.objects.filter(pk=link.pk).update(hash=bytes(changed))
    return "changed a hash", link.entry_id


def delete_link(random_: random.Random) -> Deed:
    run("DELETE FROM accounts_auditlink WHERE position = %s", random_.choice(positions()))
    return "deleted a link", None


def insert_link(random_: random.Random) -> Deed:
    run(
        "INSERT INTO accounts_auditlink (position, entry_id, hash) SELECT %s, %s, hash "
        "FROM accounts_auditlink WHERE position = 1",
        *(positions()[-1] + random_.randrange(1, 4), 10**12 + random_.getrandbits(30)),
    )
    return "inserted a link", None


def _cut(position: int, *, heads: bool) -> None:
    kept = list(AuditLink.objects.filter(position__lte=position).values_list("entry_id", flat=True))
    run("DELETE FROM accounts_auditlink WHERE position > %s", position)
    AuditEntry.objects.exclude(pk__in=kept).delete()
    if heads:
        for head in AuditHead.objects.all():
            if json.loads(head.payload)["position"] > position:
                run("DELETE FROM accounts_audithead WHERE number = %s", head.number)


def cut_off(random_: random.Random) -> Deed:
    _cut(random_.randrange(len(positions())), heads=False)
    return "cut the trail off", None


def cut_off_with_heads(random_: random.Random) -> Deed:
    _cut(random_.randrange(len(positions())), heads=True)
    return "cut the trail off, with its heads", None


def empty_everything(random_: random.Random) -> Deed:
    for table in ("accounts_audit", "accounts_auditlink", "accounts_audithead"):
        run(f"DELETE FROM {table}")
    return "emptied everything", None


def change_head(random_: random.Random) -> Deed:
    head = random_.choice(list(AuditHead.objects.all()))
    if random_.random() < 0.5:
        said = json.loads(head.payload)
        said["position"] += random_.choice([-1, 1])
        run("UPDATE accounts_audithead SET payload = %s WHERE number = %s", json.dumps(said), head.number)
    else:
        text = head.signature
        place = random_.randrange(len(text) - 2)
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        run("UPDATE accounts_audithead SET signature = %s WHERE number = %s", changed, head.number)
    return "changed a head", None


def delete_head(random_: random.Random) -> Deed:
    head = random_.choice(list(AuditHead.objects.all()))
    run("DELETE FROM accounts_audithead WHERE number = %s", head.number)
    return "deleted a head", None


def forge_heads(random_: random.Random) -> Deed:
    """The chain rewritten, and every head signed anew, by another key."""
    import base64

    what, _entry = delete_and_link(random_)
    key = Ed25519PrivateKey.from_private_bytes(random_.randbytes(32))
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    hashes = dict(AuditLink.objects.values_list("position", "hash"))
    for head in AuditHead.objects.order_by("number"):
        said = json.loads(head.payload)
        said["position"] = min(said["position"], max(hashes))
        said |= {"hash": bytes(hashes[said["position"]]).hex(), "key": public}
        payload = CanonicalJSON().encode(said)
        signature = base64.b64encode(key.sign(payload.encode())).decode()
        run(
            "UPDATE accounts_audithead SET payload = %s, signature = %s WHERE number = %s",
            *(payload, signature, head.number),
        )
    return f"{what}, and the heads", None


# What is done most, most.
WAYS: tuple[tuple[Way, int], ...] = (
    (edit, 30),
    (edit_and_link, 6),
    (delete, 10),
    (delete_with_link, 6),
    (delete_and_link, 6),
    (insert_behind, 6),
    (insert_and_link, 6),
    (swap_entries, 6),
    (swap_links, 5),
    (change_hash, 6),
    (delete_link, 3),
    (insert_link, 3),
    (cut_off, 4),
    (cut_off_with_heads, 4),
    (empty_everything, 1),
    (change_head, 4),
    (delete_head, 3),
    (forge_heads, 3),
)


def tamper(random_: random.Random) -> Deed:
    """One change by chance, as the owner of the database, without the key."""
    ways, weights = zip(*WAYS, strict=True)
    return random_.choices(ways, weights)[0](random_)
