"""What the sandbox is started with: command line over environment over defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from exchange.sandbox.dialects import DEFAULT_DIALECT, NAMES

# A published example pair. It opens nothing but this imitation.
DEFAULT_KEY = "61d025b8573501c2"
DEFAULT_SECRET = "2d0b4979c7fe6986daa8e21d1dc0644f"  # noqa: S105
DEFAULT_PORT = 8001
DEFAULT_THREADS = 32


@dataclass(frozen=True, slots=True)
class Configuration:
    """`review_seconds`: how long after the last needed document an individual is verified."""

    store: Path
    key: str = DEFAULT_KEY
    secret: str = DEFAULT_SECRET
    dialect: str = DEFAULT_DIALECT
    review_seconds: float = 5.0

    @classmethod
    def from_environment(cls, environ: dict | os._Environ = os.environ) -> Configuration:
        """SANDBOX_STORE, SANDBOX_API_KEY, SANDBOX_API_SECRET, SANDBOX_DIALECT, SANDBOX_REVIEW_SECONDS.

        Raises ValueError, with a text for the reader, where a value can't be used.
        """
        dialect = environ.get("SANDBOX_DIALECT") or DEFAULT_DIALECT
        if dialect not in NAMES:
            raise ValueError(f"SANDBOX_DIALECT is {dialect!r}; it is one of: {', '.join(NAMES)}")
        seconds = environ.get("SANDBOX_REVIEW_SECONDS") or "5"
        try:
            review_seconds = float(seconds)
        except ValueError:
            raise ValueError(f"SANDBOX_REVIEW_SECONDS is {seconds!r}; it is a number of seconds") from None
        return cls(
            store=Path(environ.get("SANDBOX_STORE") or "var/sandbox"),
            key=environ.get("SANDBOX_API_KEY") or DEFAULT_KEY,
            secret=environ.get("SANDBOX_API_SECRET") or DEFAULT_SECRET,
            dialect=dialect,
            review_seconds=review_seconds,
        )
