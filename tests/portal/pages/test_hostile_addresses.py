"""Addresses that no page of ours links to: places beyond all pages, and questions about what is not shown.

Bad inputs 79 and 80; the API's own stand in tests/portal/api/test_customers.py.
"""

import base64
import uuid

import pytest
from django.urls import reverse

from tests.kyc.onboarding import hand_in
from tests.portal.pages.people import an_individual

LISTS = [
    "customers", "audit", "sync-intents", "drift", "people", "waiting", "merchants", "retention",
    "invitations", "sync", "overview", "api-customers",
]  # fmt: skip


def place(at):
    return base64.urlsafe_b64encode(f"{at}|{uuid.UUID(int=0)}".encode()).decode()


FAR = [
    "page=-1",
    "page=1000000000000000000",
    "limit=1000000000",
    "after=-1",
    "after=1000000000000000000",
    "after=99999999999999999999999999",
    "before=-1",
    "before=99999999999999999999999999",
    f"after={place('0001-01-01T00:00:00+14:00')}",
    f"after={place('9999-12-31T23:59:59-14:00')}",
    "after=" + "A" * 5000,
    "after=%ff%00",
    "since=0001-01-01&until=9999-12-31",
    "since=9999-12-31&until=0001-01-01",
    "q=%00&merchant=%00&stage=%00&what=%00&person=%00",
    "q=" + "x" * 7000,
    "q=99999999999999999999",
]


@pytest.mark.parametrize("name", LISTS)
def test_79_no_place_beyond_all_pages_is_a_fault(staff, corner_shop, thandi, name):
    an_individual(corner_shop, thandi, documents=False)
    for query in FAR:
        answer = staff.get(f"{reverse(name)}?{query}")
        assert answer.status_code in (200, 400), query[:80]


def test_79_nor_is_a_page_of_a_document_that_it_does_not_have(staff, corner_shop, thandi):
    customer = an_individual(corner_shop, thandi, documents=False)
    document = hand_in(customer, "Selfie", thandi).document
    for number in ("1", "1000000000", "1000000000000000000000"):
        address = f"/documents/{document.pk}/pages/{number}/"
        assert staff.get(address).status_code == 404, number


HIDDEN = [
    "dob=1991-04-17",
    "id_number=x",
    "phone_index=x",
    "wrapped_key__startswith=a",
    "merchant__settings__x=1",
    "ordering=dob",
    "order_by=-wrapped_key",
    "o=dob",
    "sort=id_number",
    "fields=wrapped_key",
]


@pytest.mark.parametrize("query", HIDDEN)
def test_80_what_is_not_shown_neither_narrows_nor_orders_a_list(staff, corner_shop, thandi, query):
    shown = [an_individual(corner_shop, thandi, documents=False) for _ in range(3)]
    page = staff.get(reverse("customers"), query_params=dict([query.split("=", 1)]))
    assert page.status_code == 200
    places = [page.text.index(customer.reference) for customer in shown]
    assert places == sorted(places, reverse=True)
    answer = staff.get(f"/api/customers/?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_parameter")


@pytest.mark.parametrize(
    "query",
    [
        "customers__wrapped_key__startswith=a",
        "customers__dob=1",
        "settings__x=1",
        "name__regex=(",
        "name__startswith=C",
        "id__in=x",
        "id__exact=%00",
    ],
)
def test_80_configuration_is_asked_about_no_column(staff, thandi, corner_shop, query):
    assert staff.get(f"/admin/customers/merchant/?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["p=-1", "p=1000000000000000000", "o=99", "o=-99.x", "all=", "q=%00", "e=1"]
)
def test_79_configuration_has_no_page_beyond_its_last(staff, thandi, corner_shop, query):
    assert staff.get(f"/admin/customers/merchant/?{query}").status_code in (200, 302)
