"""Whoever is asked for the second factor anew in the middle of something comes back to where it goes on."""

import datetime

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from tests.accounts.signing_in import code, enrol_app, wait_for_next_code
from tests.portal.pages.people import an_individual


@pytest.fixture
def customer(corner_shop, thandi):
    return an_individual(corner_shop, thandi, documents=False)


@pytest.fixture
def later(staff, thandi, time_machine):
    """Six minutes after Thandi signed in; she has her app at hand."""
    enrol_app(thandi)
    wait_for_next_code(thandi)
    time_machine.move_to(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=6))
    return staff


def asks(browser, customer, **headers):
    data = {"in": "customer", "field": "dob", "reason": "Comparing with the passport"}
    return browser.post(reverse("customer-reveal", args=[customer.pk]), data, **headers)


def in_htmx(address):
    return {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": f"http://testserver{address}"}


def test_from_within_a_page_one_comes_back_to_that_page_and_it_works_then(later, customer):
    page = reverse("customer-detail", args=[customer.pk])
    answer = asks(later, customer, **in_htmx(page))
    assert (answer.status_code, answer.content) == (200, b"")
    answer = later.post(answer.headers["HX-Redirect"], {"code": code()})
    assert answer.headers["Location"] == page
    # Nothing was shown meanwhile where nobody could see it.
    assert not AuditEntry.objects.filter(action="customer.reveal").exists()
    assert later.get(page).status_code == 200
    assert "17 April 1991" in asks(later, customer, **in_htmx(page)).text


def test_a_form_that_was_sent_is_sent_on_with_its_reason(later, customer):
    answer = asks(later, customer)
    answer = later.post(answer.headers["Location"], {"code": code()})
    assert answer.status_code == 200
    assert "17 April 1991" in answer.text
    assert AuditEntry.objects.get(action="customer.reveal").reason == "Comparing with the passport"


def test_what_was_left_unfinished_once_is_not_sent_on_by_a_later_confirmation(later, customer):
    asks(later, customer)
    page = reverse("customer-detail", args=[customer.pk])
    answer = asks(later, customer, **in_htmx(page))
    answer = later.post(answer.headers["HX-Redirect"], {"code": code()})
    assert answer.headers["Location"] == page
    assert not AuditEntry.objects.filter(action="customer.reveal").exists()
