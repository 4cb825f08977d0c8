"""A table of a pack as a CSV file: streamed, and read again row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from kyc.pack.columns import known_columns, read_header
from kyc.pack.limits import CSV_ROWS_MAX
from kyc.pack.lines import Lines, find_encoding
from kyc.pack.rows import Row, unescaped
from kyc.pack.unreadable import PackUnreadable

DELIMITERS = (",", ";", "\t")


class CsvTable:
    """One CSV file. `stream` is seekable and stays the caller's to close."""

    def __init__(self, stream: BinaryIO, table: str, where: str) -> None:
        self.table = table
        self.where = where
        self._stream = stream
        stream.seek(0)
        self._encoding, mark = find_encoding(stream.read(4096), where)
        self._begin = mark
        self._delimiter = ","
        self.columns: list[str | None] = []
        self._read_header()

    def _read_header(self) -> None:
        """Take the delimiter under which most columns are known ones."""
        best = -1
        failure: PackUnreadable | None = None
        cells: list[str] = []
        for delimiter in DELIMITERS:
            lines = Lines(self._stream, self._encoding, self._begin, self.where)
            try:
                found = next(self._records(lines, delimiter), [])
            except PackUnreadable as error:
                failure = failure or error
                continue
            if (known := known_columns(found, self.table)) > best:
                best, cells, self._delimiter = known, found, delimiter
                self._body, self._body_line = lines.position, lines.number
        if failure and best <= 0:
            raise failure
        self.columns = read_header(cells, self.table, self.where)

    def _records(self, lines: Lines, delimiter: str) -> Iterator[list[str]]:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        first = 1
        try:
            for record in reader:
                yield record
                first = reader.line_num + 1
        except csv.Error as error:
            line = lines.number - reader.line_num + first
            text = str(error)
            if "field larger" in text or "unexpected end" in text:
                message = _("The row that begins in line %(line)d has a quote that is never closed.")
            elif "new-line" in text:
                message = _("Line %(line)d ends with a bare carriage return.")
            else:
                message = _("Line %(line)d has text after a closing quote.")
            raise PackUnreadable(
                message % {"line": line},
                _('Save the file as CSV again from a spreadsheet; inside quotes, a quote is doubled ("").'),
                where=self.where,
            ) from None

    def rows(self) -> Iterator[Row]:
        """Every row that is not empty. PackUnreadable where the file can't be read on."""
        most = CSV_ROWS_MAX[self.table]
        for count, row in enumerate(self.rows_from(self._body, self._body_line + 1), 1):
            if count > most:
                raise PackUnreadable(
                    _("It has more than %(most)d rows.") % {"most": most},
                    _("Hand it in as several packs."),
                    where=self.where,
                )
            yield row

    def rows_from(self, place: int, line: int) -> Iterator[Row]:
        """The same from a row on that was read before."""
        lines = Lines(self._stream, self._encoding, place, self.where)
        lines.number = line - 1
        for record in self._records(lines, self._delimiter):
            if any(record):
                yield self._row(record, line, place)
            place, line = lines.position, lines.number + 1

    def row_at(self, place: int, line: int) -> Row:
        return next(self.rows_from(place, line))

    def _row(self, record: list[str], line: int, place: int) -> Row:
        if "\0'" in "\0".join(("", *record)):
            record = [unescaped(text) if text[:1] == "'" else text for text in record]
        cells: dict[str | None, object] = dict(zip(self.columns, record, strict=False))
        # Columns to pass over all have one name.
        cells.pop(None, None)
        beyond = record[len(self.columns) :]
        surplus = sum(bool(text.strip()) for text in beyond) if beyond else 0
        return Row(line, place, cast(dict[str, object], cells), surplus)
