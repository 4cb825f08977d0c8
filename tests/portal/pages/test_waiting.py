import uuid

import pytest
from django.core.cache import cache
from django.urls import reverse

from accounts.models import AuditEntry
from customers.choices import Stage
from customers.models import Customer
from exchange.outbox.models import Intent
from kyc.submission import thaw
from tests.portal.pages import people

PAGE = "/waiting/"


@pytest.fixture
def refused(corner_shop, thandi):
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    return people.stuck(customer, reason="refused_by_exchange", codes="server.method.invalid")


def listed(shown):
    return {section.kind.value: [entry.customer for entry in section.entries] for section in shown.sections}


def retry(client, intent, **data):
    return client.post(reverse("intent-retry", args=[intent.pk]), data)


def test_when_nothing_waits_the_page_says_so(staff):
    assert "Nothing waits for you" in staff.get(PAGE).text


def test_all_that_waits_is_grouped_and_counted(corner_shop, thandi, staff, refused):
    ready = people.an_individual(corner_shop, thandi)
    doubtful = people.an_individual(
        corner_shop, thandi, nationality="ZA", id_number="0202086471086", dob="2002-02-08"
    )
    rejected = people.moved_to(
        people.submitted(people.an_individual(corner_shop, thandi), thandi), Stage.REJECTED
    )
    page = staff.get(PAGE)
    shown = page.context["page"]

    assert listed(shown) == {
        "outbox": [Customer.objects.get(pk=refused.lane_id)],
        "rejected": [rejected],
        "warnings": [doubtful],
        "submit": [ready],
    }
    assert "Ask the exchange for the reason" in page.text
    assert (shown.counts.total, [section.count for section in shown.sections]) == (4, [1, 1, 1, 1])
    assert "The exchange refused the request" in page.text
    assert "server.method.invalid" in page.text


def test_a_warning_about_a_beneficial_owner_names_the_owner(corner_shop, thandi, staff):
    people.a_business(corner_shop, thandi, of_owner={"id_number": "P700000001"})
    salz = {"id_number": "P700000001", "first_name": "Emmy", "last_name": "Salz"}
    alike = people.a_business(corner_shop, thandi, of_owner=salz)
    page = staff.get(PAGE)
    (entry,) = [
        entry for section in page.context["page"].sections for entry in section.entries if entry.warnings
    ]
    assert entry.customer == alike
    assert [doubt.whose for doubt in entry.warnings] == ["Emmy Salz"]
    assert "Emmy Salz: Another customer has the same ID number." in page.text


def test_whoever_waits_for_several_things_counts_and_stands_once(corner_shop, thandi, staff):
    """The exchange turned it down, so it is thawed and could be submitted again: one customer, one entry."""
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    people.stuck(customer, reason="rejected_by_exchange")
    thaw(customer=customer, reason="rejected_by_exchange", actor=thandi)
    other = people.an_individual(corner_shop, thandi)
    page = staff.get(PAGE)
    shown = page.context["page"]
    customer.refresh_from_db()
    assert customer.stage == Stage.COMPLETE
    assert (listed(shown), shown.counts.total) == ({"outbox": [customer], "submit": [other]}, 2)
    assert f"the one with the reference {customer.reference}" in page.text


def test_what_was_taken_in_from_the_exchange_and_rejected_there_waits_for_nobody_here(
    corner_shop, thandi, staff
):
    def rejected():
        customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
        return people.moved_to(customer, Stage.REJECTED)

    taken_in = rejected()
    Customer.objects.filter(pk=taken_in.pk).update(origin="exchange")
    shown = staff.get(PAGE).context["page"]
    assert (shown.counts.total, shown.is_empty, listed(shown)) == (0, True, {})

    mine = rejected()
    shown = staff.get(PAGE).context["page"]
    assert (shown.counts.rejected, listed(shown)) == (1, {"rejected": [mine]})
    # The overview says the same, and its number leads to a list of as many.
    cache.clear()
    blockers = staff.get(reverse("overview")).context["page"].blockers
    (row,) = blockers.for_staff
    assert (blockers.waiting.rejected, row.customers) == (1, 1)
    assert [found.customer for found in staff.get(row.address).context["rows"]] == [mine]
    everybody = staff.get(reverse("customers") + "?stage=rejected").context["rows"]
    assert {found.customer for found in everybody} == {mine, taken_in}


def test_everything_of_a_customer_is_sent_again_at_once(corner_shop, thandi, staff):
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    Intent.objects.filter(lane_id=customer.pk, topic="document.upload").update(
        state="waiting_for_staff", reason="refused_by_exchange"
    )
    (entry,) = staff.get(PAGE).context["page"].sections[0].entries
    assert (entry.may_retry, len(entry.matters)) == (3, 1)
    response = staff.post(reverse("customer-retry", args=[customer.pk]))
    assert response.headers["Location"] == PAGE
    assert not Intent.objects.filter(state="waiting_for_staff").exists()
    assert AuditEntry.objects.filter(action="intent.retry").count() == 3
    again = staff.post(reverse("customer-retry", args=[customer.pk]), follow=True)
    assert "Nothing of this customer can be sent again" in again.text


