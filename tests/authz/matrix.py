"""Reading tests/authz_matrix.yaml."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).resolve().parents[1] / "authz_matrix.yaml"


@cache
def matrix() -> dict[str, Any]:
    return yaml.safe_load(PATH.read_text(encoding="utf-8"))


def cells(line: str) -> list[str]:
    """A row's cells, in the order of its columns."""
    return str(line or "").split()
