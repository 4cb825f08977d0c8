"""The first step of handing in a document: judge it, seal it, store it. Needs no database."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from customers.problems import ERROR, Problem, Refused, has_errors
from kyc.choices import Scan
from kyc.document_rules import document_subject, read_document_row
from kyc.scanning.asking import verdict_on
from vault import files
from vault.envelope import DataKey

# The table that a stored file is bound to.
DOCUMENTS = "kyc_document"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that passed the gate and lies sealed in the storage; no row names it yet."""

    id: UUID
    doc_type: str
    doc_number: str
    doc_expire: date | None
    doc_issued: date | None
    original_name: str
    file: str
    content_type: str
    size: int
    sha256: str
    pages: int | None
    scan: str
    # Warnings only; those about the file are kept with the row.
    problems: tuple[Problem, ...]


class Infected(Refused):
    """The virus scanner found something. `found`: its name for it."""

    def __init__(self, found: str, subject: str, problems: Iterable[Problem] = ()) -> None:
        self.found = found
        message = _("The virus scanner found something in this file: %(found)s.") % {"found": found}
        remedy = _("Don't open it. Ask for the document again, from another source.")
        super().__init__([Problem("infected", subject, "file", ERROR, message, remedy, found), *problems])


def prepare_document(
    key: DataKey,
    *,
    owner_kind: str,
    ubo_email: str = "",
    doc_type: str,
    content: bytes,
    filename: str,
    doc_number: str = "",
    doc_expire: date | str | None = None,
    doc_issued: date | str | None = None,
    today: date,
) -> Prepared:
    """Judge a document, then seal its file under the customer's `key` and store it. No database.

    `owner_kind` is `individual`, `business` or `ubo`. Raises Refused with all errors and warnings, before
    anything is stored: Infected, which is one, when the virus scanner found something; OSError or CannotOpen
    when the storage fails.
    """
    # The libraries that open pictures and PDFs are heavy: only who hands in a document pays for them.
    from kyc.gate import examine, safe_display_name

    raw = {
        "doc_type": doc_type,
        "doc_number": doc_number,
        "doc_expire": doc_expire,
        "doc_issued": doc_issued,
    }
    reading = read_document_row(
        raw, owner_kind=owner_kind, ubo_email=ubo_email, today=today, dialect=settings.EXCHANGE_DIALECT
    )
    subject = document_subject(doc_type, ubo_email)
    examined = examine(content, filename=filename)
    problems = (*reading.problems, *(replace(problem, subject=subject) for problem in examined.problems))
    if has_errors(problems):
        raise Refused(problems)
    verdict = verdict_on(content)
    if verdict.scan == Scan.INFECTED:
        raise Infected(verdict.found, subject, problems)
    pk = uuid.uuid4()
    values = reading.values
    return Prepared(
        id=pk,
        doc_type=doc_type,
        doc_number=values["doc_number"],  # type: ignore[arg-type]
        doc_expire=values["doc_expire"],  # type: ignore[arg-type]
        doc_issued=values["doc_issued"],  # type: ignore[arg-type]
        original_name=safe_display_name(filename, doc_type, examined.extension),
        file=files.store(key, DOCUMENTS, pk, content),
        content_type=examined.content_type,
        size=examined.size,
        sha256=examined.sha256,
        pages=examined.pages,
        scan=verdict.scan,
        problems=problems,
    )


def discard(prepared: Iterable[Prepared]) -> None:
    """Remove stored files whose rows were not written; what can't be removed now is swept later."""
    for document in prepared:
        try:
            files.remove(document.file)
        except OSError:
            continue
