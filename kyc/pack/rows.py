"""A row of a pack, whichever kind of file it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

# What a spreadsheet would take for a formula; a report writes such a cell with a leading apostrophe.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(slots=True)
class Row:
    """`cells`: what each column holds, text as typed or a workbook's own type, by column name.

    `line` counts from 1 and is the line where the row begins; `place` finds it again (`RowSource.row_at`).
    `surplus`: cells past the header's last column that are not empty.
    """

    line: int
    place: int
    cells: dict[str, object]
    surplus: int = 0


class RowSource(Protocol):
    """A table of a pack. It may be read through any number of times, and row by row in any order."""

    table: str
    where: str  # as a message names it: `customers.csv`, or the sheet
    columns: list[str | None]

    def rows(self) -> Iterator[Row]: ...

    def rows_from(self, place: int, line: int) -> Iterator[Row]: ...

    def row_at(self, place: int, line: int) -> Row: ...


def unescaped(text: str) -> str:
    """A cell's text without the one apostrophe that a report put before what looks like a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA_STARTS and len(text) > 1 else text


def escaped(text: str) -> str:
    """The same the other way: text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(FORMULA_STARTS) else text
