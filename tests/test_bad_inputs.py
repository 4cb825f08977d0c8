"""docs/bad-inputs.md is true: every number is there once, and every test that it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = ROOT / "docs" / "bad-inputs.md"
WITHOUT_TESTS: set[int] = set()


def rows() -> list[tuple[int, list[str]]]:
    """Number and tests, as `file::test`, of each row; `::test` is in the file named before it."""
    found = []
    for line in PAGE.read_text().splitlines():
        number = re.match(r"\| (\d+) \|", line)
        if number is None:
            continue
        file, named = "", []
        for test in re.findall(r"`([^` ]*::[^` ]*)`", line):
            file = test.partition("::")[0] or file
            named.append(f"{file}::{test.partition('::')[2]}")
        found.append((int(number[1]), named))
    return found


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_number_stands_there_once():
    assert [number for number, _tests in rows()] == [*range(1, 87)]


def test_every_one_names_tests_and_all_of_them_exist():
    assert {number for number, named in rows() if not named} == WITHOUT_TESTS
    for number, named in rows():
        for test in named:
            file, _, name = test.partition("::")
            assert name in names_in(file), (number, test)
