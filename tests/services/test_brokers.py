"""The same work with a broker: `manage.py work` as a Celery worker, rung by Redis and by RabbitMQ."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from exchange.sandbox.testing import SandboxProcess
from tests.kyc.pack.packs import papers, person, write_pack
from tests.portal.installation import ROOT, environment, manage

pytestmark = [pytest.mark.services, pytest.mark.processes]

PACK = json.loads((ROOT / "samples" / "pack-expected.json").read_text())
ACCEPTED = PACK["accepted"]
# Individuals are verified by themselves; businesses wait for a person at the exchange.
EXPECTED_STAGES = {
    "verified": sum(reference.startswith("IND") for reference in ACCEPTED),
    "documents_sent": sum(reference.startswith("BUS") for reference in ACCEPTED),
}
SECONDS = 120.0


def stages(folder: Path) -> dict[str, int]:
    with closing(sqlite3.connect(folder / "portal.sqlite3", timeout=20)) as database:
        return dict(database.execute("select stage, count(*) from customers_customer group by stage"))


@contextmanager
def worker(folder: Path, env: dict[str, str]):
    """The worker's process; what it says grows in a file that is shown when the test fails."""
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "work"],
            cwd=ROOT,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise


@pytest.mark.parametrize("broker", ["redis_url", "rabbitmq_url"])
def test_a_pack_is_delivered_and_verified_by_a_worker_that_a_broker_rings(tmp_path, request, broker):
    sandbox = SandboxProcess().start()
    try:
        env = environment(
            tmp_path,
            BROKER_URL=request.getfixturevalue(broker),
            EXCHANGE_BASE_URL=sandbox.base_url,
            EXCHANGE_API_KEY=sandbox.key,
            EXCHANGE_API_SECRET=sandbox.secret,
            EXCHANGE_RATE_PER_SECOND="200",
            POLL_SECONDS="1",
        )
        imported = manage("import_pack", "samples/pack", "--submit", env=env)
        assert imported.returncode == 1, imported.stderr
        with worker(tmp_path, env) as process:
            until = time.monotonic() + SECONDS
            while stages(tmp_path) != EXPECTED_STAGES and time.monotonic() < until and process.poll() is None:
                time.sleep(0.2)
            said = (tmp_path / "worker.log").read_text(errors="replace")
            assert stages(tmp_path) == EXPECTED_STAGES, said
        state = sandbox.state()
        assert sorted(customer["custom_id"] for customer in state["customers"]) == sorted(ACCEPTED)
        assert len(state["documents"]) == sum(len(rows) for rows in PACK["documents"].values())
    finally:
        sandbox.stop()


def test_switching_from_one_broker_to_another_and_to_none_loses_and_doubles_nothing(
    tmp_path, redis_url, rabbitmq_url
):
    sandbox = SandboxProcess().start()
    try:
        env = environment(
            tmp_path,
            EXCHANGE_BASE_URL=sandbox.base_url,
            EXCHANGE_API_KEY=sandbox.key,
            EXCHANGE_API_SECRET=sandbox.secret,
            EXCHANGE_RATE_PER_SECOND="200",
            POLL_SECONDS="1",
        )
        emails = []
        # What is handed in rings at a broker that no worker ever hears again, or that one hears much later.
        for number, (rings, works) in enumerate(
            ((redis_url, rabbitmq_url), (rabbitmq_url, ""), ("", redis_url))
        ):
            people = [person(10 * number + place) for place in range(1, 4)]
            emails += [one["email"] for one in people]
            documents = [row for one in people for row in papers(one["reference"])]
            pack = write_pack(tmp_path / f"pack-{number}", people, documents=documents)
            words = ("import_pack", str(pack), "--submit", "--accept-warnings", "Made up for a test.")
            imported = manage(*words, env={**env, "BROKER_URL": rings})
            assert imported.returncode == 0, imported.stdout + imported.stderr
            with worker(tmp_path, {**env, "BROKER_URL": works}) as process:
                until = time.monotonic() + SECONDS
                while stages(tmp_path) != {"verified": len(emails)} and time.monotonic() < until:
                    assert process.poll() is None
                    time.sleep(0.2)
            assert stages(tmp_path) == {"verified": len(emails)}, (tmp_path / "worker.log").read_text()
        state = sandbox.state()
        assert sorted(customer["email"] for customer in state["customers"]) == sorted(emails)
        assert len(state["documents"]) == len(emails) * len(papers("X"))
    finally:
        sandbox.stop()
