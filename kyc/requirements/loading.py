"""From the database to the facts, for one customer and for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from django.conf import settings

from customers.choices import Origin
from customers.models import Customer, Ubo
from customers.problems import Problem
from kyc.choices import Scan
from kyc.document_rules import document_subject
from kyc.models import Document
from kyc.records import Record, documents_by_owner, load_records
from kyc.requirements.facts import DocumentFacts, Facts, IntentFacts, OwnerFacts, WarningFacts
from kyc.requirements.rows import Requirement
from kyc.requirements.working_out import work_out
from kyc.warnings import Findings, judge


def requirements(customer: Customer, *, today: date) -> list[Requirement]:
    """The customer's requirements as of `today`. The customer's own row is taken as it is."""
    return requirements_for_many([customer], today=today)[customer.pk]


def requirements_for_many(customers: Sequence[Customer], *, today: date) -> dict[UUID, list[Requirement]]:
    """The requirements of each, by customer id, in a fixed number of queries."""
    return requirements_of(load_records(customers), today=today)


def requirements_of(records: Mapping[UUID, Record], *, today: date) -> dict[UUID, list[Requirement]]:
    """The same, from records that were loaded already."""
    # What was submitted is frozen and was judged then: only what can still change is judged again.
    editable = {pk: record for pk, record in records.items() if record.customer.is_editable}
    findings = judge(editable, today=today) if editable else {}
    return {
        # Of whom we have parted with nothing is asked any more.
        pk: [] if record.customer.ended_at else work_out(_facts(record, findings.get(pk, Findings()), today))
        for pk, record in records.items()
    }


def _facts(record: Record, findings: Findings, today: date) -> Facts:
    customer = record.customer
    owned = documents_by_owner(record.documents)
    of_documents, errors = _split_by_document(findings.errors)
    expiries = {f"document:{document.pk}": document.doc_expire for document in record.documents}
    return Facts(
        customer_id=customer.pk,
        stage=customer.stage,
        owner=OwnerFacts(
            kind=customer.entity_type,
            subject="",
            name=customer.display_name,
            documents=_documents(owned[None], "", of_documents),
            declared=customer.doc_type,
            is_known_there=bool(customer.uid),
        ),
        today=today,
        ubos=tuple(_ubo(ubo, owned[ubo.pk], of_documents) for ubo in record.ubos),
        waived=frozenset(waiver.doc_type for waiver in record.waivers),
        errors=tuple(errors),
        warnings=tuple(
            WarningFacts(
                warning.problem,
                expiries.get(warning.subject_id) if warning.problem.code == "expires_soon" else None,
            )
            for warning in findings.warnings
        ),
        intents=tuple(
            IntentFacts(intent.topic, intent.subject_id, intent.state, intent.reason, intent.error_code)
            for intent in record.intents
        ),
        kyc_status=customer.kyc_status,
        exchange_state=customer.exchange_state,
        is_editable=customer.is_editable,
        is_found_there=customer.origin == Origin.EXCHANGE,
    )


def _ubo(ubo: Ubo, documents: list[Document], problems: Mapping[str, list[Problem]]) -> OwnerFacts:
    return OwnerFacts(
        kind="ubo",
        subject=f"ubo:{ubo.email}",
        name=f"{ubo.first_name} {ubo.last_name}".strip(),
        documents=_documents(documents, ubo.email, problems),
        is_known_there=bool(ubo.uid),
    )


def _documents(
    documents: list[Document], ubo_email: str, problems: Mapping[str, list[Problem]]
) -> tuple[DocumentFacts, ...]:
    # Where there is a scanner, what it never saw waits for it too.
    waiting = (Scan.PENDING, Scan.NOT_SCANNED) if settings.CLAMAV_ADDRESS else (Scan.PENDING,)
    return tuple(
        DocumentFacts(
            id=document.pk,
            doc_type=document.doc_type,
            delivery=document.delivery,
            is_flagged=document.is_flagged,
            doc_expire=document.doc_expire,
            problems=tuple(problems.get(document_subject(document.doc_type, ubo_email), ())),
            is_unscanned=document.scan in waiting,
        )
        for document in documents
    )


def _split_by_document(problems: list[Problem]) -> tuple[dict[str, list[Problem]], list[Problem]]:
    """Errors of documents by their subject, and all other errors."""
    by_document: dict[str, list[Problem]] = {}
    others = []
    for problem in problems:
        if "document:" in problem.subject:
            by_document.setdefault(problem.subject, []).append(problem)
        else:
            others.append(problem)
    return by_document, others
