import csv
import datetime
import io

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.audit_rows import AuditEntry
from accounts.circumstances import Channel, under
from accounts.sealing import seal
from customers.merchant_contacts import change_contact
from portal.admin import MerchantAdmin
from tests.accounts.people import a_person
from tests.portal.pages.people import an_individual

PAGE = "/audit/"


@pytest.fixture
def auditor_of_another_shop(db):
    return a_person("ana@aggregator.example", "auditor", merchants=("CCT0000000009",), name="Ana Adams")


@pytest.fixture
def as_auditor(client, auditor):
    client.force_login(auditor)
    return client


def numbers(response) -> list[int]:
    return [row.entry.pk for row in response.context["rows"]]


def wrote(**fields) -> AuditEntry:
    audit.record(
        **{"actor": None, "action": "user.created", "subject_type": "user", "subject_id": None, **fields}
    )
    return AuditEntry.objects.latest("pk")


def test_who_may_not_see_it_does_not(client, officer, viewer, operator, administrator):
    for user in (officer, viewer, operator, administrator):
        client.force_login(user)
        assert client.get(PAGE).status_code == 403
        assert client.post(f"{PAGE}export/").status_code == 403
        assert PAGE not in client.get("/accounts/logout/").text


def test_it_says_what_who_in_which_role_by_which_way_about_whom_and_what_changed(
    as_auditor, officer, corner_shop, thandi
):
    customer = an_individual(corner_shop, thandi, documents=False)
    with under(Channel.API):
        wrote(
            actor=officer,
            action="customer.verdict",
            customer_id=customer.pk,
            merchant_uid=corner_shop.uid,
            changes={"kyc_status": ("pending", "verified")},
            reason="as the exchange says",
        )
    text = as_auditor.get(PAGE).text
    for told in ("The exchange said", "Olivia Smit", "Officer", "Program (API)", customer.reference):
        assert told in text
    assert "pending → verified" in text
    assert "as the exchange says" in text


def test_an_entry_is_marked_until_it_is_sealed_and_the_head_is_told(as_auditor):
    wrote()
    assert "not sealed yet" in as_auditor.get(PAGE).text
    assert "Nothing was sealed yet" in as_auditor.get(PAGE).text
    seal()
    text = as_auditor.get(PAGE).text
    assert "not sealed yet" not in text
    assert "Signed head 1 proves the first 1 entries" in text


def test_it_is_searched_by_customer_subject_entry_and_request(as_auditor, corner_shop, thandi):
    customer = an_individual(corner_shop, thandi)
    document = customer.documents.first()
    other = wrote()
    of_customer = list(AuditEntry.objects.filter(customer_id=customer.pk).order_by("-pk"))
    assert numbers(as_auditor.get(PAGE, {"q": customer.reference})) == [entry.pk for entry in of_customer]
    assert numbers(as_auditor.get(PAGE, {"q": str(customer.pk)})) == [entry.pk for entry in of_customer]
    (added,) = [entry.pk for entry in of_customer if entry.subject_id == document.pk]
    assert numbers(as_auditor.get(PAGE, {"q": str(document.pk)})) == [added]
    assert numbers(as_auditor.get(PAGE, {"q": str(other.pk)})) == [other.pk]
    assert other.pk in numbers(as_auditor.get(PAGE, {"q": other.request_id}))
    assert numbers(as_auditor.get(PAGE, {"q": "C-NOBODY"})) == []


def test_it_is_narrowed_by_person_action_outcome_way_merchant_and_day(as_auditor, officer, corner_shop):
    # Said here: a test before may have loaded Celery, which makes this a process of tasks.
    with under(Channel.COMMAND):
        old = wrote(at=timezone.now() - datetime.timedelta(days=10))
        mine = wrote(actor=officer, action="document.download", merchant_uid=corner_shop.uid)
    with under(Channel.TASK):
        refused = wrote(actor=officer, action="document.view", outcome="refused")

    def found(**filters):
        return numbers(as_auditor.get(PAGE, filters))

    assert found(person=str(officer.pk)) == [refused.pk, mine.pk]
    assert found(person="nobody") == [old.pk]
    assert found(what="document.download") == [mine.pk]
    assert found(what="document.") == [refused.pk, mine.pk]
    assert found(outcome="refused") == [refused.pk]
    assert found(channel="task") == [refused.pk]
    assert found(merchant=corner_shop.uid) == [mine.pk]
    today = timezone.localdate()
    assert found(since=today.isoformat()) == [refused.pk, mine.pk]
    assert found(until=(today - datetime.timedelta(days=9)).isoformat()) == [old.pk]
    assert found(person="x", what="y", since="tomorrow") == []


def test_pages_follow_each_other_without_a_gap(as_auditor, monkeypatch):
    monkeypatch.setattr("portal.pages.audit.queries.PAGE_SIZE", 3)
    written = [wrote().pk for _ in range(7)]
    seen, query = [], ""
    while True:
        answer = as_auditor.get(f"{PAGE}?{query}")
        seen += numbers(answer)
        query = answer.context["next_query"]
        if not query:
            break
    assert seen == written[::-1]


