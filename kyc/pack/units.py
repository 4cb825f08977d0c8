"""A unit: one customer of the pack with its UBOs and documents. It enters whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from customers.candidates import Candidate
from customers.models import Customer, Ubo
from customers.problems import ERROR, Problem
from customers.register import NewCustomer
from kyc.pack.rows import Row
from kyc.preparing import Prepared


class Fault(NamedTuple):
    """A problem and the cell that it is about. `column` is the pack's; `problem.field` is the exchange's."""

    reference: str
    table: str
    line: int
    column: str
    problem: Problem

    @property
    def is_error(self) -> bool:
        return self.problem.is_error


@dataclass(slots=True)
class DocumentRow:
    """A row of `documents`, with what customers.csv lends it, and what became of it."""

    row: Row
    ubo_email: str
    doc_type: str
    path: str
    doc_number: object
    doc_expire: object
    doc_issued: object
    owner_kind: str
    prepared: Prepared | None = None
    is_held_already: bool = False

    @property
    def slot(self) -> tuple[str, str]:
        return self.ubo_email.casefold(), self.doc_type


@dataclass(slots=True)
class Unit:
    """`row` is None where `documents` (or `ubos`) name a reference that `customers` does not have."""

    reference: str
    row: Row | None
    ubos: list[Row] = field(default_factory=list)
    documents: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    candidate: Candidate | None = None
    existing: Customer | None = None
    new: NewCustomer | None = None
    files: list[DocumentRow] = field(default_factory=list)
    has_too_many_rows: bool = False

    @property
    def has_errors(self) -> bool:
        return bool(self.faults) and any(fault.is_error for fault in self.faults)

    @property
    def first_line(self) -> int:
        return next(
            (
                row.line
                for rows in ([self.row] if self.row else [], self.ubos, self.documents)
                for row in rows
            ),
            0,
        )

    def anew(self) -> Unit:
        """The same rows, not judged yet."""
        return Unit(
            self.reference, self.row, self.ubos, self.documents, has_too_many_rows=self.has_too_many_rows
        )

    def with_faults(self) -> Unit:
        """The rows and what is wrong with them, without what was made of them."""
        unit = self.anew()
        unit.faults = self.faults
        return unit

    def fault(self, table: str, line: int, column: str, problem: Problem) -> None:
        self.faults.append(Fault(self.reference, table, line, column, problem))

    def refuse(
        self, table: str, line: int, column: str, code: str, message: str, remedy: str, shown: str = ""
    ) -> None:
        self.fault(table, line, column, Problem(code, "", column, ERROR, message, remedy, shown))

    @property
    def customer(self) -> Customer | None:
        return self.new.customer if self.new else self.existing

    def ubo_by_email(self, email: str) -> Ubo | None:
        """The stored or coming UBO with this address."""
        ubos = self.new.ubos if self.new else list(self.existing.ubos.all()) if self.existing else []
        return next((ubo for ubo in ubos if ubo.email_key == email.casefold()), None)
