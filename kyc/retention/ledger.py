"""The list of whose data was destroyed, kept beside the database: a restored backup does not know it.

One line of JSON each, `{"customer": UUID, "at": time}`; nothing personal. Written before the erasure commits,
so that none is missing; a line too many names a customer whose erasure two people had approved.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone


def write(customer_id: UUID) -> None:
    """Add a line, durably. Raises OSError: then nothing may be erased."""
    path = Path(settings.ERASURE_LEDGER)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"customer": str(customer_id), "at": timezone.now().isoformat(timespec="seconds")})
    # One write of less than a page to a file that is only appended to: lines of several processes don't mix.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def read() -> list[UUID]:
    """Whom the ledger names, each once, in its order. A line that was cut off by a crash is left out.

    Raises OSError, except where there is no ledger yet.
    """
    try:
        lines = Path(settings.ERASURE_LEDGER).read_text().splitlines()
    except FileNotFoundError:
        return []
    ids: dict[UUID, None] = {}
    for line in lines:
        try:
            ids[UUID(json.loads(line)["customer"])] = None
        except (ValueError, KeyError, TypeError):
            continue
    return list(ids)
