"""A plugin of pytest: whatever any test seals becomes a mark, and everything is logged at DEBUG as the
product logs.

    CANARY_FOLDER=… pytest -p tests.canary.suite_plugin …
"""

import json
import logging
import os
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("CANARY_FOLDER", ""))
# Shorter values stand in many places for other reasons: house numbers, years.
LENGTH_MIN = 8
_sealed: set[str] = set()


def pytest_configure(config: Any) -> None:
    from portal.logs import LineFormatter, NotTalkative
    from vault.fields import EncryptedDateField, EncryptedTextField

    for kind in (EncryptedTextField, EncryptedDateField):
        kind.to_bytes = _noting(kind.to_bytes)  # type: ignore[method-assign]
    (FOLDER / "logs").mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(FOLDER / "logs" / f"{os.getpid()}.txt")
    handler.setFormatter(LineFormatter())
    handler.addFilter(NotTalkative())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)


def pytest_unconfigure(config: Any) -> None:
    (FOLDER / f"marks-{os.getpid()}.json").write_text(json.dumps(sorted(_sealed)))


def _noting(to_bytes: Any) -> Any:
    def noting(self: Any, value: Any) -> bytes:
        plain = to_bytes(self, value)
        if len(plain) >= LENGTH_MIN:
            _sealed.add(plain.decode())
        return plain

    return noting