def test_who_is_there_for_some_merchants_sees_theirs_alone(client, auditor_of_another_shop, corner_shop):
    wrote(merchant_uid=corner_shop.uid)
    wrote()
    theirs = wrote(merchant_uid="CCT0000000009")
    client.force_login(auditor_of_another_shop)
    assert numbers(client.get(PAGE)) == [theirs.pk]
    lines = list(csv.reader(io.StringIO(client.post(f"{PAGE}export/").getvalue().decode("utf-8-sig"))))
    assert [line[0] for line in lines[1:]] == [str(theirs.pk)]


def test_the_page_takes_as_many_queries_for_many_entries(
    as_auditor, corner_shop, thandi, django_assert_max_num_queries
):
    customer = an_individual(corner_shop, thandi, documents=False)
    wrote(customer_id=customer.pk, merchant_uid=corner_shop.uid, actor=thandi)
    with django_assert_max_num_queries(16) as few:
        as_auditor.get(PAGE)
    for _ in range(20):
        wrote(customer_id=customer.pk, merchant_uid=corner_shop.uid, actor=thandi)
    with django_assert_max_num_queries(len(few)):
        as_auditor.get(PAGE)


def test_a_copy_is_taken_of_what_is_found_and_that_is_written_down_first(as_auditor, auditor, officer):
    wrote()
    mine = wrote(actor=officer, action="document.download", details={"doc_type": "Passport"})
    answer = as_auditor.post(f"{PAGE}export/", {"what": "document."})
    assert answer["Content-Type"].startswith("text/csv")
    assert "attachment" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    header, line = csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig")))
    found = dict(zip(header, line, strict=True))
    assert (found["number"], found["actor"], found["action"]) == (
        *(str(mine.pk), officer.email, "document.download"),
    )
    assert found["details"] == '{"doc_type": "Passport"}'
    entry = AuditEntry.objects.get(action="audit.export")
    assert (entry.actor, entry.details) == (auditor, {"entries": 1, "filters": ["what"]})


def test_no_cell_of_a_copy_is_a_formula(as_auditor):
    wrote(reason='=HYPERLINK("http://evil.example")', subject_type="@sum")
    text = as_auditor.post(f"{PAGE}export/").getvalue().decode("utf-8-sig")
    (_header, line) = csv.reader(io.StringIO(text))
    assert "'=HYPERLINK" in text
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line)


def test_more_than_can_be_taken_at_once_is_said(as_auditor, monkeypatch):
    monkeypatch.setattr("portal.pages.audit.views.EXPORTED_MAX", 2)
    for _ in range(3):
        wrote()
    answer = as_auditor.post(f"{PAGE}export/", {"what": "user."}, follow=True)
    assert answer.redirect_chain[0][0] == f"{PAGE}?what=user."
    assert "Narrow the dates" in answer.text
    assert not AuditEntry.objects.filter(action="audit.export").exists()


def test_a_customers_history_leads_to_its_trail(as_auditor, corner_shop, thandi, client, officer):
    customer = an_individual(corner_shop, thandi, documents=False)
    address = reverse("customer-detail", args=[customer.pk])
    assert f"{PAGE}?q={customer.reference}" in as_auditor.get(address).text
    client.force_login(officer)
    assert PAGE not in client.get(address).text


def test_with_htmx_only_the_list_is_drawn(as_auditor):
    wrote()
    part = as_auditor.get(PAGE, headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "Account made" in part.text


def test_a_copy_asks_for_the_second_factor_anew(as_auditor, settings):
    wrote()
    settings.STEP_UP_SECONDS = 0
    answer = as_auditor.post(f"{PAGE}export/")
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/")
    assert not AuditEntry.objects.filter(action="audit.export").exists()


def test_a_setting_changed_in_the_configuration_is_written_down_masked(client, administrator, corner_shop):
    client.force_login(administrator)
    address = f"/admin/customers/merchant/{corner_shop.pk}/change/"
    assert client.post(address, {"settings": '{"secret": "hush", "limit": 5}'}).status_code == 302
    entry = AuditEntry.objects.get(action="merchant.configure")
    assert (entry.actor, entry.channel, entry.merchant_uid) == (administrator, "admin", corner_shop.uid)
    assert set(entry.changes) == {"secret", "limit"}
    assert "hush" not in str(entry.changes)


def test_a_setting_changed_in_the_configuration_leaves_a_contact_that_was_noted_meanwhile(
    client, administrator, thandi, corner_shop, monkeypatch
):
    def noted_meanwhile(self, request, obj, form, change):
        change_contact(merchant=corner_shop, data={"contact_name": "Piet"}, actor=thandi)
        return save(self, request, obj, form, change)

    save = MerchantAdmin.save_model
    monkeypatch.setattr(MerchantAdmin, "save_model", noted_meanwhile)
    client.force_login(administrator)
    client.post(f"/admin/customers/merchant/{corner_shop.pk}/change/", {"settings": '{"limit": 5}'})
    corner_shop.refresh_from_db()
    assert (corner_shop.contact_name, corner_shop.settings) == ("Piet", {"limit": 5})


def test_a_filter_that_names_nothing_finds_nothing_and_nothing_is_taken_away(as_auditor):
    wrote()
    page = as_auditor.get(PAGE, {"outcome": "nonsense"})
    assert numbers(page) == []
    assert "This filter is not valid" in page.text

    answer = as_auditor.post(f"{PAGE}export/", {"outcome": "nonsense"})
    assert answer.status_code == 302
    assert not AuditEntry.objects.filter(action="audit.export").exists()
