"""The tour of the README, held to samples/pack-expected.json by the sandbox's own store."""

import json
import shutil
from collections import Counter

import pytest

from tests.show.conftest import ROOT, Install

PACK = ROOT / "samples" / "pack"
EXPECTED = json.loads((ROOT / "samples" / "pack-expected.json").read_text())


def held_there(sandbox) -> dict[str, Counter]:
    """What the sandbox holds: reference -> its documents as (UBO e-mail or "", type, SHA-256), counted."""
    state = sandbox.state()
    owners: dict[str, tuple[str, str]] = {}
    held: dict[str, Counter] = {}
    for customer in state["customers"]:
        reference = customer["custom_id"]
        assert reference not in held, f"{reference} is there twice"
        held[reference] = Counter()
        owners[customer["uid"]] = (reference, "")
        for ubo in customer["ubos"]:
            owners[ubo["uid"]] = (reference, ubo["email"])
    for document in state["documents"]:
        reference, ubo_email = owners[document["owner_uid"]]
        held[reference][(ubo_email, document["doc_type"], document["sha256"])] += 1
    return held


def expected() -> dict[str, Counter]:
    return {
        reference: Counter(tuple(row) for row in EXPECTED["documents"][reference])
        for reference in EXPECTED["accepted"]
    }


@pytest.fixture
def onboarded(install: Install, sandbox):
    imported = install.run(
        "import_pack", "samples/pack", "--submit", "--report", str(install.folder / "report")
    )
    assert imported.returncode == 1, imported.stdout
    delivered = install.run("deliver_outbox", "--until-idle")
    assert delivered.returncode == 0, delivered.stdout
    return imported


def test_exactly_the_accepted_customers_and_documents_arrive_each_once(onboarded, sandbox):
    assert held_there(sandbox) == expected()


def test_each_rejected_row_is_named_with_its_column(onboarded):
    for reference, columns in EXPECTED["rejected"].items():
        assert reference in onboarded.stdout
        for column in columns:
            assert column in onboarded.stdout


def test_nothing_runs_yet_all_is_delivered_with_no_process_of_the_product(onboarded, install, sandbox):
    assert install.run("deliver_outbox", "--until-idle").returncode == 0
    assert held_there(sandbox) == expected()


def test_a_second_import_of_the_same_pack_changes_nothing(onboarded, install, sandbox):
    before = sandbox.state()
    again = install.run("import_pack", "samples/pack", "--submit")
    assert again.returncode == 1, again.stdout
    assert install.run("deliver_outbox", "--until-idle").returncode == 0
    after = sandbox.state()
    assert after["customers"] == before["customers"]
    assert after["documents"] == before["documents"]


def test_the_individuals_come_back_verified_and_the_businesses_wait_for_a_person(onboarded, install):
    import time

    time.sleep(0.5)
    assert install.run("poll_verifications").returncode == 0
    listed = install.run(
        "shell",
        "-c",
        "from django.db.models import Count\n"
        "from customers.models import Customer\n"
        "print('STAGES', sorted(Customer.objects.values_list('entity_type', 'stage').annotate(Count('id'))))",
    )
    assert "('business', 'documents_sent', 4), ('individual', 'verified', 24)" in listed.stdout


def test_a_mended_report_imports(onboarded, install, sandbox):
    report = install.folder / "report"
    mended = install.folder / "mended"
    shutil.copytree(report, mended)
    table = mended / "customers.csv"
    text = table.read_text(encoding="utf-8-sig")
    assert "BAD-03-funds" in text and "problems" in text.splitlines()[0]
    table.write_text(text.replace(",salary,", ",Salary or Wages,"), encoding="utf-8")
    again = install.run("import_pack", str(mended), "--documents", "samples/pack", "--submit")
    assert again.returncode == 1, again.stdout
    assert install.run("deliver_outbox", "--until-idle").returncode == 0
    held = held_there(sandbox)
    assert set(held) == {*EXPECTED["accepted"], "BAD-03-funds"}
    assert sum(held["BAD-03-funds"].values()) == 3


def test_a_delivery_killed_again_and_again_ends_with_everybody_there_once(install, sandbox):
    """The exchange is slow, so that every kill falls into calls in flight; a kill leaves an outcome unknown,
    and what is unknown stops: it is counted here, never sent twice."""
    install.run("import_pack", "samples/pack", "--submit")
    sandbox.set_faults({"kind": "latency", "seconds": 0.15})
    for _ in range(4):
        process = install.start("deliver_outbox", "--until-idle")
        try:
            process.wait(2.5)
        except Exception:
            process.kill()
            process.wait()
    sandbox.clear_faults()
    install.run("deliver_outbox", "--until-idle")
    state = sandbox.state()
    emails = Counter(customer["fields"]["email"] for customer in state["customers"])
    assert not [email for email, times in emails.items() if times > 1]
    documents = Counter((document["owner_uid"], document["doc_type"]) for document in state["documents"])
    assert not [key for key, times in documents.items() if times > 1]
