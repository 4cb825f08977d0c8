"""Whoever comes first brings the embedded database to this version's state."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.portal.installation import ROOT, environment, manage


def tables(path):
    with closing(sqlite3.connect(path)) as database:
        return {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}


@pytest.mark.processes
def test_two_commands_that_start_together_on_an_empty_database_both_succeed(tmp_path):
    env = environment(tmp_path)
    command = [sys.executable, "manage.py", "create_first_officer", "--email"]
    both = [
        subprocess.Popen([*command, f"{name}@aggregator.example"], cwd=ROOT, env=env, stderr=subprocess.PIPE)
        for name in ("thandi", "sipho")
    ]
    ends = [(process.communicate(timeout=60)[1].decode(), process.returncode) for process in both]
    # One makes the account; the other finds that there is one. Neither finds half a database.
    assert sorted(code for _, code in ends) == [0, 1], ends
    assert "There is an account already" in "".join(said for said, _ in ends)
    assert {"accounts_user", "customers_customer", "kyc_document", "portal_cache"} <= tables(
        tmp_path / "portal.sqlite3"
    )


@pytest.mark.processes
def test_help_leaves_the_database_alone(tmp_path):
    for arguments in (["create_first_officer", "--help"], ["help", "create_first_officer"]):
        assert manage(*arguments, env=environment(tmp_path)).returncode == 0
    assert not (tmp_path / "portal.sqlite3").exists() or not tables(tmp_path / "portal.sqlite3")


@pytest.mark.processes
def test_a_server_that_does_not_answer_is_said_in_one_line_without_the_password(tmp_path):
    env = environment(tmp_path, DATABASE_URL="postgres://portal:a-password@127.0.0.1:9/portal")
    done = manage("create_first_officer", env=env)
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert "DATABASE_URL" in done.stderr
    assert "a-password" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.processes
def test_a_reader_that_goes_away_early_gets_no_traceback(tmp_path):
    env = environment(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "create_first_officer"],
        cwd=ROOT,
        env={**env, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait(timeout=60) == 141
    assert "Traceback" not in said
