"""What we doubt about a customer, worked out anew from the record each time it is asked.

A doubt is accepted for the value that was seen: when the value changes, it stands open again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from customers.known import doubts_about
from customers.models import Customer, Ubo
from customers.problems import WARNING, Problem
from customers.rules import check_ubos, read_business, read_individual, read_ubo
from kyc.contents import holders_of, keys_of_record, others
from kyc.document_rules import document_subject, read_document_row
from kyc.models import Document
from kyc.records import Record, customer_data, load_records, ubo_data
from vault.indexes import keyed_digest

# Fields that a doubt about another field rests on as well: a change of either asks again.
_RESTS_ON = {"id_number": ("dob", "nationality")}
_KEY_DIGITS = 24


@dataclass(frozen=True, slots=True)
class OpenWarning:
    """A doubt that nobody accepted yet.

    `subject_id` names what it is about by id: "", `ubo:<uuid>` or `document:<uuid>`. `key` is what a form
    posts to accept exactly this doubt about exactly this value.
    """

    problem: Problem
    subject_id: str
    value_digest: str

    @property
    def identity(self) -> tuple[str, str, str, str]:
        return self.subject_id, self.problem.code, self.problem.field, self.value_digest

    @property
    def key(self) -> str:
        return keyed_digest("warning-key", "|".join(self.identity).encode())[:_KEY_DIGITS]


@dataclass(slots=True)
class Findings:
    """What the rules say about a record today."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[OpenWarning] = field(default_factory=list)


def open_warnings(customer: Customer, *, today: date) -> list[OpenWarning]:
    """The customer's warnings that nobody accepted yet."""
    return open_warnings_for_many([customer], today=today)[customer.pk]


def open_warnings_for_many(customers: Sequence[Customer], *, today: date) -> dict[UUID, list[OpenWarning]]:
    """Open warnings by customer id, in a fixed number of queries."""
    records = load_records(customers)
    return {pk: findings.warnings for pk, findings in judge(records, today=today).items()}


def judge(records: Mapping[UUID, Record], *, today: date) -> dict[UUID, Findings]:
    """Errors and open warnings of each record, by customer id; three queries for all of them together."""
    doubts = doubts_about(
        [record.customer for record in records.values()],
        {pk: record.ubos for pk, record in records.items()},
    )
    elsewhere = _held_elsewhere(records.values())
    return {pk: _judge_one(record, doubts.get(pk, ()), elsewhere, today) for pk, record in records.items()}


def _judge_one(
    record: Record, doubts: Iterable[Problem], elsewhere: frozenset[UUID], today: date
) -> Findings:
    findings = Findings()
    accepted = {(row.subject, row.code, row.field, row.value_digest) for row in record.accepted}

    def add(problem: Problem, subject_id: str, digest: str) -> None:
        if problem.severity != WARNING:
            findings.errors.append(problem)
            return
        warning = OpenWarning(problem, subject_id, digest)
        if warning.identity not in accepted:
            findings.warnings.append(warning)

    fields = customer_data(record)
    read = read_business if record.customer.is_business else read_individual
    owners: dict[str, tuple[str, Mapping[str, object]]] = {"": ("", fields)}
    problems = [
        problem
        for problem in read(fields, today=today).problems
        if not (problem.code == "expires_soon" and _has_identity_document(record))
    ]
    values = []
    for ubo in record.ubos:
        ubo_fields = ubo_data(ubo)
        reading = read_ubo(ubo_fields, today=today)
        owners[f"ubo:{ubo.email}"] = (f"ubo:{ubo.pk}", ubo_fields)
        problems += reading.problems
        values.append(reading.values)
    if record.customer.is_business:
        problems += check_ubos(values)
    for problem in (*problems, *doubts):
        subject_id, of = owners.get(problem.subject, ("", fields))
        add(problem, subject_id, _field_digest(problem, of, record.ubos))
    ubos = {ubo.pk: ubo for ubo in record.ubos}
    for document in record.documents:
        owner = ubos.get(document.ubo_id) if document.ubo_id else None
        for problem in _document_problems(document, owner, record.customer, elsewhere, today):
            add(problem, f"document:{document.pk}", _document_digest(problem, document))
    return findings


def _has_identity_document(record: Record) -> bool:
    return any(document.ubo_id is None and document.doc_expire for document in record.documents)


def _field_digest(problem: Problem, fields: Mapping[str, object], ubos: Sequence[Ubo]) -> str:
    if problem.code == "shares_above_100":
        seen: object = sorted((ubo.email_key, str(ubo.ownership_percentage)) for ubo in ubos)
    else:
        names = (problem.field, *_RESTS_ON.get(problem.field, ()))
        seen = [str(fields.get(name)) for name in names]
    return keyed_digest("warning", json.dumps(seen).encode())


def _document_digest(problem: Problem, document: Document) -> str:
    if problem.field == "file":
        # Keyed for good, unlike the index: what was accepted stays so when that is made anew.
        return keyed_digest("content", document.sha256.encode())
    return keyed_digest("warning", str(getattr(document, problem.field, "")).encode())


def owner_kind(customer: Customer, ubo: Ubo | None) -> str:
    """Whose document it is, in the words of `kyc.doc_types`: individual, business or ubo."""
    return "ubo" if ubo is not None else customer.entity_type


def _document_problems(
    document: Document, ubo: Ubo | None, customer: Customer, elsewhere: frozenset[UUID], today: date
) -> list[Problem]:
    email = ubo.email if ubo is not None else ""
    raw = {
        "doc_type": document.doc_type,
        "doc_number": document.doc_number,
        "doc_expire": document.doc_expire,
        "doc_issued": document.doc_issued,
    }
    problems = list(
        read_document_row(
            raw,
            owner_kind=owner_kind(customer, ubo),
            ubo_email=email,
            today=today,
            dialect=settings.EXCHANGE_DIALECT,
        ).problems
    )
    subject = document_subject(document.doc_type, email)
    problems += [
        Problem(row["code"], subject, "file", WARNING, row["message"], row["remedy"])
        for row in document.file_warnings
    ]
    if document.pk in elsewhere:
        problems.append(same_file_elsewhere(subject))
    return problems


def same_file_elsewhere(subject: str) -> Problem:
    """The doubt that the very same file is held for another customer, without saying whose."""
    return Problem(
        "same_file_elsewhere",
        subject,
        "file",
        WARNING,
        _("The very same file is held for another customer."),
        _("Check that the right file was handed in, or accept it with a reason."),
    )


def _held_elsewhere(records: Iterable[Record]) -> frozenset[UUID]:
    """The ids of those documents whose bytes are held for another customer too; one query."""
    documents = [document for record in records for document in record.documents]
    keys = {document.pk: keys_of_record(document) for document in documents}
    holders = holders_of(keys.values())
    return frozenset(
        document.pk for document in documents if others(holders, keys[document.pk], document.customer_id)
    )
