"""The pages about the end of a relationship: who sees and does what, and what is handed out."""

import datetime
import io
import json
import zipfile

import pytest
from django.urls import reverse

from accounts.four_eyes import approve
from accounts.models import AuditEntry, Proposal
from kyc.models import Document
from kyc.retention.rows import Ending, LegalHold
from tests import factories
from tests.kyc.retention import people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_ledger(settings, tmp_path):
    settings.ERASURE_LEDGER = str(tmp_path / "erased.jsonl")


@pytest.fixture
def customer():
    return factories.make_customer(entity_type="business")


def address(name, customer, *more):
    return reverse(name, args=[customer.pk, *more])


def test_the_list_counts_what_is_due_and_leads_to_it(staff, agent, officer):
    due = people.end(factories.make_customer(), agent=agent, officer=officer, years_ago=9)
    people.end(factories.make_customer(), agent=agent, officer=officer)
    page = staff.get(reverse("retention"))
    assert (page.context["page"].due, page.context["page"].ended) == (1, 2)
    assert address("customer-relationship", due) in page.content.decode()


def test_an_end_is_proposed_on_the_page_and_shown_when_it_is_approved(staff, customer, officer, four_eyes):
    done = staff.post(
        address("customer-relationship-decide", customer, "rejected"),
        {"reason": "Adverse media."},
        follow=True,
    )
    assert "somebody else decides" in done.content.decode()
    approve(Proposal.objects.get(action="customer.reject"), actor=officer)
    shown = staff.get(address("customer-relationship", customer)).content.decode()
    assert "Rejected by us" in shown
    assert "Adverse media." in shown


def test_whoever_may_not_finds_no_such_offer(client, viewer, agent, customer, settings):
    settings.FOUR_EYES = frozenset()
    client.force_login(viewer)
    assert client.get(address("customer-relationship", customer)).status_code == 403
    client.force_login(agent)
    decided = client.post(address("customer-relationship-decide", customer, "rejected"), {"reason": "x"})
    assert decided.status_code in (403, 404)
    assert not Ending.objects.exists()


def test_another_merchants_customer_is_not_there(staff, customer, nothing_in_scope):
    assert staff.get(address("customer-relationship", customer)).status_code == 404
    for name in ("rejected", "hold", "erase"):
        assert (
            staff.post(address("customer-relationship-decide", customer, name), {"reason": "x"}).status_code
            == 404
        )
    assert staff.post(address("customer-export", customer), {"reason": "x"}).status_code == 404


def test_a_hold_is_placed_and_lifted(staff, customer):
    staff.post(address("customer-relationship-decide", customer, "hold"), {"reason": "Case 7"})
    assert LegalHold.objects.get().lifted_at is None
    staff.post(address("customer-relationship-decide", customer, "lift"), {"reason": "Closed"})
    assert LegalHold.objects.get().lift_reason == "Closed"


def test_without_a_reason_nothing_happens(staff, customer):
    page = staff.post(address("customer-relationship-decide", customer, "hold"), {"reason": " "}, follow=True)
    assert "A reason is needed" in page.content.decode()
    assert not LegalHold.objects.exists()


def test_the_export_holds_everything_and_is_written_down(staff, customer):
    ubo = factories.make_ubo(customer, last_name="Smith")
    factories.make_document(customer, "Bank Statement")
    paper = factories.make_document(customer, "Passport", ubo=ubo)
    answer = staff.post(address("customer-export", customer), {"reason": "Asked by letter."})
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    names = archive.namelist()
    data = json.loads(archive.read("data.json"))
    assert len([name for name in names if name.startswith("documents/")]) == 2
    assert customer.business_profile.company_name in archive.read("index.html").decode()
    assert data["documents"][0]["path"] in names
    assert "no-store" in answer["Cache-Control"]
    entry = AuditEntry.objects.get(action="customer.export")
    assert entry.reason == "Asked by letter."
    from kyc.documents import read_document

    path = next(row["path"] for row in data["documents"] if row["doc_type"] == "Passport")
    assert archive.read(path) == read_document(Document.objects.get(pk=paper.pk))


def test_one_owners_export_says_nothing_of_the_others(staff, customer):
    mine = factories.make_ubo(customer, email="mine@example.com")
    factories.make_ubo(customer, email="other@example.com", first_name="Someoneelse")
    factories.make_document(customer, "Bank Statement")
    answer = staff.post(address("customer-export", customer), {"reason": "Asked.", "owner": str(mine.pk)})
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    told = archive.read("index.html").decode() + archive.read("data.json").decode()
    assert "mine@example.com" in told
    assert "Someoneelse" not in told
    assert customer.business_profile.company_name not in told
    assert archive.namelist() == ["index.html", "data.json"]


def test_lists_and_numbers_leave_out_whom_we_have_parted_with_but_a_search_finds_them(staff, agent, officer):
    customer = people.end(factories.make_customer(), agent=agent, officer=officer)
    assert customer.reference not in staff.get(reverse("customers")).content.decode()
    assert customer.reference in staff.get(reverse("customers"), {"stage": "ended"}).content.decode()
    assert customer.reference in staff.get(reverse("customers"), {"q": customer.reference}).content.decode()
    assert staff.get(reverse("overview")).context["page"].standing.total == 0


def test_the_page_of_an_erased_customer_still_opens(staff, agent, officer, settings):
    from kyc.retention.erasing import erase

    settings.FOUR_EYES = frozenset()
    customer = factories.make_customer(entity_type="business")
    factories.make_document(customer, "Bank Statement")
    people.end(customer, agent=agent, officer=officer, years_ago=9)
    erase(customer=customer, actor=officer)
    assert staff.get(reverse("customer-detail", args=[customer.pk])).status_code == 200
    shown = staff.get(address("customer-relationship", customer)).content.decode()
    assert "Data destroyed" in shown


def test_an_export_asks_for_the_second_factor_anew(staff, customer, time_machine):
    time_machine.move_to(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=6))
    answer = staff.post(address("customer-export", customer), {"reason": "Asked by letter."})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/")
    assert not AuditEntry.objects.filter(action="customer.export").exists()
