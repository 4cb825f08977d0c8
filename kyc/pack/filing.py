"""The files of a chunk of units: compared with what is held, judged, sealed and stored; no row is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import date

from django.conf import settings

from customers.choices import Origin
from customers.problems import ERROR, Problem, Refused, shown_safely
from customers.register import prepare
from kyc.contents import is_number_of, keys_of_content
from kyc.document_rules import document_subject, read_document_row
from kyc.document_versions import Slot
from kyc.models import Document
from kyc.pack.columns import DOCUMENTS
from kyc.pack.opening import Pack
from kyc.pack.units import DocumentRow, Unit
from kyc.pack.unreadable import FileUnreadable
from kyc.preparing import discard, prepare_document


def file_documents(
    pack: Pack, units: Sequence[Unit], *, today: date, is_dry: bool, workers: Executor
) -> None:
    """Look at every file of the units, side by side; a unit's faults say what is wrong with its files.

    What is good and new is sealed and stored, in `prepared`, unless this is a dry run or its unit has
    errors: such a unit's stored files are removed again.
    """
    if not is_dry:
        for unit in units:
            if unit.existing is not None or unit.candidate is None or unit.has_errors:
                unit.new = None
            elif unit.new is None:
                # The ids and the data key that its files are sealed for.
                unit.new = prepare(unit.candidate, origin=Origin.PACK)
    held = _held(units)
    jobs = [(unit, file) for unit in units for file in unit.files if file.path]
    for (unit, file), problems in zip(
        jobs, workers.map(lambda job: _look(pack, job[0], job[1], held, today, is_dry), jobs), strict=True
    ):
        for problem in problems:
            unit.fault(DOCUMENTS, file.row.line, problem.field, problem)
    for unit in units:
        if unit.has_errors:
            take_back(unit)


def take_back(unit: Unit) -> None:
    """Remove the unit's stored files; no row names them."""
    discard(file.prepared for file in unit.files if file.prepared is not None)
    for file in unit.files:
        file.prepared = None


def _held(units: Iterable[Unit]) -> dict[Slot, Document]:
    """The current documents of those customers of the chunk who are registered."""
    ids = [unit.existing.pk for unit in units if unit.existing is not None and unit.files]
    if not ids:
        return {}
    return {
        (document.customer_id, document.ubo_id, document.doc_type): document
        for document in Document.objects.filter(customer_id__in=ids, is_current=True)
    }


def _look(
    pack: Pack, unit: Unit, file: DocumentRow, held: dict[Slot, Document], today: date, is_dry: bool
) -> Sequence[Problem]:
    """One file, in a thread: no database here. Its problems."""
    from kyc.gate import MAX_BYTES, examine  # heavy, and only needed where there are documents

    subject = document_subject(file.doc_type, file.ubo_email)
    try:
        # One byte more than is allowed tells that it is too large.
        content = pack.read_file(file.path, MAX_BYTES + 1)
    except FileUnreadable as error:
        shown = shown_safely("file", file.path)
        return [Problem(error.code, subject, "file", ERROR, error.message, error.remedy, shown)]
    raw = {
        "doc_type": file.doc_type,
        "doc_number": file.doc_number,
        "doc_expire": file.doc_expire,
        "doc_issued": file.doc_issued,
    }
    name = file.path.replace("\\", "/").rpartition("/")[2]
    if (before := _before(unit, file, held)) and before.content_digest in keys_of_content(content):
        reading = read_document_row(raw, owner_kind=file.owner_kind, today=today)
        if not reading.errors and _says_nothing_new(before, reading.values):
            file.is_held_already = True
            return []
    if not is_dry and not unit.has_errors and unit.customer is not None:
        try:
            file.prepared = prepare_document(
                unit.customer.vault_key(),
                owner_kind=file.owner_kind,
                ubo_email=file.ubo_email,
                content=content,
                filename=name,
                today=today,
                **raw,  # type: ignore[arg-type]
            )
        except Refused as refused:
            return refused.problems
        return file.prepared.problems
    reading = read_document_row(
        raw,
        owner_kind=file.owner_kind,
        ubo_email=file.ubo_email,
        today=today,
        dialect=settings.EXCHANGE_DIALECT,
    )
    examined = examine(content, filename=name)
    return [*reading.problems, *(replace(problem, subject=subject) for problem in examined.problems)]


def _before(unit: Unit, file: DocumentRow, held: dict[Slot, Document]) -> Document | None:
    if unit.existing is None:
        return None
    ubo = unit.ubo_by_email(file.ubo_email) if file.ubo_email else None
    if file.ubo_email and ubo is None:
        return None
    return held.get((unit.existing.pk, ubo.pk if ubo else None, file.doc_type))


def _says_nothing_new(before: Document, values: dict[str, object]) -> bool:
    """Whether number and dates are the held ones; what is blank this time says nothing."""
    number = str(values["doc_number"] or "")
    return (
        (not number or is_number_of(before, number))
        and values["doc_expire"] in (None, before.doc_expire)
        and values["doc_issued"] in (None, before.doc_issued)
    )
