"""The house stands: arrows point one way, layers lie on each other, files stay small."""

import subprocess
import sys

import pytest

from tests import house

MODULES = house.sources()

# Files over 300 lines: the lines they may have, with the reason.
EXEMPT = {
    # One table of settings, read from top to bottom.
    "portal.settings": 600,
    # Every call that the exchange documents, one short method each.
    "exchange.client.client": 360,
    # The tables of one room, read side by side.
    "customers.models": 340,
    "exchange.outbox.models": 330,
    # Claim, send and settle are one subject: what must not happen between them is best seen together.
    "exchange.outbox.delivering": 370,
}


def test_no_arrow_between_rooms_points_back():
    assert house.backward_arrows(MODULES) == []


def test_inside_a_room_arrows_point_down():
    assert house.upward_arrows(MODULES) == []


def test_every_exception_to_the_layers_is_still_needed():
    found = {(arrow.importer, arrow.imported) for arrow in house.arrows(MODULES)}
    assert [pair for pair in house.LAYER_EXCEPTIONS if pair not in found] == []


def test_the_product_needs_neither_docs_nor_bench_nor_tests():
    assert house.arrows_outside(MODULES) == []


def test_the_client_is_plain_python():
    forbidden = ("django", "rest_framework", "celery", "exchange.outbox", "exchange.sandbox", "vault")
    assert house.arrows_to(MODULES, "exchange.client", forbidden) == []


def test_the_sandbox_shares_nothing_with_the_client():
    forbidden = ("django", "rest_framework", "exchange.client", "exchange.outbox", "vault", "requests")
    assert house.arrows_to(MODULES, "exchange.sandbox", forbidden) == []


def test_neither_client_nor_sandbox_loads_django():
    program = (
        "import sys, exchange.client, exchange.sandbox.app;"
        "print([name for name in sys.modules if name.split('.')[0] == 'django'])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=house.PROJECT, timeout=60
    )
    assert (said.stdout.strip(), said.stderr) == ("[]", "")


def test_the_rules_touch_no_tables():
    assert house.impure_arrows(MODULES) == []


def test_nobody_listens_to_signals():
    for room in house.ROOMS:
        assert house.arrows_to(MODULES, room, ("django.dispatch", "django.db.models.signals")) == []


def test_every_file_is_named_after_its_subject():
    tests = [house.dotted(path) for path in (house.PROJECT / "tests").rglob("*.py")]
    assert house.empty_names([*MODULES, *tests]) == []


def test_files_are_small():
    assert house.oversized(MODULES, EXEMPT) == []


def test_every_named_module_exists():
    """A table that names what is gone guards nothing."""
    named = [*house.LAYER_OF, *house.PURE, *(name for pair in house.LAYER_EXCEPTIONS for name in pair)]
    assert [name for name in named if name not in MODULES] == []


# The checks have teeth: each finds what it is for in sources made up for it.


@pytest.mark.parametrize(
    "line",
    [
        "from kyc.models import Document",
        "import kyc.models",
        "import kyc",
        "from kyc import models",
        "def f():\n    from kyc.models import Document",
        "if TYPE_CHECKING:\n    import portal.settings",
    ],
)
def test_an_arrow_that_points_back_is_found(line):
    modules = {"customers.register": line, "kyc.models": "", "kyc": ""}
    assert len(house.backward_arrows(modules)) == 1


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("vault.fields", "import accounts"),
        ("accounts.audit", "from exchange.outbox import enqueue"),
        ("exchange.outbox.queries", "from accounts.models import User"),
        ("accounts.policy", "from customers.models import Merchant"),
        ("kyc.documents", "from portal.pages import guard"),
    ],
)
def test_each_room_knows_only_what_stands_left_of_it(importer, line):
    assert len(house.backward_arrows({importer: line})) == 1


def test_an_arrow_to_the_left_is_no_fault():
    modules = {"kyc.documents": "from customers.models import Customer\nimport vault.files\nimport json"}
    assert house.backward_arrows(modules) == []


@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("kyc.models", "from kyc.documents import add_document"),
        ("kyc.choices", "from kyc.models import Document"),
        ("kyc.choices", "from .models import Document"),
        ("kyc.warnings", "from kyc import documents"),
        ("kyc.documents", "from kyc.management.commands import waive"),
        ("kyc.documents", "from .api import views"),
    ],
)
def test_an_arrow_that_points_up_is_found(importer, line):
    modules = {
        "kyc": "",
        "kyc.choices": "",
        "kyc.models": "",
        "kyc.warnings": "",
        "kyc.documents": "",
        "kyc.api": "",
        "kyc.api.views": "",
        "kyc.management.commands": "",
        "kyc.management.commands.waive": "",
    }
    assert len(house.upward_arrows({**modules, importer: line})) == 1


def test_relative_imports_are_followed():
    modules = {
        "kyc.pack": "from . import reading",
        "kyc.pack.reading": "from ..models import Document",
        "kyc.models": "",
    }
    found = [(arrow.importer, arrow.imported) for arrow in house.arrows(modules)]
    assert found == [("kyc.pack", "kyc.pack.reading"), ("kyc.pack.reading", "kyc.models")]


def test_a_product_that_needs_its_tests_is_found():
    assert len(house.arrows_outside({"kyc.documents": "from tests.kyc.files import jpeg"})) == 1


def test_a_client_that_knows_django_is_found():
    modules = {"exchange.client.signing": "from django.conf import settings"}
    assert len(house.arrows_to(modules, "exchange.client", ("django",))) == 1


@pytest.mark.parametrize(
    "line",
    ["from customers.models import Customer", "from django.db import connection", "import kyc.pack.queries"],
)
def test_a_rule_that_asks_the_database_is_found(line):
    assert len(house.impure_arrows({"customers.rules.people": line})) == 1


@pytest.mark.parametrize("name", ["kyc.utils", "customers.helpers.phone", "portal.core", "tests.common"])
def test_a_name_that_says_nothing_is_found(name):
    assert house.empty_names([name, "kyc.documents"]) == [name]


def test_a_file_that_grew_too_large_is_found():
    assert house.oversized({"kyc.documents": "\n" * 301}, {}) == ["kyc.documents has 301 lines"]
    assert house.oversized({"kyc.documents": "\n" * 300}, {}) == []


def test_an_exemption_is_a_limit_too_and_ends_when_it_is_not_needed():
    assert house.oversized({"kyc.documents": "\n" * 351}, {"kyc.documents": 350}) != []
    assert house.oversized({"kyc.documents": "\n" * 200}, {"kyc.documents": 350}) != []
    assert house.oversized({}, {"kyc.gone": 350}) != []
