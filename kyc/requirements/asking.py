"""Whether another file is wanted of somebody who was submitted already."""

from __future__ import annotations

from collections.abc import Iterable

from kyc.choices import RequirementState as State
from kyc.doc_types import DOC_TYPES, IDENTITY_FRONTS
from kyc.document_rules import document_subject
from kyc.requirements.rows import Requirement

_CODES = {
    "back": "document:identity_back",
    "selfie": "document:selfie",
    "address": "document:proof_of_address",
}


def requirement_code(doc_type: str) -> str:
    """The code of the requirement that a document of this type can satisfy."""
    if doc_type in IDENTITY_FRONTS:
        return "document:identity"
    part = DOC_TYPES[doc_type].part if doc_type in DOC_TYPES else ""
    return _CODES.get(part, f"document:{doc_type}")


def is_asked_for(rows: Iterable[Requirement], doc_type: str, ubo_email: str = "") -> bool:
    """Whether the rows ask for this document: it is missing or refused, it may never have arrived at the
    exchange, or the exchange rejected the customer and wants better ones."""
    code, owner = requirement_code(doc_type), f"ubo:{ubo_email}" if ubo_email else ""
    flagged = document_subject(doc_type, ubo_email)
    return any(
        (row.code == code and row.subject == owner and row.asks_for_a_file)
        or (row.code == "flagged" and row.subject == flagged)
        or (row.code == "verification" and row.state == State.WAITING_FOR_STAFF)
        for row in rows
    )
