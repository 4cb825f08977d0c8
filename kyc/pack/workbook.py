"""A pack as an .xlsx workbook: looked through as a zip of XML before any parser sees it, then read whole."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from pathlib import Path

from django.utils.translation import gettext as _

from kyc.pack import limits
from kyc.pack.archive import open_zip, unpack
from kyc.pack.columns import TABLES, read_header
from kyc.pack.rows import Row, unescaped
from kyc.pack.unreadable import PackUnreadable

_ODS = b"application/vnd.oasis.opendocument"
_MARKUP = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
# A cell far out would make the parser lay out the whole rectangle before it: rows from 51,000 (see
# WORKBOOK_ROWS_MAX) and columns from GS (see COLUMNS_MAX) are refused unread.
_FAR_ROW = re.compile(rb"""\br\s*=\s*["'][A-Z]{0,3}(5[1-9]\d{3}|[6-9]\d{4}|\d{6,})["']""")
_FAR_COLUMN = re.compile(rb"""\br\s*=\s*["'](G[S-Z]|[H-Z][A-Z]|[A-Z]{3,})\d""")
_MACRO = re.compile(rb"macroEnabled|vbaProject", re.IGNORECASE)


def _save_as_xlsx() -> str:
    return _("Save it as “Excel workbook (.xlsx)”, or its sheets as CSV UTF-8.")


def check_workbook(path: Path) -> None:
    """PackUnreadable unless the file is an .xlsx without macros, external links, entities or bombs in it."""
    where = path.name
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise PackUnreadable(
            _("It can't be read: %(reason)s.") % {"reason": error.strerror or ""},
            _("Check the path."),
            where=where,
        ) from None
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise PackUnreadable(
            _("This is an old workbook (.xls) or one with a password, under the name of an .xlsx."),
            _save_as_xlsx(),
            where=where,
        )
    if not head.startswith(b"PK"):
        raise PackUnreadable(_("This is not an .xlsx workbook."), _save_as_xlsx(), where=where)
    with open_zip(
        path, entries_max=limits.WORKBOOK_ENTRIES_MAX, bytes_max=limits.WORKBOOK_BYTES_MAX
    ) as archive:
        _check_parts(archive, where)


def _check_parts(archive: zipfile.ZipFile, where: str) -> None:
    names = {entry.filename for entry in archive.infolist()}
    if "mimetype" in names and _ODS in archive.read("mimetype")[:200]:
        raise PackUnreadable(
            _("This is an OpenDocument spreadsheet (.ods) under the name of an .xlsx."),
            _save_as_xlsx(),
            where=where,
        )
    if "xl/workbook.xml" not in names:
        raise PackUnreadable(_("This is not an .xlsx workbook."), _save_as_xlsx(), where=where)
    if any(name.casefold().endswith("vbaproject.bin") for name in names):
        raise _has("macros", where)
    if any(name.casefold().startswith("xl/externallinks/") for name in names):
        raise _has("links to other workbooks", where)
    left = limits.WORKBOOK_BYTES_MAX
    for entry in archive.infolist():
        is_markup = entry.filename.casefold().endswith((".xml", ".rels", ".vml"))
        tail = b""
        for chunk in unpack(archive, entry, left, where):
            left -= len(chunk)
            if not is_markup:
                continue
            # Without its NULs, UTF-16 reads like ASCII; the tail catches what lies across two chunks.
            text = tail + chunk.replace(b"\0", b"")
            if _MARKUP.search(text):
                raise _has("XML entities or a document type", where)
            if entry.filename == "[Content_Types].xml" and _MACRO.search(text):
                raise _has("macros", where)
            if entry.filename.startswith("xl/worksheets/"):
                _check_extent(text, where)
            tail = text[-64:]


def _check_extent(text: bytes, where: str) -> None:
    if _FAR_ROW.search(text):
        raise PackUnreadable(
            _("A sheet reaches beyond row %(most)d.") % {"most": limits.WORKBOOK_ROWS_MAX},
            _("Delete the empty rows below the data, or save the sheets as CSV UTF-8, which may be longer."),
            where=where,
        )
    if _FAR_COLUMN.search(text):
        raise PackUnreadable(
            _("A sheet has more than %(most)d columns.") % {"most": limits.COLUMNS_MAX},
            _("Delete the columns that are not of the pack's format."),
            where=where,
        )


def _has(what: str, where: str) -> PackUnreadable:
    return PackUnreadable(
        _("The workbook holds %(what)s, and none may be opened here.") % {"what": what},
        _("Copy the sheets' values into a new workbook, or save them as CSV UTF-8."),
        where=where,
    )


class SheetTable:
    """One sheet. `place` of a row is its number in the sheet, from 0."""

    def __init__(self, table: str, where: str, sheet: list[list[object]]) -> None:
        self.table = table
        self.where = where
        self._sheet = sheet
        self._header = next(
            (place for place, cells in enumerate(sheet) if any(_is_filled(c) for c in cells)), 0
        )
        self.columns = read_header(sheet[self._header] if sheet else [], table, where)

    def rows(self) -> Iterator[Row]:
        return self.rows_from(self._header + 1, self._header + 2)

    def rows_from(self, place: int, line: int) -> Iterator[Row]:
        for later in range(len(self._sheet) - place):
            if any(_is_filled(cell) for cell in self._sheet[place + later]):
                yield self.row_at(place + later, line + later)

    def row_at(self, place: int, line: int) -> Row:
        record = self._sheet[place]
        cells = {
            column: _plain(cell)
            for column, cell in zip(self.columns, record, strict=False)
            if column is not None
        }
        return Row(line, place, cells, sum(_is_filled(cell) for cell in record[len(self.columns) :]))


def _is_filled(cell: object) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def _plain(cell: object) -> object:
    if isinstance(cell, str):
        return unescaped(cell) if cell[:1] == "'" else cell
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second or cell.microsecond):
        return cell.date()
    if isinstance(cell, date | datetime | bool | int | float):
        return cell
    if isinstance(cell, time | timedelta):
        return str(cell)
    return "" if cell is None else str(cell)


