"""A unit judged: the same rules as a form's and a call's, each problem placed at its cell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.utils.translation import gettext as _

from customers.candidates import judge_apart
from customers.known import merchant_unknown
from customers.models import Merchant
from customers.problems import Problem, shown_safely
from kyc.doc_types import BUSINESS, INDIVIDUAL, UBO, backs_of
from kyc.pack.columns import CUSTOMERS, DOCUMENTS, UBOS
from kyc.pack.places import text_of
from kyc.pack.rows import Row
from kyc.pack.units import DocumentRow, Unit

# Whole numbers in these columns of a workbook may have lost leading zeros; there is no telling.
_LEADING_ZEROS = ("id_number", "doc_number", "phone_number")
_LISTS = ("business_profile.jurisdictions_of_operation", "business_profile.license_jurisdictions")

Cells = dict[str, object]


def judge_unit(
    unit: Unit, *, merchants: Mapping[str, Merchant], default_merchant: Merchant, today: date
) -> None:
    """All rules that need no database: set the unit's `candidate`, and put every problem at its cell."""
    if unit.row is None:
        _refuse_stray_ubos(unit)
    else:
        uid = text_of(unit.row, "merchant_uid")
        candidate, ubo_problems = judge_apart(
            _with_lists(unit.row.cells),
            [_with_lists(ubo.cells) for ubo in unit.ubos],
            merchant=merchants.get(uid) if uid else default_merchant,
            today=today,
        )
        if candidate.merchant is None:
            unit.fault(CUSTOMERS, unit.row.line, "merchant_uid", merchant_unknown(uid))
        for problem in candidate.problems:
            place_problem(unit, problem)
        for ubo, problems in zip(unit.ubos, ubo_problems, strict=True):
            for problem in problems:
                unit.fault(UBOS, ubo.line, problem.field, problem)
        candidate.reference = candidate.reference or unit.reference
        unit.candidate = candidate
    for table, rows in (
        (CUSTOMERS, [unit.row] if unit.row else []),
        (UBOS, unit.ubos),
        (DOCUMENTS, unit.documents),
    ):
        for row in rows:
            _check_cells(unit, table, row)


def place_problem(unit: Unit, problem: Problem) -> None:
    """Put a problem of the customer, a UBO or a document where its row is."""
    owner, _slash, document = (
        problem.subject.rpartition("/") if "/document:" in problem.subject else (problem.subject, "", "")
    )
    if document or owner.startswith("document:"):
        for file in unit.files:
            if problem.subject == _document_subject(file):
                unit.fault(DOCUMENTS, file.row.line, problem.field, problem)
                return
    if owner.startswith("ubo:"):
        key = owner.removeprefix("ubo:").casefold()
        lines = [ubo.line for ubo in unit.ubos if text_of(ubo, "email").casefold() == key]
        if lines:
            unit.fault(UBOS, lines[-1], problem.field, problem)
            return
    is_about_ubos = problem.field in ("ubos", "ownership_percentage") and bool(unit.ubos)
    if is_about_ubos:
        unit.fault(
            UBOS, unit.ubos[-1].line, "reference" if problem.field == "ubos" else problem.field, problem
        )
    else:
        column = "reference" if problem.field == "ubos" else problem.field
        unit.fault(CUSTOMERS, unit.first_line, column, problem)


def _document_subject(file: DocumentRow) -> str:
    return f"ubo:{file.ubo_email}/document:{file.doc_type}" if file.ubo_email else f"document:{file.doc_type}"


def _with_lists(cells: Cells) -> Cells:
    """The cells as the rules read them: lists split at `;`."""
    split = {
        name: [part.strip() for part in text.split(";") if part.strip()]
        for name in _LISTS
        if isinstance(text := cells.get(name), str) and text
    }
    return {**cells, **split} if split else cells


def _refuse_stray_ubos(unit: Unit) -> None:
    for row in unit.ubos:
        unit.refuse(
            UBOS,
            row.line,
            "reference",
            "unknown_reference",
            _("The customers of this pack have no such reference."),
            _("Correct the reference, or hand in the business's own row, too."),
            unit.reference[:80],
        )


def read_documents(unit: Unit) -> None:
    """The unit's document rows, with the identity document's particulars that its customer's row gives."""
    seen: dict[tuple[str, str], int] = {}
    for row in unit.documents:
        ubo_email = text_of(row, "ubo_email")
        file = DocumentRow(
            row=row,
            ubo_email=ubo_email,
            doc_type=text_of(row, "doc_type"),
            path=text_of(row, "file"),
            doc_number=row.cells.get("doc_number", ""),
            doc_expire=row.cells.get("doc_expire", ""),
            doc_issued=row.cells.get("doc_issued", ""),
            owner_kind=UBO if ubo_email else _owner_kind(unit),
        )
        if unit.row is not None and not ubo_email:
            _lend(file, unit.row)
        first = seen.setdefault(file.slot, row.line)
        if first != row.line:
            unit.refuse(
                DOCUMENTS,
                row.line,
                "doc_type",
                "same_document",
                _("Line %(line)d has the same document of the same person.") % {"line": first},
                _("Keep one file for each type; put several pages into one PDF."),
                file.doc_type[:80],
            )
        if not file.path:
            unit.refuse(
                DOCUMENTS,
                row.line,
                "file",
                "required",
                _("file is missing."),
                _("Write the file's path inside the pack, such as files/passport.jpg."),
            )
        unit.files.append(file)


def _owner_kind(unit: Unit) -> str:
    if unit.candidate is not None and unit.candidate.entity_type:
        return unit.candidate.entity_type
    if unit.existing is not None:
        return unit.existing.entity_type
    return BUSINESS if unit.ubos else INDIVIDUAL


def _lend(file: DocumentRow, customer: Row) -> None:
    """Fill blanks of the identity document, both its sides, from the customer's row."""
    front = text_of(customer, "doc_type")
    if file.doc_type != front and file.doc_type not in backs_of(front):
        return
    for name in ("doc_number", "doc_expire"):
        if not text_of(file.row, name):
            setattr(file, name, customer.cells.get(name, ""))


def check_owners(unit: Unit) -> None:
    """Refuse documents of a UBO that the business does not have, here or in the portal."""
    if not unit.files:
        return
    known = {text_of(ubo, "email").casefold() for ubo in unit.ubos}
    if unit.existing is not None and unit.row is None:
        known = {ubo.email_key for ubo in unit.existing.ubos.all()}
    for file in unit.files:
        if file.ubo_email and file.ubo_email.casefold() not in known:
            unit.refuse(
                DOCUMENTS,
                file.row.line,
                "ubo_email",
                "unknown_ubo",
                _("This business has no beneficial owner with that e-mail address."),
                _("Correct the address, or add the person to ubos."),
                shown_safely("ubo_email", file.ubo_email),
            )


def _check_cells(unit: Unit, table: str, row: Row) -> None:
    """What only a file can get wrong: cells past the header, and numbers that a workbook shortened."""
    if row.surplus:
        unit.refuse(
            table,
            row.line,
            "",
            "surplus_cells",
            _("The row has more cells than the header has columns."),
            _("Put text that holds the delimiter into quotes."),
        )
    for name in _LEADING_ZEROS:
        value = row.cells.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            faults = [fault for fault in unit.faults if fault.table == table and fault.line == row.line]
            if any(fault.column == name and fault.is_error for fault in faults):
                continue
            unit.refuse(
                table,
                row.line,
                name,
                "number_cell",
                _("The workbook holds this as a number, so that leading zeros are lost."),
                _("Format the column as text and type the value again, with all of its digits."),
                shown_safely(name, value),
            )
