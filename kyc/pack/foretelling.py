"""A dry run's end of a chunk: count what would become of it."""

from __future__ import annotations

from collections.abc import Sequence

from kyc.pack.comparing import fields_differ, files_differ
from kyc.pack.tally import Tally
from kyc.pack.units import Unit


def foretell(units: Sequence[Unit], tally: Tally, *, accepts_warnings: bool) -> None:
    """Count the units that have no errors. Who would be incomplete is not foretold."""
    for unit in units:
        if unit.has_errors:
            continue
        if unit.existing is None:
            tally.accepted += 1
        elif not fields_differ(unit) and not files_differ(unit):
            tally.already_there += 1
            continue
        elif not unit.existing.is_editable:
            tally.freeze(unit.reference)
            continue
        else:
            tally.updated += 1
        tally.documents += sum(not file.is_held_already for file in unit.files)
        doubts = [f"{fault.column}: {fault.problem.message}" for fault in unit.faults if not fault.is_error]
        if doubts and not accepts_warnings:
            tally.hold(unit.reference, doubts)
