"""PostgreSQL: prepared while it is empty, left to the operator afterwards."""

import subprocess
import sys

import psycopg
import pytest

from tests.portal.installation import ROOT, environment, manage

pytestmark = [pytest.mark.services, pytest.mark.processes]


def test_an_empty_database_is_prepared_by_whoever_comes_first_and_others_wait(tmp_path, empty_postgres):
    env = environment(tmp_path, DATABASE_URL=empty_postgres)
    command = [sys.executable, "manage.py", "create_first_officer", "--email"]
    both = [
        subprocess.Popen([*command, f"{name}@aggregator.example"], cwd=ROOT, env=env, stderr=subprocess.PIPE)
        for name in ("thandi", "sipho")
    ]
    ends = [(process.communicate(timeout=120)[1].decode(), process.returncode) for process in both]
    assert 0 in {code for _, code in ends}, ends
    assert "does not exist" not in "".join(said for said, _ in ends)
    assert manage("migrate", "--check", env=env).returncode == 0


def test_a_database_that_is_behind_is_not_touched_and_the_operator_is_told_what_to_do(
    tmp_path, empty_postgres
):
    env = environment(tmp_path, DATABASE_URL=empty_postgres)
    assert manage("create_first_officer", env=env).returncode == 0
    url = empty_postgres.replace("postgres://", "postgresql://", 1)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    done = manage("create_first_officer", env=env)
    assert done.returncode == 3
    assert "manage.py migrate" in done.stderr
    assert "Traceback" not in done.stderr
    assert manage("migrate", "--check", env=env).returncode != 0
