"""An exception as the log may tell it: its kind, codes, and the places it came through.

Never what it says, nor the values of variables: a database's message quotes the row that it refused.
"""

from __future__ import annotations

import re
import traceback
from pathlib import Path

from portal.log_cleaning import cleaned

PROJECT = Path(__file__).resolve().parent.parent
# Attributes that hold a code or a number, if they look like one.
CODES = ("sqlstate", "status", "reason", "code", "errno", "returncode")
DATABASE_CODES = ("constraint_name", "table_name", "column_name")
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
# Their words are ours, or names in the source: they say what is wrong with a setting or an installation.
SPEAKING = frozenset(
    {
        "django.core.exceptions.ImproperlyConfigured",
        "portal.database.NotReady",
        "ImportError",
        "ModuleNotFoundError",
        "NameError",
        "AttributeError",
    }
)
# The places of one exception that are told: the first and the last of them.
PLACES_MAX = 30
CAUSES_MAX = 5


def told_error(error: BaseException) -> list[str]:
    """Lines: for the exception and what caused it, the last first, its kind and where it came through."""
    lines: list[str] = []
    for one in _causes(error):
        words = f": {cleaned(str(one))}" if _kind(one) in SPEAKING else ""
        lines.append(f"{'caused by ' if lines else ''}{_kind(one)}{_codes(one)}{words}")
        places = traceback.extract_tb(one.__traceback__)
        if len(places) > PLACES_MAX:
            half = PLACES_MAX // 2
            places = traceback.StackSummary([*places[:half], *places[-half:]])
        lines += [f"  {_file(place.filename)}:{place.lineno} in {place.name}" for place in places]
    return lines


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found and len(found) < CAUSES_MAX:
        found.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return found


def _kind(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _codes(error: BaseException) -> str:
    found = [(name, getattr(error, name, None)) for name in CODES]
    diagnosis = getattr(error, "diag", None)
    found += [(name, getattr(diagnosis, name, None)) for name in DATABASE_CODES]
    return "".join(
        f" {name}={value}"
        for name, value in found
        if isinstance(value, int | str) and _CODE.fullmatch(str(value))
    )


def _file(name: str) -> str:
    """Within the project by its path there; elsewhere from the library's name on."""
    path = Path(name)
    if path.is_relative_to(PROJECT) and "site-packages" not in path.parts:
        return str(path.relative_to(PROJECT))
    parts = path.parts
    return "/".join(parts[parts.index("site-packages") + 1 :]) if "site-packages" in parts else path.name
