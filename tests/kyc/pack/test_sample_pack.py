"""The sample pack and the command: exactly the expected is accepted, and what is rejected says why."""

import hashlib
import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command

from customers.merchant_contacts import change_contact
from customers.models import Customer, Merchant
from exchange.client import Credentials, ExchangeClient
from exchange.sandbox.testing import sandbox, sandbox_server  # noqa: F401 - fixtures
from tests.kyc.pack.packs import hand_in, held_documents, no_exchange, person, references, write_pack

ROOT = Path(__file__).resolve().parents[3]
PACK = ROOT / "samples" / "pack"
EXPECTED = json.loads((ROOT / "samples" / "pack-expected.json").read_text())
TODAY = datetime(2026, 11, 21, 9, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def exchange(sandbox, settings):  # noqa: F811
    settings.EXCHANGE_BASE_URL = sandbox.base_url
    settings.EXCHANGE_API_KEY, settings.EXCHANGE_API_SECRET = sandbox.key, sandbox.secret
    return sandbox


@pytest.fixture
def client_of(exchange):
    return lambda: ExchangeClient(exchange.base_url, credentials=Credentials(exchange.key, exchange.secret))


def test_exactly_the_expected_is_accepted_and_each_fault_names_its_column(machine, client_of):
    tally = hand_in(PACK, make_client=client_of, submits=True)
    assert references() == set(EXPECTED["accepted"])
    columns = {}
    for fault in tally.faults:
        columns.setdefault(fault.reference, []).append(fault.column)
    assert columns == EXPECTED["rejected"]
    assert held_documents() == {
        (reference, ubo, doc_type): digest
        for reference, rows in EXPECTED["documents"].items()
        for ubo, doc_type, digest in rows
    }
    assert tally.submitted == len(EXPECTED["accepted"])
    assert (tally.held, tally.incomplete, tally.exit_code) == (0, 0, 1)


def test_the_held_bytes_are_the_packs_own(machine, client_of):
    from kyc.documents import read_document
    from kyc.models import Document

    hand_in(PACK, make_client=client_of)
    document = Document.objects.select_related("customer").filter(customer__reference="IND-03-00000").first()
    assert hashlib.sha256(read_document(document)).hexdigest() == document.sha256


def test_merchants_that_are_not_known_are_pulled_first(tmp_path, machine, exchange, client_of):
    uid = exchange.add_merchant(name="Corner Shop")
    pack = write_pack(
        tmp_path / "pack", [person(1, merchant_uid=uid), person(2, merchant_uid="CCT9999999999")]
    )
    tally = hand_in(pack, make_client=client_of)
    assert Customer.objects.get().merchant.name == "Corner Shop"
    assert [(fault.reference, fault.problem.code) for fault in tally.faults] == [("P-2", "merchant_unknown")]
    hand_in(write_pack(tmp_path / "again", [person(3, merchant_uid=uid)]), make_client=no_exchange)


def test_a_dry_run_asks_for_merchants_and_keeps_none(tmp_path, machine, exchange, client_of):
    uid = exchange.add_merchant(name="Corner Shop")
    tally = hand_in(
        write_pack(tmp_path / "pack", [person(1, merchant_uid=uid)]), make_client=client_of, is_dry=True
    )
    assert tally.accepted == 1
    assert not Merchant.objects.filter(uid=uid).exists()


def command(*words) -> tuple[int, str]:
    out = StringIO()
    try:
        with time_machine.travel(TODAY, tick=True):
            call_command("import_pack", *map(str, words), stdout=out)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


def test_a_reason_that_says_nothing_is_refused_before_anything_is_read(exchange):
    with pytest.raises(CommandError, match="needs the reason") as refused:
        command(PACK, "--accept-warnings", "  ")
    assert refused.value.returncode == 2
    assert not Customer.objects.exists()


def test_the_command_says_what_was_rejected_and_why_and_ends_with_1(exchange):
    code, text = command(PACK)
    assert code == 1
    assert "28  accepted" in text
    assert "14  rejected" in text
    assert "BAD-03-dobformat, customers.csv line 31, dob (3***): Day and month" in text
    assert "31/12/1980" not in text


def test_the_command_ends_with_0_when_every_row_was_accepted(tmp_path):
    code, text = command(write_pack(tmp_path / "pack", [person(1), person(2)]))
    assert (code, "2  accepted" in text) == (0, True)


def test_a_pack_that_cannot_be_read_ends_with_2_and_changes_nothing(tmp_path, machine):
    pack = write_pack(tmp_path / "pack", [person(number) for number in range(3_000)])
    with (pack / "customers.csv").open("ab") as file:
        file.write(b"P-x,\xff\n")
    with pytest.raises(CommandError) as caught:
        command(pack)
    assert caught.value.returncode == 2
    assert "Byte" in str(caught.value)
    assert not Customer.objects.exists()


def test_an_exchange_that_does_not_answer_ends_with_2(tmp_path, machine, settings):
    settings.EXCHANGE_BASE_URL = "http://127.0.0.1:9"
    pack = write_pack(tmp_path / "pack", [person(1), person(2, merchant_uid="CCT9999999999")])
    with pytest.raises(CommandError) as caught:
        command(pack)
    assert caught.value.returncode == 2
    assert "could not be asked" in str(caught.value)
    assert not Customer.objects.exists()


def test_an_unknown_default_merchant_ends_with_2(tmp_path, machine, exchange):
    with pytest.raises(CommandError, match="CCT404"):
        command(write_pack(tmp_path / "pack", [person(1)]), "--merchant", "CCT404")


def test_the_command_acts_for_whom_it_is_told(tmp_path, thandi):
    from accounts.models import AuditEntry

    command(write_pack(tmp_path / "pack", [person(1)]), "--as", thandi.email)
    assert AuditEntry.objects.get(action="customer.register").actor == thandi
    with pytest.raises(CommandError) as caught:
        command(tmp_path / "pack", "--as", "nobody@aggregator.example")
    assert caught.value.returncode == 2


def test_pull_merchants_keeps_what_is_ours(exchange, officer):
    uid = exchange.add_merchant(name="Old Name")
    call_command("pull_merchants", stdout=StringIO())
    Merchant.objects.filter(uid=uid).update(name="Other")
    change_contact(merchant=Merchant.objects.get(uid=uid), data={"notes": "Call on Mondays"}, actor=officer)
    out = StringIO()
    call_command("pull_merchants", stdout=out)
    merchant = Merchant.objects.get(uid=uid)
    assert (merchant.name, merchant.notes) == ("Old Name", "Call on Mondays")
    assert "0 new, 1 changed" in out.getvalue()
