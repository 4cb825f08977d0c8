"""Units gathered out of the tables, part by part, in the order of `customers`; strays come last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from django.utils.translation import gettext as _

from kyc.pack.columns import CUSTOMERS, DOCUMENTS, UBOS
from kyc.pack.limits import ROWS_PER_CUSTOMER_MAX
from kyc.pack.opening import Pack
from kyc.pack.places import STEP, Places, text_of
from kyc.pack.rows import Row
from kyc.pack.units import Unit

# Customers in one transaction: well under half a second, with documents or without. Asked for 1,500 keys at
# once, PostgreSQL takes reading a table of 100,000 rows for cheaper than its index, which it is not.
CHUNK_PLAIN = 14 * STEP
CHUNK_WITH_DOCUMENTS = STEP


class Part(NamedTuple):
    """So many customers (at most) from the row that begins there."""

    place: int
    line: int
    size: int


def parts_of(places: Places) -> list[Part]:
    """The customers of a surveyed pack, a transaction's worth each."""
    size = CHUNK_WITH_DOCUMENTS if places.counts[DOCUMENTS] else CHUNK_PLAIN
    return [Part(place, line, size) for place, line in places.starts[:: size // places.step]]


def gather(pack: Pack, places: Places, part: Part) -> list[Unit]:
    """A part's units, with the faults that only the whole file shows."""
    return _units(pack, places, list(islice(pack.customers.rows_from(part.place, part.line), part.size)))


def gather_strays(pack: Pack, places: Places) -> Iterator[list[Unit]]:
    """Units of references that `customers` does not have."""
    for batch in places.strays():
        for start in range(0, len(batch), CHUNK_WITH_DOCUMENTS):
            yield _stray_units(pack, places, batch[start : start + CHUNK_WITH_DOCUMENTS])


def _units(pack: Pack, places: Places, rows: Sequence[Row]) -> list[Unit]:
    references = [text_of(row, "reference") for row in rows]
    first = places.first_lines(rows)
    units = []
    for row, reference, (line, email_line) in zip(rows, references, first, strict=True):
        unit = Unit(reference, row)
        if not reference:
            unit.refuse(
                CUSTOMERS,
                row.line,
                "reference",
                "required",
                _("reference is missing."),
                _("Give the row your own id of the customer; it tells which row is which."),
            )
        elif line != row.line:
            unit.refuse(
                CUSTOMERS,
                row.line,
                "reference",
                "same_reference",
                _("Line %(line)d has the same reference.") % {"line": line},
                _("Give each customer a reference of its own, or take one of the rows out."),
                reference[:80],
            )
        if email_line != row.line:
            unit.refuse(
                CUSTOMERS,
                row.line,
                "email",
                "same_email",
                _("Line %(line)d has the same e-mail address.") % {"line": email_line},
                _("Give this customer's own address; each may be used once within a merchant."),
                text_of(row, "email")[:80],
            )
        units.append(unit)
    # What belongs to a reference that is there twice belongs to its first row.
    owners = {
        unit.reference: unit
        for unit, (line, _email) in zip(units, first, strict=True)
        if unit.reference and unit.row and line == unit.row.line
    }
    _add_children(pack, places, owners)
    return units


def _stray_units(pack: Pack, places: Places, batch: Sequence[tuple[str, int, int]]) -> list[Unit]:
    owners: dict[str, Unit] = {}
    for table, place, line in batch:
        reference = text_of(pack.tables[table].row_at(place, line), "reference")
        owners[reference] = Unit(reference, None)
    _add_children(pack, places, owners)
    return list(owners.values())


def _add_children(pack: Pack, places: Places, owners: dict[str, Unit]) -> None:
    found = [
        (table, place, line, owners[reference])
        for reference, children in places.children(list(owners)).items()
        for table, place, line in children
    ]
    for table, place, line, unit in sorted(found, key=lambda child: (child[0], child[1])):
        rows = unit.ubos if table == UBOS else unit.documents
        if len(unit.ubos) + len(unit.documents) >= ROWS_PER_CUSTOMER_MAX:
            if not unit.has_too_many_rows:
                unit.has_too_many_rows = True
                unit.refuse(
                    table,
                    line,
                    "reference",
                    "too_many",
                    _("This reference has more than %(most)d rows in ubos and documents.")
                    % {"most": ROWS_PER_CUSTOMER_MAX},
                    _("Take out what does not belong to it."),
                )
            continue
        rows.append(pack.tables[table].row_at(place, line))
