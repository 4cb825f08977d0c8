"""Coming in as people do: enrolling an app or a key, showing it, stepping up, and being away too long."""

import re

import pytest
from django.core import mail

from accounts.invitations import invite
from accounts.models import Session
from accounts.sign_in import second_factor
from tests.accounts.signing_in import enrol_app
from tests.browser.conftest import AT_HOME, PASSWORD, show_code
from tests.browser.test_walk import LOOKS, assert_sound

pytestmark = pytest.mark.browser


def first_step(page, user, password=PASSWORD):
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def plug_in_a_key(page):
    """A security key that answers by itself, in this browser."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": False,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return devtools


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_first_sign_in_enrols_an_app_and_comes_to_where_one_wanted(width, scheme, open_browser, thandi):
    page = open_browser(width=width, scheme=scheme)
    page.goto("/customers/?q=lerato")
    page.get_by_label("Email").fill(thandi.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert_sound(page, "one more step")
    page.get_by_role("link", name="Authenticator app").click()
    page.get_by_text("It can't scan?").click()
    assert_sound(page, "app")
    assert page.locator("svg.qr").bounding_box()["width"] > 150
    secret = page.locator(".secret").inner_text().replace(" ", "")
    show_code(page, thandi, "Switch it on", secret)
    page.wait_for_url("**/security/codes/")
    assert_sound(page, "recovery codes")
    assert page.locator(".codes li").count() == 10
    page.get_by_role("link", name="Continue").click()
    page.wait_for_url("**/customers/?q=lerato")


@pytest.mark.parametrize(("width", "scheme"), LOOKS[::3])
def test_the_second_step_and_step_up(width, scheme, open_browser, thandi, settings):
    enrol_app(thandi)
    page = open_browser(width=width, scheme=scheme)
    first_step(page, thandi)
    assert_sound(page, "second step")
    page.get_by_role("textbox", name="Code").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert page.get_by_text("Incorrect code").is_visible()
    assert_sound(page, "wrong code")
    show_code(page, thandi)
    page.wait_for_url(AT_HOME)

    settings.STEP_UP_SECONDS = 0
    page.goto("/invitations/")
    page.get_by_label("E-mail address").fill("nomsa@aggregator.example")
    page.get_by_label("Name", exact=True).fill("Nomsa Radebe")
    page.get_by_role("button", name="Send the letter").click()
    page.wait_for_url("**/accounts/step-up/**")
    assert_sound(page, "step-up")
    settings.STEP_UP_SECONDS = 300
    show_code(page, thandi, "Confirm")
    # What was sent before is done now.
    page.get_by_text("nomsa@aggregator.example is invited").wait_for()
    assert_sound(page, "invitations")


def test_a_key_is_enrolled_and_signs_in_without_an_app(open_browser, thandi, ear):
    page = open_browser()
    plug_in_a_key(page)
    first_step(page, thandi)
    page.get_by_role("link", name="Security key").click()
    assert_sound(page, "key")
    assert not page.get_by_text("The key did not answer").is_visible()
    page.get_by_label("Name of the key").fill("The blue one")
    page.get_by_role("button", name="Add the key").click()
    page.wait_for_url("**/security/codes/")
    assert second_factor.is_enrolled(thandi)
    page.goto("/accounts/security/")
    assert page.get_by_text("The blue one", exact=True).first.is_visible()

    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    first_step(page, thandi)
    page.get_by_role("button", name="Use a security key").click()
    page.wait_for_url(AT_HOME)
    assert Session.objects.filter(user=thandi).count() == 1


def test_a_key_that_is_not_enrolled_opens_nothing(open_browser, thandi):
    page = open_browser()
    plug_in_a_key(page)
    first_step(page, thandi)
    page.get_by_role("link", name="Security key").click()
    page.get_by_role("button", name="Add the key").click()
    page.wait_for_url("**/security/codes/")

    other = open_browser()
    plug_in_a_key(other)
    first_step(other, thandi)
    assert not other.get_by_text("The key did not answer").is_visible()
    other.get_by_role("button", name="Use a security key").click()
    other.get_by_text("The key did not answer").wait_for()
    other.goto("/customers/")
    assert "/accounts/login/" in other.url


def test_whoever_is_invited_comes_in_by_the_letter(open_browser, thandi):
    invite("nomsa@aggregator.example", actor=thandi, name="Nomsa Radebe")
    [path] = re.findall(r"http://127\.0\.0\.1:8000(/accounts/invitation/\S+)", mail.outbox[-1].body)
    page = open_browser(width=390)
    page.goto(path)
    assert_sound(page, "invitation")
    page.get_by_label("Password", exact=True).fill("four words unrelated here")
    page.get_by_label("Password once more").fill("four words unrelated here")
    page.get_by_role("button", name="Set the password").click()
    page.wait_for_url("**/accounts/second-factor/")
    page.goto(path)
    assert_sound(page, "used up")


def test_whoever_is_away_is_warned_and_then_shown_nothing_of_the_page(open_browser, thandi, sign_in):
    page = sign_in()
    page.goto("/customers/")
    page.clock.install()
    page.reload()
    page.clock.fast_forward("12:30")
    page.get_by_text("Are you still there?").wait_for()
    page.get_by_role("button", name="I am here").click()
    assert not page.get_by_text("Are you still there?").is_visible()

    Session.objects.filter(user=thandi).delete()
    page.clock.fast_forward("13:30")
    page.wait_for_url("**/accounts/login/**")
    assert page.url.endswith("next=/customers/")


def test_where_one_is_signed_in_can_be_ended_from_elsewhere(open_browser, thandi, sign_in):
    one, other = sign_in(), sign_in(width=390, scheme="dark")
    other.goto("/accounts/sessions/")
    assert_sound(other, "sessions")
    other.get_by_role("button", name="End Chrome on Linux").click()
    other.get_by_text("That session has ended").wait_for()
    one.goto("/customers/")
    assert "/accounts/login/" in one.url
    other.get_by_role("button", name="Sign out everywhere").first.click()
    other.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    other.get_by_text("You are signed out everywhere").wait_for()
