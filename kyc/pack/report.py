"""The report of an import: the rows of each rejected customer again, with a column for what is wrong.

It is a pack itself: mended and handed in with `--documents` at the first one, it imports. The column
`problems` is passed over. The report holds personal data; only its owner may read it.
"""

from __future__ import annotations

import csv
import os
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from django.utils.translation import gettext as _

from kyc.pack.columns import CUSTOMERS, DOCUMENTS, PROBLEMS, TABLES, UBOS
from kyc.pack.limits import WORKBOOK_ROWS_MAX
from kyc.pack.opening import Pack
from kyc.pack.rows import Row, escaped
from kyc.pack.units import Unit
from kyc.pack.unreadable import PackUnreadable
from kyc.pack.workbook_writing import WorkbookWriter

_MODE = 0o600


class FolderReport:
    """Three CSV files in `folder`. They appear when the import ends, and only where a row was rejected."""

    def __init__(self, folder: Path, pack: Pack) -> None:
        self._folder = folder
        self._columns = {table: columns_of(pack, table) for table in TABLES}
        self._files: dict[str, TextIO] = {}
        self._writers: dict[str, object] = {}

    def add(self, unit: Unit) -> None:
        if not self._files:
            self._begin()
        for table, row, problems in rows_of(unit):
            self._writers[table].writerow(  # type: ignore[attr-defined]
                [*(cell_text(row, column) for column in self._columns[table]), problems]
            )

    def _begin(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for table, columns in self._columns.items():
            descriptor = os.open(self._part(table), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
            # With its mark, a spreadsheet opens it as what it is.
            file = TextIOWrapper(os.fdopen(descriptor, "wb"), encoding="utf-8-sig", newline="")
            self._files[table] = file
            writer = csv.writer(file)
            writer.writerow([*columns, PROBLEMS])
            self._writers[table] = writer

    def _part(self, table: str) -> Path:
        return self._folder / f".{table}.csv.part"

    def finish(self) -> Path | None:
        """Where the report lies; None when nothing was rejected."""
        for table, file in self._files.items():
            file.close()
            self._part(table).replace(self._folder / f"{table}.csv")
        return self._folder if self._files else None

    def abandon(self) -> None:
        for table, file in self._files.items():
            file.close()
            self._part(table).unlink(missing_ok=True)


class WorkbookReport:
    """The same as one workbook with three sheets."""

    def __init__(self, path: Path, pack: Pack) -> None:
        self._path = path
        self._columns = {table: columns_of(pack, table) for table in TABLES}
        self._rows: dict[str, list[list[str]]] = {
            table: [[*columns, PROBLEMS]] for table, columns in self._columns.items()
        }

    def add(self, unit: Unit) -> None:
        for table, row, problems in rows_of(unit):
            self._rows[table].append([*(cell_text(row, column) for column in self._columns[table]), problems])

    def finish(self) -> Path | None:
        if all(len(rows) == 1 for rows in self._rows.values()):
            return None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_name(f".{self._path.name}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE), "wb") as file:
            WorkbookWriter(file).write(self._rows)
        part.replace(self._path)
        return self._path

    def abandon(self) -> None:
        """Nothing was written yet."""


def make_report(path: Path, pack: Pack, pack_path: Path) -> FolderReport | WorkbookReport:
    """The report at `path`: a workbook where that ends in .xlsx, else a folder. Raises PackUnreadable."""
    where = f"--report {path}"
    is_workbook = path.suffix.casefold() == ".xlsx"
    if path.resolve() == pack_path.resolve():
        raise PackUnreadable(
            _("The report would overwrite the pack."), _("Choose another place for it."), where=where
        )
    if (is_workbook and path.is_dir()) or (not is_workbook and path.exists() and not path.is_dir()):
        raise PackUnreadable(
            _("There is something else at this path."),
            _("Name a folder, or a file that ends in .xlsx."),
            where=where,
        )
    return WorkbookReport(path, pack) if is_workbook else FolderReport(path, pack)


def check_size(report: FolderReport | WorkbookReport | None, counts: dict[str, int]) -> None:
    """PackUnreadable where a workbook might have to hold more rows than one can be imported with."""
    if isinstance(report, WorkbookReport) and max(counts.values()) > WORKBOOK_ROWS_MAX:
        raise PackUnreadable(
            _("A workbook can't report on more than %(most)d rows.") % {"most": WORKBOOK_ROWS_MAX},
            _("Name a folder for the report."),
            where="--report",
        )


def columns_of(pack: Pack, table: str) -> list[str]:
    """The pack's own columns of a table, or all there are where the pack does not have it."""
    if table in pack.tables:
        return [column for column in pack.tables[table].columns if column is not None]
    return list(TABLES[table].columns)


def rows_of(unit: Unit) -> list[tuple[str, Row, str]]:
    """Every row of a rejected customer: table, row, and what is wrong in it."""
    rows = [(CUSTOMERS, unit.row)] if unit.row else []
    rows += [(UBOS, row) for row in unit.ubos]
    rows += [(DOCUMENTS, row) for row in unit.documents]
    texts = {(table, row.line): _problems(unit, table, row.line) for table, row in rows}
    elsewhere = sorted({table for (table, _line), text in texts.items() if text})
    if unit.row and not texts[CUSTOMERS, unit.row.line] and elsewhere:
        texts[CUSTOMERS, unit.row.line] = _("Left out because of its rows in %(tables)s.") % {
            "tables": _(" and ").join(elsewhere)
        }
    return [(table, row, texts[table, row.line]) for table, row in rows]


def _problems(unit: Unit, table: str, line: int) -> str:
    faults = [
        fault for fault in unit.faults if fault.table == table and fault.line == line and fault.is_error
    ]
    return " | ".join(
        " ".join(part for part in (f"{fault.column}:", fault.problem.message, fault.problem.remedy) if part)
        for fault in faults
    )


def cell_text(row: Row, column: str) -> str:
    """A cell as an import reads it again, and as no spreadsheet takes for a formula."""
    value = row.cells.get(column, "")
    if isinstance(value, datetime):
        value = value.isoformat(sep=" ")
    elif isinstance(value, date):
        value = value.isoformat()
    elif isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        value = int(value)
    return escaped("" if value is None else str(value))
