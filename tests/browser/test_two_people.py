"""What takes two, by two people in two browsers; and what somebody sees whose roles show little."""

import pytest

from accounts.models import Proposal
from customers.choices import Stage
from customers.models import Customer, Merchant
from tests.accounts.people import PASSPHRASE, a_person
from tests.accounts.signing_in import enrol_app
from tests.browser.conftest import show_code
from tests.browser.test_walk import assert_sound
from tests.portal.pages import people

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("four_eyes")]


@pytest.fixture
def enter(open_browser):
    """enter(user, **how the browser is) -> a page, signed in through both forms."""

    def do(user, **how):
        page = open_browser(**how)
        page.goto("/accounts/login/")
        page.get_by_label("Email").fill(user.email)
        page.get_by_label("Password", exact=True).fill(PASSPHRASE)
        page.get_by_role("button", name="Sign in").click()
        show_code(page, user)
        page.wait_for_url(lambda address: "/accounts/" not in address)
        return page

    return do


@pytest.fixture
def shop(transactional_db):
    return Merchant.objects.create(uid="CCT0000000001", name="Corner Shop")


def test_one_proposes_and_another_approves(enter, shop):
    agent = enrol_app(a_person("ayanda@aggregator.example", "agent", name="Ayanda Cele"))
    officer = enrol_app(a_person("olivia@aggregator.example", "officer", name="Olivia Smit"))
    customer = people.an_individual(
        shop, agent, nationality="ZA", id_number="0202086471086", dob="2002-02-08"
    )

    page = enter(agent)
    page.goto(f"/customers/{customer.pk}/")
    page.get_by_text("Propose to accept").click()
    page.get_by_label("Why it does not matter").fill("The card was seen.")
    page.get_by_role("button", name="Propose to a second person").click()
    page.get_by_text("A second person has to approve it").wait_for()
    page.get_by_text("You proposed this, so somebody else has to decide it.").wait_for()
    assert page.get_by_role("button", name="Approve").count() == 0
    assert_sound(page, "what one proposed oneself")

    second = enter(officer, width=390, scheme="dark")
    second.goto("/waiting/")
    second.get_by_text("The card was seen.").wait_for()
    assert_sound(second, "waiting for a second person, narrow and dark")
    second.get_by_role("button", name="Approve").click()
    second.get_by_role("dialog").get_by_role("button", name="Approve").click()
    second.get_by_text("Approved, and done.").wait_for()
    assert Proposal.objects.get().decided_by == officer
    assert Customer.objects.get().stage == Stage.COMPLETE

    second.goto(f"/customers/{customer.pk}/")
    second.get_by_role("button", name="Submit").click()
    second.get_by_role("dialog").get_by_role("button", name="Submit").click()
    second.get_by_text("The exchange is told in the background").wait_for()
    assert Customer.objects.get().submitted_eyes == "two"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_people_and_their_roles(width, scheme, enter, shop):
    adele = enrol_app(a_person("adele@aggregator.example", "administrator", name="Adele Pillay"))
    sam = a_person("sam@aggregator.example", "agent", merchants=(shop.uid,), name="Sam Jacobs")
    page = enter(adele, width=width, scheme=scheme)
    page.wait_for_url("**/people/")
    assert_sound(page, "people")
    page.get_by_role("link", name="Sam Jacobs").click()
    page.get_by_text("Nobody could approve what you propose").wait_for()
    assert_sound(page, "a person")
    page.get_by_label("Role", exact=True).select_option("officer")
    page.get_by_label("For", exact=True).select_option(shop.uid)
    page.locator("form:has(input[value=give]) textarea").fill("Joins the checkers.")
    page.get_by_role("button", name="Propose", exact=True).click()
    page.get_by_text("Sam Jacobs becomes Officer for CCT0000000001", exact=True).wait_for()
    assert_sound(page, "a person with a proposal")
    assert not sam.grants.filter(role="officer").exists()


def test_who_runs_the_technical_side_is_told_no_names(enter, shop):
    agent = a_person("ayanda@aggregator.example", "agent", "officer")
    stuck = people.submitted(people.an_individual(shop, agent), a_person("two@x.example", "officer"))
    people.stuck(stuck, reason="refused_by_exchange")
    page = enter(enrol_app(a_person("oscar@aggregator.example", "operator", name="Oscar Maseko")))
    page.wait_for_url("**/sync/")
    for path in ("/sync/", "/sync/intents/", "/drift/", "/merchants/", f"/merchants/{shop.uid}/"):
        page.goto(path)
        assert_sound(page, path)
        assert stuck.last_name not in page.content()
    assert page.get_by_role("navigation", name="Main").get_by_role("link").all_inner_texts() == [
        "Sync",
        "Drift",
        "Merchants",
    ]
