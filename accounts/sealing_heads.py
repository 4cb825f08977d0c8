"""Signed heads: how far the chain reached at a time, kept here and exported to where this database can't
reach.

A head is the text `payload`, JSON in one spelling:

    format 1 | number | position, hash: of the last link | previous: SHA-256 of the head before, with its
    signature | signed_at | key: the public key | open_txid, settled_id: what was linked by then (AuditSeal)

and its signature. It is exported as `<year>/<month>/<day>/head-<number>-<hash>.json` to `AUDIT_HEADS`; no
file is ever written twice.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import logging
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from accounts.audit_rows import AuditHead, AuditLink, AuditSeal, CanonicalJSON
from accounts.sealing_key import public_pem, public_text, sign, signing_key

log = logging.getLogger(__name__)

FORMAT = 1
NO_HEAD = "0" * 64
_encode = CanonicalJSON().encode


@dataclass(frozen=True, slots=True)
class Head:
    """A head as it was signed. `hash`: of the chain at `position`; `digest`: what the next one names."""

    payload: str
    signature: str
    number: int
    position: int
    hash: str
    previous: str
    signed_at: datetime.datetime
    key: str
    open_txid: int
    settled_id: int

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.payload}.{self.signature}".encode()).hexdigest()

    @property
    def file_name(self) -> str:
        return f"{self.signed_at:%Y/%m/%d}/head-{self.number:012d}-{self.digest[:12]}.json"

    @property
    def file_text(self) -> str:
        return json.dumps({"payload": self.payload, "signature": self.signature}) + "\n"


class UnreadableHead(Exception):
    """A text is no head. The message names what is wrong, not the text."""


def read_head(payload: str, signature: str) -> Head:
    """The head that `payload` says. Raises UnreadableHead."""
    try:
        said: dict[str, Any] = json.loads(payload)
        if said["format"] != FORMAT:
            raise UnreadableHead("a format that this version does not know")
        return Head(
            payload=payload,
            signature=signature,
            number=int(said["number"]),
            position=int(said["position"]),
            hash=str(said["hash"]),
            previous=str(said["previous"]),
            signed_at=datetime.datetime.fromisoformat(said["signed_at"]),
            key=str(said["key"]),
            open_txid=int(said["open_txid"]),
            settled_id=int(said["settled_id"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableHead(f"not a head: {type(error).__name__}") from None


def read_head_file(text: str) -> Head:
    """The head in an exported file's text. Raises UnreadableHead."""
    try:
        said = json.loads(text)
        return read_head(said["payload"], said["signature"])
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableHead(f"not a file of a head: {type(error).__name__}") from None


def last_head() -> Head | None:
    row = AuditHead.objects.order_by("-number").first()
    return read_head(row.payload, row.signature) if row else None


def add_head(link: AuditLink, seal: AuditSeal, now: datetime.datetime) -> Head:
    """Sign that the chain reaches to `link`, in the caller's transaction, which holds the sealer's lock."""
    before = last_head()
    payload = _encode(
        {
            "format": FORMAT,
            "number": before.number + 1 if before else 1,
            "position": link.position,
            "hash": bytes(link.hash).hex(),
            "previous": before.digest if before else NO_HEAD,
            "signed_at": now.astimezone(datetime.UTC).isoformat(timespec="microseconds"),
            "key": public_text(signing_key().public_key()),
            "open_txid": seal.open_txid,
            "settled_id": seal.settled_id,
        }
    )
    head = read_head(payload, sign(payload))
    AuditHead.objects.create(number=head.number, payload=head.payload, signature=head.signature)
    return head


def export_heads() -> int:
    """Export every head that was not exported yet; how many. Raises OSError, or what the storage raises."""
    seal = AuditSeal.objects.filter(pk=1).first()
    count = 0
    for row in AuditHead.objects.filter(number__gt=seal.exported if seal else 0).order_by("number"):
        head = read_head(row.payload, row.signature)
        write_once(head.file_name, head.file_text)
        AuditSeal.objects.filter(pk=1, exported__lt=head.number).update(exported=head.number)
        count += 1
    return count


def export_public_key() -> str:
    """Put the public key beside the heads, where an auditor finds it; its name there."""
    key = signing_key().public_key()
    name = f"key-{hashlib.sha256(public_text(key).encode()).hexdigest()[:12]}.pem"
    write_once(name, public_pem(key))
    return name


def write_once(name: str, text: str) -> None:
    """Store a text under this very name. One that is there already must be the same: OSError otherwise."""
    storage = storages["audit_heads"]
    if not storage.exists(name):
        with contextlib.suppress(FileExistsError):
            storage.save(name, ContentFile(text.encode()))
    with storage.open(name) as file:
        if file.read().decode() != text:
            raise OSError("another head is stored under this name")
