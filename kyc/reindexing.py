"""The keyed indexes of documents under a new version of the portal's keys (`customers.reindexing`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from uuid import UUID

from customers.reindexing import indexes_by_version, reindex
from kyc.contents import INDEXES, indexes_of
from kyc.models import Document


def documents_by_version() -> Counter[int]:
    """How many documents are indexed under which version of PORTAL_KEYS."""
    return indexes_by_version(Document, INDEXES)


def reindex_documents(note: Callable[[int], None]) -> tuple[int, list[UUID]]:
    """How many were under an older version, and whose values do not open. Call `write_under_newest` first."""
    return reindex(Document, INDEXES, _of_document, note)


def _of_document(document: Document, version: int) -> Mapping[str, str]:
    return indexes_of(document.sha256, document.doc_number, version)
