"""The room's tables, all of them the outbox's."""

from exchange.outbox.models import (
    ApiKeyClock,
    Attempt,
    Circuit,
    Intent,
    Lane,
    Orphan,
    Recovery,
    Scan,
    Turn,
    Worker,
)

__all__ = [
    "ApiKeyClock",
    "Attempt",
    "Circuit",
    "Intent",
    "Lane",
    "Orphan",
    "Recovery",
    "Scan",
    "Turn",
    "Worker",
]
