"""Destroying a customer's data: when it is due, by two people, whole, and for good."""

import pytest
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import connection

from accounts.four_eyes import SecondPersonNeeded, approve
from accounts.models import AuditEntry, Proposal
from customers.models import Customer
from customers.problems import Refused
from kyc.models import Document
from kyc.retention import ledger
from kyc.retention.erasing import erase, propose_erasure
from kyc.retention.holding import place_hold
from kyc.retention.rows import Erasure
from tests import factories
from tests.kyc.retention import people
from vault.envelope import CannotOpen

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_ledger(settings, tmp_path):
    settings.ERASURE_LEDGER = str(tmp_path / "ledger" / "erased.jsonl")


@pytest.fixture
def due(agent, officer):
    """A business with an owner and documents, whose time is over."""
    customer = factories.make_customer(entity_type="business", account_name="Acme Secret Holdings")
    ubo = factories.make_ubo(customer, last_name="Geheim")
    factories.make_document(customer, "Bank Statement")
    factories.make_document(customer, "Passport", ubo=ubo)
    return people.end(customer, agent=agent, officer=officer, years_ago=9)


def everything_in(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - the table's name is a test's
        return repr([tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in cursor])


def test_two_people_destroy_it_and_nothing_of_the_person_is_left(
    due, agent, officer, thandi, four_eyes, django_capture_on_commit_callbacks
):
    names = [document.file for document in Document.objects.filter(customer=due)]
    profile = due.business_profile
    told = (due.email, "Acme Secret", "Geheim", profile.company_name, profile.registration_number)
    with django_capture_on_commit_callbacks(execute=True):
        approve(
            propose_erasure(customer=due, reason="Mr Geheim's five years are over.", actor=thandi),
            actor=officer,
        )
    held = "".join(
        everything_in(table)
        for table in (
            *("customers_customer", "customers_businessprofile", "customers_ubo", "kyc_document"),
            *("accounts_proposal", "kyc_ending", "kyc_legalhold", "kyc_erasure"),
        )
    )
    assert not [text for text in told if text in held]
    assert not [name for name in names if storages["documents"].exists(name)]
    due.refresh_from_db()
    assert due.is_erased
    with pytest.raises(CannotOpen):
        Customer.objects.get(pk=due.pk).vault_key()
    erasure = Erasure.objects.get(customer=due)
    assert (erasure.documents, erasure.owners, erasure.proposed_by, erasure.erased_by) == (
        2,
        1,
        thandi,
        officer,
    )
    assert AuditEntry.objects.filter(action="customer.erase", customer_id=due.pk).count() == 1
    assert not Proposal.objects.exclude(reason="(erased)").filter(customer_id=due.pk).exists()


def test_nobody_destroys_alone(due, thandi, four_eyes):
    with pytest.raises(SecondPersonNeeded):
        erase(customer=due, actor=thandi)
    with pytest.raises(SecondPersonNeeded):
        approve(propose_erasure(customer=due, reason="Due.", actor=thandi), actor=thandi)
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("when", ["running", "kept", "held"])
def test_nothing_is_destroyed_before_its_time_or_under_a_hold(when, agent, officer, thandi):
    customer = factories.make_customer()
    if when != "running":
        people.end(customer, agent=agent, officer=officer, years_ago=9 if when == "held" else 0)
    if when == "held":
        place_hold(customer=customer, reason="Case 7", actor=officer)
    with pytest.raises(Refused) as refused:
        propose_erasure(customer=customer, reason="Due.", actor=thandi)
    assert (
        refused.value.problems[0].code == {"running": "not_ended", "kept": "not_due", "held": "on_hold"}[when]
    )


def test_a_hold_that_comes_between_proposal_and_approval_wins(due, thandi, officer, four_eyes):
    from accounts.four_eyes import Lapsed

    proposal = propose_erasure(customer=due, reason="Due.", actor=thandi)
    place_hold(customer=due, reason="Case 7", actor=officer)
    with pytest.raises(Lapsed):
        approve(proposal, actor=officer)
    due.refresh_from_db()
    assert not due.is_erased


def test_without_its_ledger_nothing_is_destroyed(due, settings, tmp_path, officer):
    (tmp_path / "file").write_text("")
    settings.ERASURE_LEDGER = str(tmp_path / "file" / "below-a-file.jsonl")
    settings.FOUR_EYES = frozenset()
    with pytest.raises(OSError, match=r".*"):
        erase(customer=due, actor=officer)
    due.refresh_from_db()
    assert not due.is_erased
    assert Document.objects.filter(customer=due).count() == 2


def test_whom_a_backup_brings_back_is_erased_again(due, officer, settings, capsys):
    settings.FOUR_EYES = frozenset()
    before = Customer.objects.filter(pk=due.pk).values().get()
    erase(customer=due, actor=officer)
    # The restore: the row stands as it stood, the ledger is newer.
    Erasure.objects.filter(customer=due).delete()
    Customer.objects.filter(pk=due.pk).update(
        **{name: before[name] for name in ("wrapped_key", "email", "first_name")}
    )
    call_command("erase_again")
    assert "1 had come back" in capsys.readouterr().out
    assert Customer.objects.get(pk=due.pk).is_erased
    call_command("erase_again")
    assert "0 had come back" in capsys.readouterr().out


def test_a_line_that_a_crash_cut_off_hides_no_other(settings, due, officer):
    settings.FOUR_EYES = frozenset()
    erase(customer=due, actor=officer)
    with open(settings.ERASURE_LEDGER, "a") as file:
        file.write('{"customer": "12')
    assert ledger.read() == [due.pk]