def test_what_can_not_be_sent_again_is_left_without_a_word_about_it(corner_shop, thandi, staff):
    """One was refused, and of one the content has changed: the button is about the first."""
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    refused, changed = Intent.objects.filter(lane_id=customer.pk, topic="document.upload")[:2]
    Intent.objects.filter(pk=refused.pk).update(state="waiting_for_staff", reason="refused_by_exchange")
    Intent.objects.filter(pk=changed.pk).update(state="waiting_for_staff", reason="content_changed")
    answer = staff.post(reverse("customer-retry", args=[customer.pk]), follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["success"]
    changed.refresh_from_db()
    assert changed.reason == "content_changed"


def test_pages_go_on_from_kind_to_kind_and_show_everybody_once(
    corner_shop, thandi, staff, refused, monkeypatch
):
    monkeypatch.setattr("portal.pages.waiting.queries.PAGE_SIZE", 2)
    for _ in range(3):
        people.an_individual(corner_shop, thandi)
    seen, query = [], ""
    while query is not None:
        page = staff.get(f"{PAGE}?{query}")
        seen += [entry.customer.pk for section in page.context["page"].sections for entry in section.entries]
        query = page.context["next_query"] or None
    assert sorted(seen) == sorted(Customer.objects.values_list("pk", flat=True))


def test_it_is_narrowed_to_a_kind_and_to_a_reason(corner_shop, thandi, staff, refused):
    ready = people.an_individual(corner_shop, thandi)
    assert listed(staff.get(f"{PAGE}?what=submit").context["page"]) == {"submit": [ready]}
    other = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    people.stuck(other, reason="too_many_attempts")
    narrowed = staff.get(f"{PAGE}?reason=refused_by_exchange").context["page"]
    assert listed(narrowed) == {"outbox": [Customer.objects.get(pk=refused.lane_id)]}
    assert [section.count for section in narrowed.sections] == [1]
    assert staff.get(f"{PAGE}?what=outbox").context["page"].sections[0].count == 2
    assert listed(staff.get(f"{PAGE}?reason=ubo_email_taken").context["page"]) == {}
    assert "This filter is not valid" in staff.get(f"{PAGE}?what=everything").text


def test_who_waits_for_the_virus_scanner_is_shown_until_it_has_passed_the_file(corner_shop, thandi, staff):
    waits, other = (people.an_individual(corner_shop, thandi) for _ in range(2))
    waits.documents.filter(doc_type="Selfie").update(scan="pending")
    page = staff.get(PAGE)
    assert (page.context["page"].unscanned, page.context["page"].unscanned_count) == ([waits], 1)
    assert "The virus scanner has not answered" in page.text
    waits.documents.update(scan="clean")
    page = staff.get(PAGE)
    assert page.context["page"].unscanned == []
    assert "virus scanner" not in page.text
    assert other in listed(page.context["page"])["submit"]


def test_a_known_outcome_is_sent_again_and_written_down(refused, staff, thandi):
    response = retry(staff, refused)

    refused.refresh_from_db()
    assert (refused.state, refused.reason) == ("pending", "")
    assert AuditEntry.objects.get(action="intent.retry").actor == thandi
    assert response.headers["Location"] == PAGE


def test_an_unknown_outcome_is_not_sent_again(corner_shop, thandi, staff):
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    intent = people.stuck(customer, reason="create_outcome_unknown", state="unknown", status=None)
    response = staff.post(reverse("intent-retry", args=[intent.pk]), follow=True)

    intent.refresh_from_db()
    assert intent.state == "unknown"
    assert "not sent again" in str(next(iter(response.context["messages"])))
    assert not AuditEntry.objects.filter(action="intent.retry").exists()


def test_the_way_back_is_ours_to_choose(refused, staff):
    response = retry(staff, refused, back="https://evil.example/")
    assert response.headers["Location"] == PAGE

    Intent.objects.filter(pk=refused.pk).update(state="waiting_for_staff", reason="refused_by_exchange")
    response = retry(staff, refused, back="customer")
    assert response.headers["Location"] == reverse("customer-detail", args=[refused.lane_id])


def test_out_of_scope_nothing_waits_and_nothing_is_sent_again(refused, staff, nothing_in_scope):
    assert "Nothing waits for you" in staff.get(PAGE).text
    assert retry(staff, refused).status_code == 404
    assert staff.post(reverse("intent-retry", args=[uuid.uuid4()])).status_code == 404


def test_queries_do_not_grow_with_what_waits(
    corner_shop, thandi, staff, refused, django_assert_max_num_queries
):
    people.an_individual(corner_shop, thandi)
    people.an_individual(corner_shop, thandi, documents=False)
    with django_assert_max_num_queries(30) as few:
        staff.get(PAGE)
    for _ in range(3):
        people.an_individual(corner_shop, thandi, documents=False)
        people.an_individual(corner_shop, thandi)
        customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
        people.stuck(customer, reason="too_many_attempts")
    with django_assert_max_num_queries(len(few)):
        staff.get(PAGE)
