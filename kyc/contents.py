"""What is the very same file, or the same document number: by keyed index, under whichever version it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import sha256
from uuid import UUID

from kyc.models import Document
from vault.index_versions import Writing
from vault.indexes import content_index, content_indexes, number_index, number_indexes
from vault.keys import keyring

Keys = tuple[str, ...]

INDEXES = ("content_digest", "doc_number_index")


def indexes_of(sha256: str, number: str, version: int) -> dict[str, str]:
    """By column, under one version of PORTAL_KEYS."""
    return {
        "content_digest": content_index(sha256, version),
        "doc_number_index": number_index("doc_number", number, version),
    }


def index_document(document: Document, now: Writing) -> None:
    """Set the indexes of a document that is about to be written, as this transaction must."""
    document.index_version = now.mark
    document.__dict__.update(indexes_of(document.sha256, document.doc_number, now.version))


def keys_of_content(content: bytes) -> Keys:
    """What to look for to find the documents with this content."""
    return content_indexes(sha256(content).hexdigest())


def keys_of_record(document: Document) -> Keys:
    """The same of a stored document."""
    if len(keyring().versions) == 1:
        return (document.content_digest,)
    return content_indexes(document.sha256)


def is_number_of(document: Document, number: str) -> bool:
    """Whether that is its number, however it is spelled."""
    return document.doc_number_index in (number_indexes("doc_number", number) or ("",))


def holders_of(contents: Iterable[Keys]) -> Mapping[str, set[UUID]]:
    """The ids of the customers who hold each content, by key; old versions count."""
    holders: dict[str, set[UUID]] = defaultdict(set)
    if wanted := {key for keys in contents for key in keys}:
        rows = Document.objects.filter(content_digest__in=wanted).values_list("content_digest", "customer_id")
        for digest, customer_id in rows:
            holders[digest].add(customer_id)
    return holders


def others(holders: Mapping[str, set[UUID]], keys: Keys, customer_id: UUID) -> set[UUID]:
    """Which other customers hold a content."""
    return {holder for key in keys for holder in holders.get(key, ())} - {customer_id}
