"""The row of one required document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from kyc.choices import Delivery
from kyc.choices import RequirementState as State
from kyc.requirements.facts import DocumentFacts, Facts, OwnerFacts
from kyc.requirements.rows import Link, Requirement


def document_row(
    facts: Facts,
    owner: OwnerFacts,
    *,
    code: str,
    title: str,
    held: DocumentFacts | None,
    wanted: str,
    remedy: str,
) -> Requirement:
    """That `owner` hand in a document: `held` is what satisfies it, `wanted` the type to name otherwise."""
    doc_type, due = (held.doc_type, held.doc_expire) if held else (wanted, None)
    state, remedy = _state(facts, held, remedy)
    return Requirement(
        code=f"document:{code}",
        subject=owner.subject,
        state=state,
        blocks="nothing" if facts.is_found_there else facts.document_blocks,
        title=title,
        remedy=remedy,
        due=due if state == State.INVALID else None,
        links=_links(facts, held, state),
        doc_type=doc_type,
    )


def _state(facts: Facts, held: DocumentFacts | None, remedy: str) -> tuple[State, str]:
    if held is None:
        return State.MISSING, remedy
    if held.delivery == Delivery.REFUSED:
        return State.INVALID, _("The exchange refused this file. Hand in another one; it is sent at once.")
    if facts.is_editable and held.problems:
        first = held.problems[0]
        return State.INVALID, f"{first.message} {first.remedy}"
    if facts.is_editable and held.is_unscanned:
        return State.WAITING_FOR_STAFF, _(
            "The virus scanner has not answered for this file yet. It is asked again by itself every minute;"
            " if that goes on, tell the people who run this portal."
        )
    return State.DONE, ""


def _links(facts: Facts, held: DocumentFacts | None, state: State) -> tuple[Link, ...]:
    if held is not None and state == State.DONE:
        return (Link("document-detail", {"document_id": str(held.id)}),)
    return (Link("customer-detail", {"customer_id": str(facts.customer_id)}),)


def find(documents: Sequence[DocumentFacts], types: Iterable[str]) -> DocumentFacts | None:
    """The document of one of these types that serves best: one without a fault before one with."""
    wanted = set(types)
    held = [document for document in documents if document.doc_type in wanted]
    return min(held, key=_faults, default=None)


def _faults(document: DocumentFacts) -> int:
    return (document.delivery == Delivery.REFUSED) + bool(document.problems) + document.is_unscanned
