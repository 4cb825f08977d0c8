"""Every route × every role × own and another merchant: what comes back is what the matrix says.

It walks the resolver: a route that the matrix does not name fails it, and so does a row without a route.
"""

import logging

import pytest

from tests.authz.addresses import routes
from tests.authz.asking import Askers
from tests.authz.matrix import cells, matrix
from tests.authz.scene import COLUMNS, make_scene

METHODS = ("GET", "POST")
# The routes in parts that take about as long, for as many processes.
PARTS = 6


@pytest.fixture
def askers(db, four_eyes, settings, tmp_path):
    settings.EXCHANGE_BASE_URL = "http://127.0.0.1:9"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.ERASURE_LEDGER = str(tmp_path / "erased.jsonl")
    # A refusal of ours is a warning of Django's; a thousand of them are no help.
    logging.disable(logging.CRITICAL)
    yield Askers(make_scene())
    logging.disable(logging.NOTSET)


def observed(askers, route, case) -> str:
    return "  ".join(f"{askers.ask(column, route, case):5}" for column in COLUMNS).rstrip()


def test_the_columns_are_those_of_the_scene():
    assert tuple(cells(matrix()["columns"])) == COLUMNS


def test_the_matrix_names_every_route_and_nothing_else():
    named, there = set(matrix()["routes"]), set(routes())
    assert sorted(there - named) == [], (
        "not in tests/authz_matrix.yaml: add them with a row for each method that they take, such as\n"
        "  name-of-the-route:\n    GET own: …\n    GET other: …\n"
        "and, where the address takes arguments of its own, tests/authz/addresses.py. An empty row shows "
        "what comes back; say what should."
    )
    assert sorted(named - there) == [], "in tests/authz_matrix.yaml, and no route"


@pytest.mark.parametrize("part", range(PARTS))
def test_every_role_gets_what_the_matrix_says(part, askers):
    wrong = []
    for route, rows in sorted(matrix()["routes"].items())[part::PARTS]:
        for case, line in (rows or {}).items():
            expected = cells(line)
            for column, code in zip(COLUMNS, expected or [""] * len(COLUMNS), strict=True):
                if (met := askers.ask(column, route, case)) != code:
                    wrong.append(f"{route}, {case}, {column}: {met}, not {code or 'said'}")
            if not expected:
                wrong.append(f"{route}, {case}, as it is: {observed(askers, route, case)}")
    assert wrong == [], "\n".join(wrong)


def test_a_method_that_the_matrix_does_not_name_is_refused(askers):
    """Whoever may do most, and nobody's 405 is worth a row of its own."""
    wrong = []
    for route, rows in matrix()["routes"].items():
        taken = {case.split()[0] for case in rows or {}}
        for method in (*METHODS, "PUT", "PATCH", "DELETE"):
            if method in taken or (method not in METHODS and not _is_ours(route)):
                continue
            met = askers.ask("officer+", route, method)
            if met not in ("405", "403"):
                wrong.append(f"{route}, {method}: {met}")
    assert wrong == [], "\n".join(wrong)


def _is_ours(route: str) -> bool:
    """Django's and the library's views take a PUT as a POST; a few of sign-in, which only show, as a GET."""
    only_show = ("second-factor", "step-up", "sessions", "invitation", "invitation-link")
    return not route.startswith(("admin", "account", "mfa", "metrics")) and route not in only_show


def test_what_gives_much_away_asks_for_the_second_factor_anew(askers, settings):
    """Exactly these, and whoever may do them: with a factor shown long ago they lead to step-up."""
    settings.STEP_UP_SECONDS = 0
    asked = set()
    for route, rows in matrix()["routes"].items():
        for case, line in (rows or {}).items():
            allowed = [
                column
                for column, code in zip(COLUMNS, cells(line), strict=True)
                if code in ("200", "201", "302") and column.endswith(("+", "administrator"))
            ]
            if not allowed or route.startswith(("account", "mfa", "step-up", "session")):
                continue
            met = askers.ask(allowed[0], route, case)
            if met == "step" or (route.startswith("api-") and met == "403"):
                asked.add(f"{route}, {case.split()[0]}")
    assert sorted(asked) == sorted(matrix()["step_up"]), "\n".join(sorted(asked))
