"""Looking at a document beside the data it confirms, by hand and by keyboard, with scripts and without."""

import pytest

from customers.models import Merchant
from kyc.models import Document
from tests.browser.test_walk import LOOKS, assert_sound
from tests.kyc.files import jpeg, pdf, scan
from tests.portal.pages import people

pytestmark = pytest.mark.browser


@pytest.fixture
def lerato(transactional_db, thandi):
    shop = Merchant.objects.create(uid="CCT0000000001", name="Corner Shop")
    customer = people.an_individual(shop, thandi, documents=False)
    people.hand_in(
        customer,
        thandi,
        "Passport",
        content=jpeg(scan((2400, 1700))),
        doc_number="P530000123",
        doc_expire="2031-01-01",
    )
    people.hand_in(customer, thandi, "Selfie")
    people.hand_in(customer, thandi, "Proof of Address", content=pdf(3))
    return customer


def paper(customer, doc_type):
    return Document.objects.get(customer=customer, doc_type=doc_type, is_current=True)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_viewer_and_the_masks_are_sound(width, scheme, lerato, sign_in):
    page = sign_in(width=width, scheme=scheme)
    for doc_type in ("Passport", "Proof of Address"):
        page.goto(f"/documents/{paper(lerato, doc_type).pk}/view/")
        page.wait_for_function("[...document.querySelectorAll('.sheets img')][0].naturalWidth > 500")
        assert_sound(page, f"viewer of {doc_type}")
    page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true })")
    assert_sound(page, "viewer with its doors open")
    page.goto(f"/customers/{lerato.pk}/")
    page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true })")
    assert_sound(page, "customer with its doors open")


def test_a_picture_is_made_larger_by_keyboard(lerato, sign_in):
    page = sign_in()
    page.goto(f"/documents/{paper(lerato, 'Passport').pk}/view/")
    picture = page.locator(".sheets img").first
    before = picture.bounding_box()["width"]
    page.get_by_role("radio", name="Fit").focus()
    page.keyboard.press("ArrowRight")
    assert picture.bounding_box()["width"] == pytest.approx(1.5 * before, rel=0.1)
    page.get_by_role("region", name="Picture of Passport").focus()
    page.keyboard.press("End")
    page.get_by_role("link", name="Selfie").click()
    page.wait_for_url(f"**/documents/{paper(lerato, 'Selfie').pk}/view/")


def test_one_value_is_shown_and_hidden_again(lerato, sign_in):
    page = sign_in()
    page.goto(f"/customers/{lerato.pk}/")
    assert "17 April 1991" not in page.content()
    page.locator("summary", has_text="Date of birth").click()
    form = page.locator("details.reveal[open]")
    form.get_by_label("Why you look at it").fill("Comparing with the document")
    form.get_by_role("button", name="Show for a minute").click()
    shown = page.get_by_role("status").get_by_text("17 April 1991")
    shown.wait_for()
    page.get_by_role("button", name="Hide").click()
    shown.wait_for(state="detached")
    assert "17 April 1991" not in page.content()


def test_without_scripts_a_value_is_shown_on_a_page_of_its_own(lerato, sign_in):
    page = sign_in(scripts=False)
    page.goto(f"/customers/{lerato.pk}/")
    page.locator("summary", has_text="Date of birth").click()
    form = page.locator("details.reveal[open]")
    form.get_by_label("Why you look at it").fill("The customer asked")
    form.get_by_role("button", name="Show for a minute").click()
    page.get_by_text("17 April 1991").wait_for()
    page.get_by_role("link", name="Back").click()
    page.wait_for_url(f"**/customers/{lerato.pk}/")
