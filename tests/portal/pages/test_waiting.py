import uuid

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from customers.choices import Stage
from exchange.outbox.models import Intent
from tests.portal.pages import people

PAGE = "/waiting/"


@pytest.fixture
def refused(corner_shop, thandi):
    customer = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    return people.stuck(customer, reason="refused_by_exchange", codes="server.method.invalid")


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

    assert [row.customer for row in shown.doubted] == [doubtful]
    assert (shown.ready, shown.ready_count) == ([ready], 1)
    assert (shown.rejected, shown.rejected_count) == ([rejected], 1)
    assert [(group.title, group.count) for group in shown.stuck] == [("The exchange refused the request", 1)]
    assert "server.method.invalid" in page.text


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
    assert other in page.context["page"].ready


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
