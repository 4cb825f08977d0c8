"""Every door asks for password and second factor, and who lacks the second reaches its enrolment alone."""

import pytest
from django.test import Client
from django.urls import get_resolver

from accounts.models import AuditEntry, User
from portal.doors import ENROLMENT
from tests.accounts.people import PASSPHRASE, a_person
from tests.accounts.signing_in import (
    BACKEND,
    _force_login,
    code,
    enrol_app,
    sign_in_by_hand,
    sign_in_without_second_factor,
)

ENROL = "/accounts/second-factor/"
# Addresses with something in them, for a resolver that wants it.
SOMETHING = {
    "uuid": "6f1b2f0e-8a52-4a5e-9d0c-1f7f4a9f1c11", "int": "1", "str": "x", "slug": "x", "path": "x",
}  # fmt: skip


def every_address(resolver=None, prefix="/"):
    """(address, name) of every route: pages, API, sign-in, configuration."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern).lstrip("^").rstrip("$")
        if hasattr(pattern, "url_patterns"):
            yield from every_address(pattern, route)
        else:
            yield filled(route), pattern.name


def filled(route):
    import re

    route = re.sub(r"<(?:(\w+):)?\w+>", lambda found: SOMETHING[found[1] or "str"], route)
    route = re.sub(r"\(\?P<\w+>[^()]*\)", "x", route)
    route = re.sub(r"\(\?:?[^()]*\)", "x", route).replace("\\Z", "").replace("\\", "")
    return route


ADDRESSES = sorted(set(every_address()), key=str)


@pytest.fixture
def boss(db):
    """Every role, and configuration too: whoever could reach everything."""
    user = a_person(
        "boss@aggregator.example", *("viewer", "agent", "officer", "auditor", "operator", "administrator")
    )
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    return user


def test_the_walk_finds_every_kind_of_door():
    addresses = [address for address, _ in ADDRESSES]
    for start in (
        "/admin/customers/",
        "/api/customers/",
        "/accounts/",
        "/customers/",
        "/healthz",
        "/admin/login/",
    ):
        assert any(address.startswith(start) for address in addresses), start
    assert len(addresses) > 60


def test_without_a_second_factor_every_door_leads_to_its_enrolment(boss):
    client = Client(raise_request_exception=True)
    sign_in_without_second_factor(client, boss)
    for address, name in ADDRESSES:
        if name in ENROLMENT:
            continue
        for method in ("get", "post"):
            answer = getattr(client, method)(address)
            if address.startswith("/api/"):
                assert (answer.status_code, answer.json()["error"]["code"]) == (
                    403,
                    "second_factor_needed",
                ), address
            else:
                assert (answer.status_code, answer.get("Location")) == (302, ENROL), (method, address)


def test_the_pages_of_enrolment_open(boss, client):
    sign_in_without_second_factor(client, boss)
    for path in (ENROL, "/accounts/security/app/", "/accounts/security/keys/add/"):
        assert client.get(path).status_code == 200, path


def test_a_session_that_did_not_come_by_our_sign_in_opens_no_door(boss):
    enrol_app(boss)
    for address in ("/", "/customers/", "/admin/", "/accounts/security/", ENROL):
        client = Client()
        # As another backend, or a view that forgets the second step, would leave it.
        _force_login(client, boss, BACKEND)
        assert client.get(address, follow=True).redirect_chain[-1][0].startswith("/accounts/login/"), address
    client = Client()
    _force_login(client, boss, BACKEND)
    assert client.get("/api/customers/").status_code == 401


def test_with_both_every_door_opens(boss, client):
    enrol_app(boss)
    sign_in_by_hand(client, boss)
    for path in ("/", "/customers/", "/api/customers/", "/admin/", "/invitations/", "/accounts/security/"):
        assert client.get(path).status_code == 200, path


def test_the_pages_door(boss, client):
    enrol_app(boss)
    assert client.get("/customers/").headers["Location"] == "/accounts/login/?next=/customers/"
    answer = sign_in_by_hand(client, boss, next="/customers/")
    assert answer.headers["Location"] == "/customers/"


def test_the_door_of_configuration_is_the_same_door(boss, client):
    enrol_app(boss)
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"
    # Django's own form, sent anyway, signs nobody in.
    client.post("/admin/login/", {"username": boss.email, "password": PASSPHRASE, "next": "/admin/"})
    assert "_auth_user_id" not in client.session
    assert client.get("/admin/").status_code == 302


def test_whoever_may_not_open_configuration_is_told_so(client, officer):
    client.force_login(officer)
    assert client.get("/admin/", follow=True).status_code == 403


def test_the_password_of_configuration_is_changed_where_everybody_does(boss, client):
    client.force_login(boss)
    assert client.get("/admin/password_change/").headers["Location"] == "/accounts/password/change/"
    assert client.get("/admin/logout/").headers["Location"] == "/accounts/logout/"


def test_the_programs_door(boss, client):
    enrol_app(boss)
    assert client.get("/api/customers/").status_code == 401
    client.post("/accounts/login/", {"login": boss.email, "password": PASSPHRASE})
    assert client.get("/api/customers/").status_code == 401
    client.post("/accounts/login/second-factor/", {"code": code()})
    assert client.get("/api/customers/").status_code == 200


def test_a_new_password_by_letter_opens_no_door_by_itself(boss, client, mailoutbox):
    import re

    from tests.accounts.test_second_factor import sent

    enrol_app(boss)
    client.post("/accounts/password/reset/", {"email": boss.email})
    [link] = re.findall(r"http://127\.0\.0\.1:8000(\S+)", sent(mailoutbox)[0].body)
    form = client.get(link, follow=True)
    new = {"password1": "four words unrelated here", "password2": "four words unrelated here"}
    answer = client.post(form.request["PATH_INFO"], new, follow=True)
    assert "signed out everywhere" in answer.text
    assert client.get("/").status_code == 302
    answer = client.post("/accounts/login/", {"login": boss.email, "password": "four words unrelated here"})
    assert answer.headers["Location"].startswith("/accounts/login/second-factor/")
    # And once.
    assert "good no more" in Client().get(link, follow=True).text


def test_a_letter_says_nothing_about_who_has_an_account(boss, client, mailoutbox):
    from tests.accounts.test_second_factor import sent

    known = client.post("/accounts/password/reset/", {"email": boss.email}, follow=True)
    nobody = client.post("/accounts/password/reset/", {"email": "nobody@aggregator.example"}, follow=True)
    assert known.text == nobody.text
    assert [letter.to for letter in sent(mailoutbox)] == [[boss.email]]


def test_a_closed_account_stays_out(boss, client):
    enrol_app(boss)
    User.objects.filter(pk=boss.pk).update(is_active=False)
    sign_in_by_hand(client, boss)
    assert "_auth_user_id" not in client.session
    assert AuditEntry.objects.filter(action="sign_in.refused", subject_id=boss.pk).count() == 1


def test_a_second_list_of_addresses_is_never_made(boss, client, mailoutbox):
    from allauth.account.models import EmailAddress

    enrol_app(boss)
    client.post("/accounts/password/reset/", {"email": boss.email})
    sign_in_by_hand(client, boss)
    assert not EmailAddress.objects.exists()


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/password/reset/", "/nothing/", "/customers/"]
)
def test_the_demo_opens_with_a_password_and_every_page_says_so(path, boss, client, settings):
    settings.DEMO_WITHOUT_MFA = True
    assert sign_in_by_hand(client, boss).headers["Location"] == "/"
    if path.startswith("/accounts/login"):
        client.post("/accounts/logout/")
    assert "without a second factor" in client.get(path).text


def test_outside_the_demo_no_page_says_so(boss, client):
    client.force_login(boss)
    assert "without a second factor" not in client.get("/customers/").text
