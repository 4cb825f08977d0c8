import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from customers.choices import Stage
from customers.models import Customer
from portal.pages.paging import PAGE_SIZE, Place, take_page
from tests.portal.pages import people

LIST = "/customers/"


def names(response):
    return [row.customer.reference for row in response.context["rows"]]


@pytest.fixture
def many(corner_shop, thandi):
    """Sixty customers; two of them at the same moment, on the edge of the first page."""
    made = [people.an_individual(corner_shop, thandi, documents=False) for _ in range(60)]
    start = timezone.now() - datetime.timedelta(days=1)
    for place, customer in enumerate(made):
        moment = start + datetime.timedelta(minutes=min(place, 58) if place != 10 else 9)
        Customer.objects.filter(pk=customer.pk).update(created_at=moment)
    return made


def test_without_customers_the_list_says_how_to_begin(staff):
    assert "import_pack" in staff.get(LIST).text


def test_pages_follow_each_other_without_gap_or_repetition(many, staff):
    first = staff.get(LIST)
    second = staff.get(LIST + "?" + first.context["next_query"])

    seen = names(first) + names(second)
    assert len(names(first)) == PAGE_SIZE
    assert len(seen) == len(set(seen)) == 60
    assert second.context["next_query"] == ""
    everybody = Customer.objects.order_by("-created_at", "-pk").values_list("reference", flat=True)
    assert seen == list(everybody)


def test_the_list_is_never_counted_and_its_queries_do_not_grow(many, staff, django_assert_max_num_queries):
    with django_assert_max_num_queries(16) as queries:
        staff.get(LIST)
    assert not [query for query in queries if "COUNT(" in query["sql"].upper()]
    with django_assert_max_num_queries(16):
        staff.get(LIST + "?after=" + str(Place.of(Customer.objects.order_by("created_at")[3])))


def test_a_place_that_was_tampered_with_means_the_first_page(many, staff):
    for place in ("x", "🙂", "AAAA", "MjAyNi0xMS0yMVQwMDowMDowMHxub3BlCg=="):
        page = staff.get(LIST, {"after": place})
        assert page.context["is_first"], place


def test_filters_narrow_and_stand_in_the_address_of_the_next_page(many, staff, corner_shop):
    page = staff.get(
        LIST, {"merchant": corner_shop.uid, "stage": "draft", "kind": "individual", "country": "ZA"}
    )

    assert len(names(page)) == PAGE_SIZE
    for part in ("stage=draft", "kind=individual", f"merchant={corner_shop.uid}", "after="):
        assert part in page.context["next_query"]
    assert names(staff.get(LIST, {"kind": "business"})) == []


@pytest.mark.parametrize(
    ("name", "value", "label"),
    [
        ("country", "ZZ", "Country"),
        ("country", "1'; --", "Country"),
        ("stage", "nonsense", "Stage"),
        ("merchant", "CCT9999999999", "Merchant"),
        ("waiting", "godot", "Waiting for"),
    ],
)
def test_a_filter_that_names_nothing_is_said_and_never_lists_everybody(many, staff, name, value, label):
    page = staff.get(LIST, {name: value})

    assert names(page) == []
    assert "This filter is not valid" in page.text
    assert [(row.label, row.value) for row in page.context["not_valid"]] == [(label, value)]


def test_a_merchant_beyond_those_offered_is_a_filter_all_the_same(many, staff, corner_shop, monkeypatch):
    monkeypatch.setattr("portal.pages.list_filters.MERCHANTS_SHOWN", 0)

    assert len(names(staff.get(LIST, {"merchant": corner_shop.uid}))) == PAGE_SIZE


def test_an_empty_list_offers_the_sample_only_where_the_exchange_is_the_sandbox(staff, settings):
    settings.USES_SANDBOX = True
    assert "import_pack samples/pack --submit" in staff.get(LIST).text

    settings.USES_SANDBOX = False
    page = staff.get(LIST)
    assert "samples/pack" not in page.text
    assert "import_pack PACK --dry-run" in page.text


def test_a_filter_by_whose_move_it_is(corner_shop, thandi, staff):
    ready = people.an_individual(corner_shop, thandi)
    missing = people.an_individual(corner_shop, thandi, documents=False)
    sent = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    stuck = people.submitted(people.an_individual(corner_shop, thandi), thandi)
    people.stuck(stuck, reason="refused_by_exchange")
    done = people.moved_to(
        people.submitted(people.an_individual(corner_shop, thandi), thandi), Stage.VERIFIED
    )

    assert set(names(staff.get(LIST, {"waiting": "staff"}))) == {ready.reference, stuck.reference}
    assert names(staff.get(LIST, {"waiting": "customer"})) == [missing.reference]
    assert names(staff.get(LIST, {"waiting": "exchange"})) == [sent.reference]
    assert done.reference in names(staff.get(LIST))


def test_only_so_many_are_looked_at_for_one_page(many, staff, monkeypatch):
    monkeypatch.setattr("portal.pages.customers.queries.LOOKED_AT_MAX", 20)
    page = staff.get(LIST, {"needs": "warning:check_digit"})

    assert names(page) == []
    assert page.context["looked_at"] == 20
    assert "None among those looked at" in page.text
    assert "after=" in page.context["next_query"]


def test_what_comes_next_is_the_first_open_requirement(corner_shop, thandi, staff):
    people.an_individual(corner_shop, thandi, documents=False)
    (row,) = staff.get(LIST).context["rows"]

    assert (row.next_step.code, row.move) == ("document:identity", "customer")


def test_htmx_gets_the_list_alone_but_history_the_whole_page(many, staff):
    part = staff.get(LIST, headers={"HX-Request": "true"})
    restored = staff.get(LIST, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})

    assert "<html" not in part.text
    assert "<html" in restored.text


def test_what_was_searched_for_is_shown_again_and_escaped(staff):
    page = staff.get(LIST, {"q": '"><script>alert(1)</script>'})

    assert "<script>alert" not in page.text
    assert "No customer matches" in page.text


def test_a_customer_whose_key_is_gone_does_not_take_the_list_along(corner_shop, thandi, staff):
    kept = people.an_individual(corner_shop, thandi, documents=False)
    gone = people.an_individual(corner_shop, thandi, documents=False)
    Customer.objects.filter(pk=gone.pk).update(wrapped_key=b"")

    assert set(names(staff.get(LIST))) == {kept.reference, gone.reference}
    assert staff.get(reverse("waiting")).status_code == 200
    assert staff.get(reverse("overview")).status_code == 200


def test_out_of_scope_nobody_is_listed(many, staff, nothing_in_scope):
    assert names(staff.get(LIST)) == []


def test_a_page_of_exactly_the_size_has_no_next(db, many):
    page = take_page(Customer.objects.all(), after=None, size=60)

    assert (len(page.rows), page.next) == (60, None)
