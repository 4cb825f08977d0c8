"""The rules for a document's particulars: its type, number, expiry and age (002:2311-2341, 002:2454-2462).

Pure: data in, values and problems out. What is wrong with the file itself is the gate's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.utils.translation import gettext as _

from customers.rules.dates import FRESH_MONTHS, check_expiry, months_before, parse_date
from customers.rules.identity_documents import DOC_NUMBER_MAX, NEVER_EXPIRING
from customers.rules.reading import Reading, is_blank
from customers.rules.text import parse_number_text
from kyc.doc_types import BUSINESS, DEFAULT_DIALECT, DOC_TYPES, nearest, types_for

# What the exchange's own example writes where a document has none (002:2389-2390).
NOT_APPLICABLE = "n/a"


def document_subject(doc_type: str, ubo_email: str = "") -> str:
    """How a problem names a document: `document:<type>`, or `ubo:<email>/document:<type>`."""
    return f"ubo:{ubo_email}/document:{doc_type}" if ubo_email else f"document:{doc_type}"


def read_document_row(
    raw: Mapping[str, object],
    *,
    owner_kind: str,
    ubo_email: str = "",
    today: date,
    dialect: str = DEFAULT_DIALECT,
) -> Reading:
    """A document's `doc_type`, `doc_number`, `doc_expire` and `doc_issued`, as text or typed already.

    `owner_kind` is `individual`, `business` or `ubo`. An expired identity document is an error; one that
    expires within 30 days, and a proof or statement issued over three months ago, are warnings.
    """
    doc_type = str(raw.get("doc_type") or "")
    reading = Reading(subject=document_subject(doc_type, ubo_email))
    reading.values.update(doc_type=doc_type, doc_number="", doc_expire=None, doc_issued=None)
    if doc_type not in types_for(owner_kind, dialect):
        _refuse_type(reading, doc_type, owner_kind, dialect)
        return reading
    row = DOC_TYPES[doc_type]
    particulars = {name: _given(raw.get(name)) for name in ("doc_number", "doc_expire", "doc_issued")}
    reading.read(
        particulars,
        (
            ("doc_number", lambda value: parse_number_text(value, DOC_NUMBER_MAX), row.needs_number, ""),
            ("doc_expire", parse_date, row.needs_expiry_in(dialect), None),
            ("doc_issued", parse_date, False, None),
        ),
    )
    if row.takes_expiry and doc_type not in NEVER_EXPIRING:
        check_expiry(reading, today)
        if row.part == "back":
            # Both sides carry one date: the front's warning is the one to accept.
            reading.problems = [problem for problem in reading.problems if problem.code != "expires_soon"]
    _check_issued(reading, row.is_dated, today)
    return reading


def _given(value: object) -> object:
    if isinstance(value, str) and value.strip().casefold() == NOT_APPLICABLE:
        return ""
    return "" if is_blank(value) else value


def _refuse_type(reading: Reading, doc_type: str, owner_kind: str, dialect: str) -> None:
    if not doc_type:
        reading.require("doc_type")
        return
    near = nearest(doc_type, owner_kind, dialect)
    if near:
        remedy = _("Did you mean: %(types)s? The spelling must match exactly.") % {"types": ", ".join(near)}
    elif owner_kind != BUSINESS and doc_type in types_for(BUSINESS, dialect):
        remedy = _("This document belongs to a business, not to a person.")
    else:
        remedy = _("Use one of: %(types)s.") % {"types": ", ".join(types_for(owner_kind, dialect))}
    reading.error(
        "doc_type",
        "unknown_doc_type",
        _("The exchange does not take a document of this type here."),
        remedy,
        doc_type,
    )


def _check_issued(reading: Reading, is_dated: bool, today: date) -> None:
    issued = reading.values.get("doc_issued")
    if not isinstance(issued, date):
        return
    if issued > today:
        reading.error(
            "doc_issued",
            "in_the_future",
            _("The document's date of issue lies in the future."),
            _("Check the date on the document."),
            issued,
        )
    elif is_dated and issued < months_before(today, FRESH_MONTHS):
        reading.warn(
            "doc_issued",
            "too_old",
            _("The document was issued on %(day)s, over three months ago.") % {"day": issued.isoformat()},
            _("Ask for one from the last three months, or accept this one with a reason."),
            issued,
        )
