"""The rows about the data itself: its errors, and the doubts that stand open."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kyc.choices import RequirementState as State
from kyc.requirements.facts import Facts
from kyc.requirements.rows import Link, Requirement


def error_rows(facts: Facts) -> list[Requirement]:
    """What the exchange's documents refuse; asked only while the data can still be changed."""
    return [
        Requirement(
            code=f"data:{problem.code}",
            subject=problem.subject,
            state=State.MISSING if problem.code == "required" else State.INVALID,
            blocks="submission",
            title=problem.message,
            remedy=problem.remedy,
            links=(Link("customer-detail", {"customer_id": str(facts.customer_id)}),),
        )
        for problem in facts.errors
    ]


def surplus_rows(facts: Facts, rows: list[Requirement]) -> list[Requirement]:
    """Errors of documents that no requirement rests on: they are sent as well, so they hold as well."""
    if not facts.is_editable:
        return []
    told = {(row.subject, row.doc_type) for row in rows if row.is_document}
    return [
        Requirement(
            code=f"data:{problem.code}",
            subject=problem.subject,
            state=State.INVALID,
            blocks="submission",
            title=f"{document.doc_type}: {problem.message}",
            remedy=problem.remedy,
            links=(Link("customer-detail", {"customer_id": str(facts.customer_id)}),),
            doc_type=document.doc_type,
        )
        for owner in facts.owners
        for document in owner.documents
        if (owner.subject, document.doc_type) not in told
        for problem in document.problems
    ]


def warning_rows(facts: Facts) -> list[Requirement]:
    """Each open warning holds the submission until it is accepted with a reason."""
    return [
        Requirement(
            code=f"warning:{warning.problem.code}",
            subject=warning.problem.subject,
            state=State.WAITING_FOR_STAFF,
            blocks="submission",
            title=warning.problem.message,
            remedy=warning.problem.remedy,
            due=warning.due,
            links=(Link("customer-detail", {"customer_id": str(facts.customer_id)}),),
        )
        for warning in facts.warnings
    ]


def submit_row(facts: Facts, rows: list[Requirement]) -> list[Requirement]:
    """The submission itself: staff's move once nothing holds it; done when it was made."""
    if facts.is_found_there:
        return []
    if not facts.is_editable:
        return [Requirement("submit", "", State.DONE, "verification", _("Submitted"))]
    if any(row.holds_submission for row in rows):
        return []
    return [
        Requirement(
            code="submit",
            subject="",
            state=State.WAITING_FOR_STAFF,
            blocks="verification",
            title=_("Submit to the exchange"),
            remedy=_("Everything is there. Submit the customer; from then on its data can't be changed."),
            links=(Link("customer-detail", {"customer_id": str(facts.customer_id)}),),
        )
    ]
