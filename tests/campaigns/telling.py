"""A campaign's report: its seed, its figures, its verdict, for people and for the exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.campaigns.invariants import Verdict

# Of one invariant, enough lines to see what kind of thing it is.
LINES = 8


@dataclass
class Report:
    """What one run came to. `broken`: what did not hold, by name."""

    name: str
    seed: int
    figures: dict[str, Any] = field(default_factory=dict)
    broken: dict[str, list[str]] = field(default_factory=dict)

    def take(self, verdict: Verdict) -> None:
        self.figures |= verdict.figures
        for name, lines in verdict.broken.items():
            self.broken.setdefault(name, []).extend(lines)

    def require(self, holds: bool, name: str, line: str) -> None:
        if not holds:
            self.broken.setdefault(name, []).append(line)

    @property
    def holds(self) -> bool:
        return not self.broken

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "seed": self.seed,
            "holds": self.holds,
            "figures": self.figures,
            "broken": {name: lines[:LINES] for name, lines in self.broken.items()},
        }

    def __str__(self) -> str:
        lines = [f"{self.name} seed={self.seed}"]
        lines += [f"  {name}: {value}" for name, value in self.figures.items()]
        for name, broken in self.broken.items():
            lines.append(f"  BROKEN {name}: {len(broken)}")
            lines += [f"    {line}" for line in broken[:LINES]]
        lines.append(f"  verdict: {'holds' if self.holds else 'BROKEN'}")
        return "\n".join(lines)
