"""A start with other keys than the database's is refused, with what to do, before anything is begun."""

import base64
import subprocess
import sys

import pytest
from django.core.checks import run_checks

from customers.models import Customer
from portal.database import NotReady
from portal.known_keys import ensure_known_keys, problems
from portal.models import KeyFingerprint
from tests.factories import make_customer
from tests.portal.installation import ROOT, environment, free_port, manage
from vault import lasting


def key(letter: str, version: int = 1) -> str:
    return f"{version}:{base64.b64encode(letter.encode() * 32).decode()}"


def new_process(settings, *keys: str) -> None:
    """Be one that was given these keys and has asked the database nothing yet."""
    settings.PORTAL_KEYS = ",".join(keys)
    lasting._kept = None


def start(settings, *keys: str) -> list[str]:
    """What a start with these keys finds wrong."""
    new_process(settings, *keys)
    found = list(problems())
    if not found:
        ensure_known_keys()
        return []
    with pytest.raises(NotReady) as refusal:
        ensure_known_keys()
    assert found[0] in str(refusal.value)
    assert keys[0].partition(":")[2] not in str(refusal.value)
    return found


def test_the_first_start_takes_the_keys_and_the_next_knows_them(db, settings):
    assert start(settings, key("a")) == []
    assert start(settings, key("a")) == []
    assert set(KeyFingerprint.objects.values_list("name", flat=True)) == {"1", "lasting"}


def test_another_key_is_refused_and_not_taken(db, settings):
    start(settings, key("a"))
    problem, lasting = start(settings, key("b"))
    assert "Version 1" in problem
    assert "digests and tokens" in lasting
    assert start(settings, key("a")) == []


def test_a_newer_version_may_be_added_and_taken_back_while_nothing_is_under_it(db, settings):
    start(settings, key("a"))
    assert start(settings, key("a"), key("b", 2)) == []
    assert start(settings, key("a")) == []


def test_a_version_under_which_records_are_sealed_may_not_be_taken_away(db, settings):
    start(settings, key("a"), key("b", 2))
    make_customer()
    (problem,) = start(settings, key("a"))
    assert "version 2" in problem


def test_what_digests_are_made_with_stays(db, settings):
    start(settings, key("a"), key("b", 2))
    assert "digests and tokens" in start(settings, key("b", 2))[0]


def test_a_database_from_before_fingerprints_takes_only_keys_that_open_it(db, settings):
    settings.PORTAL_KEYS = key("a")
    make_customer()
    assert "do not open" in start(settings, key("b"))[0]
    assert not KeyFingerprint.objects.exists()
    assert start(settings, key("a")) == []


def test_an_erased_customer_proves_nothing(db, settings):
    settings.PORTAL_KEYS = key("a")
    Customer.objects.filter(pk=make_customer().pk).update(wrapped_key=b"")
    assert start(settings, key("b")) == []


def test_the_check_of_the_database_names_it_too(db, settings):
    start(settings, key("a"))
    settings.PORTAL_KEYS = key("b")
    found = run_checks(tags=["database"], databases=["default"])
    assert {message.id for message in found} == {"portal.E009"}
    assert "DATABASE_URL" in found[0].hint
    # The settings alone are checked without asking the database.
    assert run_checks(tags=["database"]) == []


@pytest.mark.processes
def test_no_way_to_start_gets_past_it(tmp_path):
    right, wrong = (environment(tmp_path, PORTAL_KEYS=key(letter)) for letter in "ab")
    assert manage("create_first_officer", env=right).returncode == 0

    manage_py = [sys.executable, "manage.py"]
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:portal.web_server"]
    starts = {
        "command": ([*manage_py, "outbox_status"], {}, 3),
        "check": ([*manage_py, "check", "--database", "default"], {}, 1),
        "worker": ([*manage_py, "work"], {}, 3),
        "web": ([*gunicorn, "--bind", f"127.0.0.1:{free_port()}", "portal.wsgi"], {}, 3),
        "celery": (
            [sys.executable, "-m", "celery", "--app", "portal", "worker"],
            {"BROKER_URL": "memory://"},
            3,
        ),
        "up": (
            [*manage_py, "up"],
            {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())},
            1,
        ),
    }
    running = {
        name: subprocess.Popen(
            command, cwd=ROOT, env={**wrong, **more}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for name, (command, more, _code) in starts.items()
    }
    for name, process in running.items():
        try:
            said = process.communicate(timeout=90)[0].decode()
        finally:
            process.kill()
        assert process.returncode == starts[name][2], f"{name}: {said}"
        assert "Version 1 of PORTAL_KEYS is another key" in said, name
        assert "Traceback" not in said, name
    assert manage("outbox_status", env=right).returncode == 0