def read_workbook(path: Path) -> dict[str, SheetTable]:
    """The tables among the sheets, by name. Sheets of other names are passed over; a near miss is refused."""
    check_workbook(path)
    import python_calamine  # loaded when a workbook is handed in

    where = path.name
    try:
        book = python_calamine.load_workbook(str(path))
        tables: dict[str, SheetTable] = {}
        for sheet_name in book.sheet_names:
            name = sheet_name.strip().casefold()
            label = f"{where}, {_('sheet')} {sheet_name}"
            if name not in TABLES:
                near = get_close_matches(name, TABLES, n=1, cutoff=0.7)
                if near:
                    raise PackUnreadable(
                        _("There is no table of this name."),
                        _("Call the sheet “%(near)s”.") % {"near": near[0]},
                        where=label,
                    )
                continue
            if name in tables:
                raise PackUnreadable(_("The sheet is there twice."), _("Keep one of them."), where=label)
            sheet = book.get_sheet_by_name(sheet_name)
            if sheet.total_height > limits.WORKBOOK_ROWS_MAX + 1:
                raise PackUnreadable(
                    _("It has %(count)d rows; a workbook may have %(most)d in a sheet.")
                    % {"count": sheet.total_height - 1, "most": limits.WORKBOOK_ROWS_MAX},
                    _("Save the sheets as CSV UTF-8, which may be longer."),
                    where=label,
                )
            if sheet.total_width > limits.COLUMNS_MAX:
                raise PackUnreadable(
                    _("It has %(count)d columns; %(most)d is the most.")
                    % {"count": sheet.total_width, "most": limits.COLUMNS_MAX},
                    _("Take out the columns that are not of the pack's format."),
                    where=label,
                )
            tables[name] = SheetTable(name, label, [list(row) for row in sheet.iter_rows()])
    except python_calamine.CalamineError:
        raise PackUnreadable(_("The workbook is damaged."), _save_as_xlsx(), where=where) from None
    return tables
