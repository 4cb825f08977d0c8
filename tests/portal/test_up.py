"""`manage.py up` with real processes, on free ports, with data of its own."""

import signal
import socket
import sqlite3
import time
from contextlib import closing

import pytest

from tests.portal.installation import Up, answer, are_gone, environment, manage

pytestmark = pytest.mark.processes


def wait_until_gone(pids, seconds=40.0):
    until = time.monotonic() + seconds
    while not are_gone(pids) and time.monotonic() < until:
        time.sleep(0.05)
    assert are_gone(pids)


def people(folder):
    with closing(sqlite3.connect(folder / "portal.sqlite3")) as database:
        return database.execute("select email, password from accounts_user where not is_machine").fetchall()


def test_one_command_starts_everything_and_a_second_start_keeps_the_data(tmp_path):
    first = Up(tmp_path)
    try:
        first.wait_until_it_answers()
        first.wait_until_it_answers(first.sandbox_port, "/_sandbox/")
        # Whoever is not signed in is led to the sign-in page, with its styles from here.
        status, page = answer(f"http://127.0.0.1:{first.port}/")
        assert status == 200
        assert "password" in page
        assert "https://" not in page
        first.wait_until(lambda: "worker" in first.output, "a line for the worker")
        assert f"http://127.0.0.1:{first.port}/" in first.output
        assert f"http://127.0.0.1:{first.sandbox_port}/_sandbox/" in first.output
        password = first.password()
        assert len(password) >= 20
        [(email, kept)] = people(tmp_path)
        assert email == "officer@portal.example"
        assert email in first.output
        assert password not in kept
        children = first.children()
        assert len(children) >= 3
    finally:
        assert first.stop(signal.SIGINT) == 0
    wait_until_gone(children)
    assert "Traceback" not in first.output

    second = Up(tmp_path)
    try:
        second.wait_until_it_answers()
        assert second.password() is None
        assert people(tmp_path) == [(email, kept)]
        children = second.children()
    finally:
        assert second.stop(signal.SIGTERM) == 0
    wait_until_gone(children)


def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path):
    up = Up(tmp_path)
    try:
        up.wait_until_it_answers()
        children = up.children()
        assert children
    finally:
        up.stop(signal.SIGKILL)
    wait_until_gone(children)


@pytest.mark.parametrize("setting", ["PORT", "SANDBOX_PORT"])
def test_a_taken_port_is_named_with_its_setting_and_nothing_is_started(tmp_path, setting):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = Up(tmp_path, **{setting: str(port)})
        assert up.process.wait(timeout=60) == 1
    assert f"Port {port} is taken" in up.output
    assert f" {setting}=" in up.output
    assert "Traceback" not in up.output
    assert not (tmp_path / "portal.sqlite3").exists()


def test_with_an_exchange_named_no_sandbox_is_started(tmp_path):
    named = {
        "EXCHANGE_BASE_URL": "http://127.0.0.1:9",
        "EXCHANGE_API_KEY": "0123456789abcdef",
        "EXCHANGE_API_SECRET": "not-a-secret-of-anybody",
    }
    up = Up(tmp_path, **named)
    try:
        up.wait_until_it_answers()
        assert "talks to the exchange at http://127.0.0.1:9" in up.output
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", up.sandbox_port)) != 0
        assert not (tmp_path / "portal.sandbox").exists()
        assert named["EXCHANGE_API_SECRET"] not in up.output
    finally:
        up.stop()


def test_a_command_finds_a_usable_database_with_nothing_started_before(tmp_path):
    env = environment(tmp_path)
    made = manage("create_first_officer", "--email", "thandi@aggregator.example", env=env)
    assert made.returncode == 0, made.stderr
    assert "thandi@aggregator.example" in made.stdout
    again = manage("create_first_officer", env=env)
    assert again.returncode == 1
    assert "already" in again.stderr
    assert len(people(tmp_path)) == 1
