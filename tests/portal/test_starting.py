"""A process looks for garbage again once it is loaded: one that never did would grow until it is killed."""

import subprocess
import sys

import pytest

from portal import starting
from tests.portal.installation import ROOT, environment

pytestmark = pytest.mark.processes
TELL = "import gc, sys; print(gc.isenabled(), gc.get_freeze_count() > 0, 'portal.pages.urls' in sys.modules)"


def told(tmp_path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().splitlines()[-1]


def test_a_command_looks_for_garbage_when_it_begins_its_work(tmp_path):
    assert told(tmp_path, "manage.py", "shell", "-c", TELL).startswith("True True")


def test_a_web_process_has_all_pages_loaded_and_looks_for_garbage(tmp_path):
    assert told(tmp_path, "-c", f"import portal.wsgi; {TELL}") == "True True True"


def test_a_process_that_did_not_begin_is_left_as_it_is():
    import gc

    frozen = gc.get_freeze_count()
    starting.everything_loaded()
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, frozen)


def test_a_web_process_starts_without_what_its_first_page_does_not_need(tmp_path):
    late = ("rest_framework.compat", "requests", "psycopg", "yaml", "webauthn", "qrcode", "prometheus_client")
    tell = f"import sys; print([name for name in {late!r} if name in sys.modules])"
    assert told(tmp_path, "-c", f"import portal.wsgi; {tell}") == "[]"
