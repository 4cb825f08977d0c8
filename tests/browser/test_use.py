"""What the pages do under the hand: filter, submit, accept, upload, with scripts and without."""

import re

import pytest
from playwright.sync_api import expect

from customers.choices import Stage
from customers.models import Merchant
from kyc.models import AcceptedWarning, Document
from tests.portal.pages import people

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(transactional_db):
    return Merchant.objects.create(uid="CCT0000000001", name="Corner Shop")


def test_filters_change_the_list_in_place_and_the_address_with_it(shop, thandi, sign_in):
    ready = people.an_individual(shop, thandi)
    draft = people.an_individual(shop, thandi, documents=False)
    page = sign_in()
    page.goto("/customers/")
    page.evaluate("window.isStillHere = true")

    page.get_by_label("Stage").select_option("complete")

    expect(page.get_by_text(draft.reference)).to_have_count(0)
    expect(page.get_by_text(ready.reference)).to_be_visible()
    expect(page).to_have_url(re.compile("stage=complete"))
    assert page.evaluate("window.isStillHere")
    page.go_back()
    expect(page.get_by_text(draft.reference)).to_be_visible()


def test_typing_searches(shop, thandi, sign_in):
    sought = people.an_individual(shop, thandi, documents=False, first_name="Nomvula")
    other = people.an_individual(shop, thandi, documents=False)
    page = sign_in()
    page.goto("/customers/")

    page.get_by_label("Search", exact=True).press_sequentially("nomvula")

    expect(page.get_by_text(other.reference)).to_have_count(0)
    expect(page.get_by_text(sought.reference)).to_be_visible()


def test_submitting_asks_first(shop, thandi, sign_in):
    customer = people.an_individual(shop, thandi)
    page = sign_in()
    page.goto(f"/customers/{customer.pk}/")

    page.get_by_role("button", name="Submit").click()
    page.get_by_role("button", name="Cancel").click()
    customer.refresh_from_db()
    assert customer.stage == Stage.COMPLETE

    page.get_by_role("button", name="Submit").click()
    page.get_by_role("dialog").get_by_role("button", name="Submit").click()
    expect(page.get_by_role("status")).to_contain_text("Submitted.")
    customer.refresh_from_db()
    assert customer.stage == Stage.SUBMITTED


def test_a_warning_is_accepted_and_a_file_handed_in(shop, thandi, sign_in):
    customer = people.an_individual(
        shop, thandi, nationality="ZA", id_number="0202086471086", dob="2002-02-08"
    )
    missing = people.an_individual(shop, thandi, documents=False)
    page = sign_in(width=390)

    page.goto(f"/customers/{customer.pk}/")
    page.locator("summary", has_text="Accept").click()
    page.get_by_label("Why it does not matter").fill("Seen the card itself.")
    page.get_by_role("button", name="Accept the warning").click()
    expect(page.get_by_role("status")).to_contain_text("accepted")
    assert AcceptedWarning.objects.get().reason == "Seen the card itself."

    page.goto(f"/customers/{missing.pk}/")
    need = page.locator("li", has_text="Selfie with the identity document")
    need.locator("summary").click()
    need.get_by_label("File").set_input_files(
        files=[{"name": "selfie.jpg", "mimeType": "image/jpeg", "buffer": people.scan()}]
    )
    need.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("status")).to_contain_text("version 1")
    assert Document.objects.filter(customer=missing).get().doc_type == "Selfie"


def test_a_document_is_downloaded_not_shown(shop, thandi, sign_in):
    customer = people.an_individual(shop, thandi)
    page = sign_in()
    page.goto(f"/customers/{customer.pk}/")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download Selfie").click()

    assert download.value.suggested_filename == f"{customer.reference}-selfie-v1.jpg"


def test_the_colours_are_switched_and_remembered(thandi, sign_in):
    page = sign_in(scheme="light")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name="Dark colours").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.goto("/customers/")

    assert dark != before
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_the_overview_refreshes_itself(shop, thandi, sign_in):
    people.an_individual(shop, thandi, documents=False)
    page = sign_in()
    figure = page.locator(".figure").first
    expect(figure).to_contain_text("1 individual")

    people.an_individual(shop, thandi, documents=False)

    expect(figure).to_contain_text("2 individuals", timeout=12_000)


def test_the_first_key_leads_past_the_navigation(thandi, sign_in):
    page = sign_in()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_menu_opens_and_closes_by_keyboard(thandi, sign_in):
    page = sign_in()
    summary = page.locator("details.menu > summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(summary).to_be_focused()


def test_everything_works_without_scripts(shop, thandi, sign_in):
    customer = people.an_individual(shop, thandi)
    draft = people.an_individual(shop, thandi, documents=False)
    page = sign_in(scripts=False)

    page.goto("/customers/")
    page.get_by_label("Stage").select_option("complete")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text(draft.reference)).to_have_count(0)
    page.get_by_role("link", name=customer.display_name).click()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("status")).to_contain_text("Submitted.")

    page.locator("details.menu > summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
