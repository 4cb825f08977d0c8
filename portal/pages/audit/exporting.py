"""The audit trail as CSV: what was found, row by row, safe to open in a spreadsheet."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from accounts.audit_rows import AuditEntry, AuditLink
from kyc.pack.rows import escaped

COLUMNS = (
    "number", "position", "at", "actor", "roles", "action", "outcome", "channel", "request_id",
    "merchant_uid", "subject_type", "subject_id", "customer_id", "reason", "details", "changes",
)  # fmt: skip
# Entries read at a time.
CHUNK = 2_000


class _Echo:
    def write(self, text: str) -> str:
        return text


def csv_lines(entries: QuerySet[AuditEntry], most: int) -> Iterator[str]:
    """The lines of the file, the newest entry first, at most `most` of them. Read chunk by chunk by key, so
    no query is open while a slow reader takes its time."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(COLUMNS)
    before: int | None = None
    left = most
    while left > 0:
        chunk = entries.filter(pk__lt=before) if before is not None else entries
        rows = list(chunk.select_related("actor").order_by("-pk")[: min(CHUNK, left)])
        if not rows:
            return
        links = AuditLink.objects.filter(entry_id__in=[row.pk for row in rows])
        positions = dict(links.values_list("entry_id", "position"))
        for row in rows:
            yield writer.writerow([escaped(cell) for cell in _cells(row, positions.get(row.pk))])
        before, left = rows[-1].pk, left - len(rows)


def _cells(row: AuditEntry, position: int | None) -> list[str]:
    return [
        *(str(row.pk), _text(position), row.at.isoformat(), row.actor.email if row.actor else "", row.roles),
        *(row.action, row.outcome, row.channel, row.request_id, row.merchant_uid, row.subject_type),
        *(_text(row.subject_id), _text(row.customer_id), row.reason),
        *(_json(row.details), _json(row.changes)),
    ]


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""
