"""The table of docs/roles.md, written from the policy. `python -m tests.accounts.roles_page` mends it."""

import os
import re
from pathlib import Path

PATH = Path(__file__).resolve().parents[2] / "docs" / "roles.md"
MARK = re.compile(r"<!-- begin table -->\n.*?<!-- end table -->\n", re.DOTALL)


def page_of_roles(page: str) -> str:
    """The page with the table as the policy has it."""
    return MARK.sub(lambda _: f"<!-- begin table -->\n{_table()}<!-- end table -->\n", page)


def _table() -> str:
    from accounts.policy import FOR_ALL_ONLY, TABLE
    from accounts.roles import MACHINE, Role

    columns = [*Role.values, MACHINE]
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for action, cells in TABLE.items():
        mark = " *" if action in FOR_ALL_ONLY else ""
        row = [_cell(cells[role]) if role in cells else "" for role in columns]
        lines.append(f"| `{action}`{mark} | {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def _cell(states: frozenset[str] | None) -> str:
    from customers.choices import Stage

    return "yes" if states is None else ", ".join(stage for stage in Stage.values if stage in states)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    PATH.write_text(page_of_roles(PATH.read_text(encoding="utf-8")), encoding="utf-8")
