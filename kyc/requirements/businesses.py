"""A business's documents: the nine, of which two can be waived, and the people behind it (002:2432-2462)."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from kyc.choices import RequirementState as State
from kyc.doc_types import BUSINESS_TYPES, DOC_TYPES
from kyc.requirements.documents import document_row, find
from kyc.requirements.facts import Facts
from kyc.requirements.individuals import person_rows
from kyc.requirements.rows import Link, Requirement


def business_rows(facts: Facts) -> list[Requirement]:
    """The nine rows of the business, then its UBOs' rows, UBO by UBO."""
    rows = [_row(facts, doc_type) for doc_type in BUSINESS_TYPES]
    if not facts.ubos and not facts.errors:
        # While the data has errors of its own, the missing UBO is told there.
        rows.append(
            Requirement(
                code="data:no_ubo",
                subject="",
                state=State.MISSING,
                blocks=facts.document_blocks,
                title=_("Beneficial owners"),
                remedy=_("Add everybody who owns 5 per cent or more; the exchange wants at least one."),
                links=(Link("customer-detail", {"customer_id": str(facts.customer_id)}),),
            )
        )
    for ubo in facts.ubos:
        rows += person_rows(facts, ubo)
    return rows


def _row(facts: Facts, doc_type: str) -> Requirement:
    may_be_waived = DOC_TYPES[doc_type].may_be_waived
    row = document_row(
        facts,
        facts.owner,
        code=doc_type,
        title=doc_type,
        held=find(facts.owner.documents, (doc_type,)),
        wanted=doc_type,
        remedy=_("Hand it in, or waive it with a reason if the business has none.")
        if may_be_waived
        else _("Hand in the document as PDF, JPEG or PNG, at most 4 MB."),
    )
    if row.state == State.MISSING and may_be_waived and doc_type in facts.waived:
        return replace(
            row, state=State.DONE, title=_("%(doc_type)s (waived)") % {"doc_type": doc_type}, remedy=""
        )
    return row
