"""What an import says at its end: counts, what was rejected and why, who waits for what."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kyc.pack.tally import LISTED_MAX, Tally
from kyc.pack.units import Fault


def tell(
    tally: Tally,
    *,
    is_dry: bool,
    submits: bool,
    report: Path | None,
    documents: Path | None,
    labels: Mapping[str, str],
) -> Iterator[str]:
    """The summary, line by line. `labels`: what each table is called; `documents`: where its files are.

    No personal data beyond what `Problem.shown` lets through.
    """
    yield from _counts(tally, is_dry, submits)
    if tally.faults:
        yield ""
        yield _("Rejected:")
        for fault in tally.faults:
            yield f"  {fault_line(fault, labels)}"
        if tally.fault_count > len(tally.faults):
            more = tally.fault_count - len(tally.faults)
            yield "  " + (
                _("… and %(more)d more; the report has them all.") % {"more": more}
                if report
                else _("… and %(more)d more; --report FOLDER writes them all.") % {"more": more}
            )
    if tally.frozen_references:
        yield ""
        yield _("Submitted before, and handed in with changes now; nothing was changed:")
        yield f"  {_listed(tally.frozen_references, tally.frozen)}"
        yield _("  The exchange has them. Changes are made when it rejects a customer.")
    if tally.turned_down_references:
        yield ""
        yield _("Turned down by the exchange, and handed in unchanged; not submitted again:")
        yield f"  {_listed(tally.turned_down_references, tally.turned_down)}"
        yield _("  What the exchange said stands in the portal under Waiting. Correct their rows, or submit")
        yield _("  them there as they are.")
    if tally.held_list:
        yield ""
        yield _("Held by warnings, until an officer accepts them:")
        for held in tally.held_list:
            yield f"  {held.reference}: {'; '.join(held.doubts)}"
        if tally.held > len(tally.held_list):
            yield "  " + _("… and %(more)d more.") % {"more": tally.held - LISTED_MAX}
        yield _('  Look at them in the portal, or run again with --accept-warnings "why".')
    if report is not None:
        yield ""
        yield _("The rejected rows, ready to be mended: %(path)s") % {"path": report}
        again = f"manage.py import_pack {shlex.quote(str(report))}"
        if documents is not None:
            again += f" --documents {shlex.quote(str(documents))}"
        yield _("  Hand them in again with: %(command)s") % {"command": again}


def _counts(tally: Tally, is_dry: bool, submits: bool) -> Iterator[str]:
    if is_dry:
        yield _("Dry run: nothing was written. This is what an import would do.")
    yield ngettext("%(count)d customer in the pack", "%(count)d customers in the pack", tally.customers) % {
        "count": tally.customers
    }
    rows = [
        (tally.accepted, _("accepted")),
        (tally.already_there, _("already there, unchanged")),
        (tally.updated, _("updated")),
        (tally.rejected, _("rejected")),
        (tally.strays, _("references without a customer, rejected")),
        (tally.frozen, _("submitted before, left as they are")),
        (tally.documents, _("documents added")),
        (tally.submitted, _("submitted to the exchange")),
        (tally.turned_down, _("turned down by the exchange, unchanged")),
        (tally.own, _("waiting for a second person to submit them")),
        (tally.warnings_accepted, _("warnings accepted")),
        (tally.warnings_proposed, _("warnings proposed to a second person")),
        (tally.held, _("held by warnings")),
        (tally.incomplete, _("waiting for documents")),
    ]
    always = 4 if not submits else 0
    for place, (count, label) in enumerate(rows):
        if count or place < always or label in (_("accepted"), _("rejected")):
            yield f"  {count:>7,}  {label}"
    if is_dry and submits:
        yield _("How many would be submitted shows only once their documents are stored.")


def fault_line(fault: Fault, labels: Mapping[str, str]) -> str:
    """`IND-7, customers.csv line 12, dob (3***): message remedy`."""
    problem = fault.problem
    shown = f" ({problem.shown})" if problem.shown else ""
    column = f", {fault.column}{shown}" if fault.column else ""
    name = _("%(reference)s, %(table)s line %(line)d") % {
        "reference": fault.reference[:80] or _("(no reference)"),
        "table": labels.get(fault.table, fault.table),
        "line": fault.line,
    }
    return f"{name}{column}: {problem.message} {problem.remedy}"


def _listed(references: list[str], count: int) -> str:
    more = _(" and %(more)d more") % {"more": count - len(references)} if count > len(references) else ""
    return ", ".join(references) + more
