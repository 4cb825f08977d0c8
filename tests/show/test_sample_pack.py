"""The tour of the README, held to samples/pack-expected.json by the sandbox's own store."""

import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from exchange.sandbox.testing import SandboxProcess
from tests.show.conftest import ROOT, Install, make_install

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


@dataclass(frozen=True)
class Tour:
    """An install whose sample pack was imported, submitted and delivered; what the import answered."""

    install: Install
    sandbox: SandboxProcess
    imported: subprocess.CompletedProcess


@pytest.fixture(scope="module")
def tour(tmp_path_factory) -> Iterator[Tour]:
    """Taken once: it is half a minute of a slow machine. The tests here change nothing that another reads."""
    with SandboxProcess() as sandbox:
        install = make_install(tmp_path_factory.mktemp("tour"), sandbox)
        imported = import_samples(install)
        assert imported.returncode == 1, imported.stdout
        delivered = install.run("deliver_outbox", "--until-idle")
        assert delivered.returncode == 0, delivered.stdout
        yield Tour(install, sandbox, imported)


def import_samples(install: Install) -> subprocess.CompletedProcess:
    return install.run("import_pack", "samples/pack", "--submit", "--report", str(install.folder / "report"))


def test_exactly_the_accepted_customers_and_documents_arrive_each_once(tour):
    assert held_there(tour.sandbox) == expected()


def test_each_rejected_row_is_named_with_its_column(tour):
    for reference, columns in EXPECTED["rejected"].items():
        assert reference in tour.imported.stdout
        for column in columns:
            assert column in tour.imported.stdout


def test_another_delivery_finds_nothing_to_send(tour):
    assert tour.install.run("deliver_outbox", "--until-idle").returncode == 0
    assert held_there(tour.sandbox) == expected()


def test_a_second_import_of_the_same_pack_changes_nothing(tour):
    before = what_was_sent(tour.sandbox)
    again = tour.install.run("import_pack", "samples/pack", "--submit")
    assert again.returncode == 1, again.stdout
    assert tour.install.run("deliver_outbox", "--until-idle").returncode == 0
    assert what_was_sent(tour.sandbox) == before


def what_was_sent(sandbox: SandboxProcess) -> tuple[list, list]:
    """Customers and documents as they came; not what the exchange made of them meanwhile."""
    state = sandbox.state()
    customers = [(row["uid"], row["custom_id"], row["fields"]) for row in state["customers"]]
    return customers, [(row["owner_uid"], row["doc_type"], row["sha256"]) for row in state["documents"]]


def test_the_individuals_come_back_verified_and_the_businesses_wait_for_a_person(tour):
    time.sleep(0.5)
    assert tour.install.run("poll_verifications").returncode == 0
    listed = tour.install.run(
        "shell",
        "-c",
        "from django.db.models import Count\n"
        "from customers.models import Customer\n"
        "print('STAGES', sorted(Customer.objects.values_list('entity_type', 'stage').annotate(Count('id'))))",
    )
    assert "('business', 'documents_sent', 4), ('individual', 'verified', 24)" in listed.stdout


def test_a_mended_report_imports(install, sandbox):
    said = import_samples(install).stdout
    report = install.folder / "report"
    assert f"manage.py import_pack {report} --documents samples/pack" in said
    mended = install.folder / "mended"
    shutil.copytree(report, mended)
    table = mended / "customers.csv"
    text = table.read_text(encoding="utf-8-sig")
    assert "BAD-03-funds" in text
    assert "problems" in text.splitlines()[0]
    table.write_text(text.replace(",salary,", ",Salary or Wages,"), encoding="utf-8")
    again = install.run("import_pack", str(mended), "--documents", "samples/pack", "--submit")
    assert again.returncode == 1, again.stdout
    assert install.run("deliver_outbox", "--until-idle").returncode == 0
    held = held_there(sandbox)
    assert set(held) == {*EXPECTED["accepted"], "BAD-03-funds"}
    assert sum(held["BAD-03-funds"].values()) == 3


def flagged_at(install: Install) -> set[tuple[str, str, str]]:
    """The documents that `outbox_status` names: they may be missing or doubled at the exchange."""
    status = json.loads(install.run("outbox_status", "--json").stdout)
    return {(item["reference"], item["ubo_email"], item["doc_type"]) for item in status["items"]}


def test_killed_and_robbed_of_a_third_of_the_replies_it_ends_with_everybody_there_once(install, sandbox):
    """Every kill falls into calls in flight. A document that is missing or doubled there is flagged here."""
    install.run("import_pack", "samples/pack", "--submit")
    sandbox.set_faults(
        {"kind": "latency", "seconds": 0.05},
        {"kind": "reset_after", "probability": 0.33, "method": "POST"},
        seed=7,
    )
    for _ in range(4):
        process = install.start("deliver_outbox", "--until-idle")
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    sandbox.clear_faults()
    install.run("deliver_outbox", "--until-idle")
    held, flagged = held_there(sandbox), flagged_at(install)
    assert set(held) == set(EXPECTED["accepted"])
    for reference, documents in expected().items():
        for email, doc_type, sha256 in documents:
            copies = held[reference][(email, doc_type, sha256)]
            assert copies == 1 or (reference, email, doc_type) in flagged, (reference, doc_type, copies)
    assert not set(held) - set(expected())
