"""What the scanner has not passed waits: nothing of it is submitted, sent or handed out."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import AuditEntry
from customers.models import Customer
from customers.problems import Refused
from exchange.outbox.models import Intent
from kyc.documents import read_document
from kyc.models import Document
from kyc.scanning import asking
from kyc.scanning.asking import forget_scanner
from kyc.scanning.clamd import EICAR
from kyc.scanning.rescanning import scan_waiting
from kyc.submission import NotReady, submit_for_onboarding
from tests.customers.people import TODAY
from tests.kyc import files
from tests.kyc.onboarding import at_exchange, complete, hand_in, individual, picture, row, submitted
from vault import files as store

pytestmark = pytest.mark.django_db

INFECTED = files.pdf() + b"% " + EICAR


@pytest.fixture
def lerato(corner_shop, thandi):
    return individual(corner_shop, thandi)


def scans(customer):
    return sorted(Document.objects.filter(customer=customer).values_list("scan", flat=True))


def rescan(machine):
    forget_scanner()
    return scan_waiting(actor=machine)


def test_without_a_scanner_nothing_waits(lerato, thandi):
    complete(lerato, thandi)
    assert set(scans(lerato)) == {"not_scanned"}
    assert lerato.stage == "complete"


def test_what_the_scanner_passes_goes_on_at_once(scanner, lerato, thandi):
    complete(lerato, thandi)
    assert set(scans(lerato)) == {"clean"}
    assert Document.objects.first().scanned_at is not None
    assert lerato.stage == "complete"


def test_an_infected_file_is_refused_kept_in_quarantine_and_written_down(scanner, lerato, thandi):
    before = hand_in(lerato, "Proof of Address", thandi).document
    with pytest.raises(Refused) as refused:
        hand_in(lerato, "Proof of Address", thandi, content=INFECTED)
    (problem,) = [found for found in refused.value.problems if found.is_error]
    assert (problem.code, problem.subject) == ("infected", "document:Proof of Address")
    assert "Eicar-Test-Signature" in problem.message
    kept = Document.objects.get(scan="infected")
    assert (kept.is_current, kept.version, kept.scan_found) == (False, 2, "Eicar-Test-Signature")
    before.refresh_from_db()
    assert before.is_current
    assert AuditEntry.objects.get(action="document.quarantine").subject_id == kept.pk
    assert AuditEntry.objects.get(action="document.turned_away").details["codes"] == ["infected"]


def test_what_is_in_quarantine_lies_sealed(scanner, lerato, thandi, settings):
    with pytest.raises(Refused):
        hand_in(lerato, "Proof of Address", thandi, content=INFECTED)
    kept = Document.objects.get()
    assert EICAR not in (Path(settings.MEDIA_ROOT) / kept.file).read_bytes()
    assert read_document(kept) == INFECTED


def test_after_an_infected_file_another_is_the_next_version(scanner, lerato, thandi):
    with pytest.raises(Refused):
        hand_in(lerato, "Selfie", thandi, content=picture() + EICAR)
    assert hand_in(lerato, "Selfie", thandi).document.version == 2


def test_the_database_holds_an_infected_document_back(lerato, thandi):
    document = hand_in(lerato, "Selfie", thandi).document
    for change in ({"scan": "infected"}, {"scan": "infected", "is_current": False, "delivery": "sent"}):
        with pytest.raises(IntegrityError, match="an_infected_document_goes_nowhere"), transaction.atomic():
            Document.objects.filter(pk=document.pk).update(**change)


@pytest.mark.parametrize("mood", ["hangs", "resets", "closes", "garbles", "fails", "knows nothing"])
def test_while_the_scanner_is_silent_a_file_is_taken_and_can_not_be_submitted(
    scanner, lerato, thandi, machine, mood, monkeypatch
):
    monkeypatch.setattr(asking.clamd.scan, "__kwdefaults__", {"timeout": 0.3})
    monkeypatch.setattr(asking.clamd.is_watching, "__kwdefaults__", {"timeout": 0.3})
    scanner.mood = mood
    complete(lerato, thandi)
    assert set(scans(lerato)) == {"pending"}
    assert row(lerato, "document:selfie").state == "waiting_for_staff"
    assert "virus scanner" in row(lerato, "document:selfie").remedy
    with pytest.raises(NotReady):
        submit_for_onboarding(customer=lerato, actor=thandi, today=TODAY)
    assert not Intent.objects.exists()
    assert rescan(machine).left == 3
    scanner.mood = "works"
    assert rescan(machine).clean == 3
    assert Customer.objects.get().stage == "complete"


def test_a_pack_does_not_wait_for_each_of_its_files(lerato, thandi, settings):
    settings.CLAMAV_ADDRESS = "tcp://127.0.0.1:9"
    forget_scanner()
    complete(lerato, thandi)
    assert set(scans(lerato)) == {"pending"}
    assert asking._manner.rests_until > 0


def test_a_file_that_waited_and_is_infected_is_taken_out_of_use(scanner, lerato, thandi, machine):
    scanner.mood = "resets"
    hand_in(lerato, "Passport", thandi)
    hand_in(lerato, "Selfie", thandi)
    hand_in(lerato, "Proof of Address", thandi, content=INFECTED)
    scanner.mood = "works"
    scanned = rescan(machine)
    assert (scanned.clean, scanned.infected, scanned.left) == (2, 1, 0)
    taken = Document.objects.get(scan="infected")
    assert (taken.is_current, taken.doc_type) == (False, "Proof of Address")
    assert row(lerato, "document:proof_of_address").state == "missing"
    assert Customer.objects.get().stage == "draft"
    assert AuditEntry.objects.filter(action="document.quarantine").count() == 1
    assert AuditEntry.objects.filter(action="document.scan").count() == 2


def test_what_was_handed_in_before_there_was_a_scanner_is_looked_at_too(lerato, thandi, machine, request):
    complete(lerato, thandi)
    scanner = request.getfixturevalue("scanner")
    assert row(lerato, "document:selfie").state == "waiting_for_staff"
    assert rescan(machine).clean == 3
    assert row(lerato, "document:selfie").state == "done"
    assert len(scanner.seen) == 4  # the three, and the test signature


def test_what_was_sent_is_not_taken_back(scanner, lerato, thandi, machine):
    document = hand_in(lerato, "Selfie", thandi).document
    Document.objects.filter(pk=document.pk).update(scan="pending", delivery="sent")
    assert rescan(machine).left == 0
    assert scans(lerato) == ["pending"]


def test_a_better_document_of_a_submitted_customer_is_sent_when_it_has_passed(
    scanner, lerato, thandi, machine
):
    at_exchange(submitted(lerato, thandi))
    lerato.stage = "rejected"
    lerato.save(update_fields=["stage"])
    scanner.mood = "resets"
    forget_scanner()
    added = hand_in(lerato, "Selfie", thandi).document
    assert not Intent.objects.filter(subject_id=added.pk).exists()
    scanner.mood = "works"
    assert rescan(machine).clean == 1
    assert Intent.objects.filter(subject_id=added.pk, state="pending", is_ready=True).exists()
    assert rescan(machine).clean == 0


def test_a_file_that_can_not_be_read_keeps_no_other_waiting(scanner, lerato, thandi, machine):
    scanner.mood = "resets"
    store.remove(hand_in(lerato, "Passport", thandi).document.file)
    hand_in(lerato, "Selfie", thandi)
    scanner.mood = "works"
    scanned = rescan(machine)
    assert (scanned.clean, scanned.unreadable, scanned.left) == (1, 1, 1)


def test_the_command_says_how_it_went(scanner, lerato, thandi, capsys):
    scanner.mood = "resets"
    hand_in(lerato, "Selfie", thandi)
    forget_scanner()
    with pytest.raises(CommandError) as error:
        call_command("scan_documents")
    assert error.value.returncode == 1
    scanner.mood = "works"
    forget_scanner()
    call_command("scan_documents")
    assert "1 passed, 0 quarantined, 0 can't be read, 0 still wait." in capsys.readouterr().out


def test_the_command_needs_a_scanner(db):
    with pytest.raises(CommandError, match="CLAMAV_ADDRESS") as error:
        call_command("scan_documents")
    assert error.value.returncode == 2


def test_a_refused_document_leaves_one_row_without_what_was_typed(lerato, thandi):
    with pytest.raises(Refused):
        hand_in(lerato, "Passport of Lerato", thandi, content=b"<html>")
    entry = AuditEntry.objects.get(action="document.turned_away")
    assert entry.details["doc_type"] == ""
    assert entry.details["codes"] == ["unknown_doc_type", "wrong_kind"]
    assert "Lerato" not in repr(entry.details)
