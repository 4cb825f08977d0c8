"""The web's edges: what every answer carries, and what no request may bring about."""

import socket
from pathlib import Path

import pytest
from django.conf import settings as running
from django.test import Client
from django.urls import get_resolver

from tests.accounts.people import PASSPHRASE
from tests.accounts.signing_in import enrol_app, sign_in_by_hand
from tests.portal.installation import environment
from tests.portal.test_doors import ADDRESSES
from tests.portal.test_settings import PRODUCTION, values
from tests.socket_guard import TheWorld

HOSTILE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "http:evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "/\t/evil.example/",
    "\n//evil.example/",
    " //evil.example/",
    "https://testserver@evil.example/",
    "http://testserver.evil.example/",
    "//testserver\\@evil.example/",
    "https://localhost/",
    "http://127.0.0.1/",
    "//%65vil.example/",
    "\x00//evil.example",
]


@pytest.fixture
def boss(db):
    from accounts.models import User
    from tests.accounts.people import a_person

    user = a_person(
        "boss@aggregator.example", *("viewer", "agent", "officer", "auditor", "operator", "administrator")
    )
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    return user


def assert_edged(answer, address):
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy, address
    assert "frame-ancestors 'none'" in policy, address
    assert "base-uri 'none'" in policy, address
    assert "form-action 'self'" in policy, address
    assert "unsafe" not in policy, address
    assert "data:" not in policy, address
    assert "*" not in policy, address
    expected = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert {name: answer.headers.get(name) for name in expected} == expected, address
    assert "camera=()" in answer.headers["Permissions-Policy"], address
    assert "no-store" in answer.headers["Cache-Control"], address
    assert "Access-Control-Allow-Origin" not in answer.headers, address


def test_every_route_carries_every_header_whoever_asks(boss):
    for client in (Client(), Client()):
        for address, _ in ADDRESSES:
            for method in ("get", "post"):
                assert_edged(getattr(client, method)(address), f"{method} {address}")
        client.force_login(boss)


def test_errors_carry_them_too(boss, client, monkeypatch):
    client.force_login(boss)
    client.raise_request_exception = False
    assert_edged(client.get("/nothing/"), "404")
    assert_edged(client.get("/", HTTP_HOST="evil.example"), "400")
    assert_edged(Client(enforce_csrf_checks=True).post("/accounts/login/"), "403")
    monkeypatch.setattr("portal.pages.merchants.views.list_merchants", lambda **_: 1 / 0)
    answer = client.get("/merchants/")
    assert answer.status_code == 500
    assert_edged(answer, "500")


def test_a_production_speaks_https_for_a_year_and_sets_cookies_for_itself_alone(tmp_path):
    found = values(
        *("SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS"),
        *("SECURE_SSL_REDIRECT", "USE_X_FORWARDED_HOST"),
        env=environment(tmp_path, **PRODUCTION),
    )
    assert found == [365 * 24 * 3600, True, True, False]


def test_hsts_is_said_over_https_alone(client, db, settings):
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 3600
    assert (
        "max-age=31536000"
        in Client().get("/accounts/login/", secure=True).headers["Strict-Transport-Security"]
    )
    assert "Strict-Transport-Security" not in Client().get("/accounts/login/").headers


def test_cookies_are_out_of_scripts_reach(client, boss):
    enrol_app(boss)
    sign_in_by_hand(client, boss)
    client.get("/")
    assert len(client.cookies) == 3
    for cookie in client.cookies.values():
        assert cookie["httponly"], cookie
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]
    assert "expires" not in {
        name for name, value in client.cookies[running.SESSION_COOKIE_NAME].items() if value
    }


@pytest.mark.parametrize("page", HOSTILE)
def test_sign_in_leads_to_no_page_of_elsewhere(page, client, boss):
    enrol_app(boss)
    answer = sign_in_by_hand(client, boss, next=page)
    assert answer.headers["Location"] == "/"
    # Nor does whoever is signed in already, nor signing out.
    assert client.get("/accounts/login/", {"next": page}).headers["Location"] == "/"
    assert client.post("/accounts/logout/", {"next": page}).headers["Location"] == "/accounts/login/"


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "a b", ""]
)
def test_a_host_that_is_not_ours_is_refused(host, client, db):
    assert client.get("/accounts/login/", HTTP_HOST=host or "[").status_code == 400


def test_a_forwarded_host_or_scheme_changes_nothing(client, boss, mailoutbox):
    from tests.accounts.test_second_factor import sent

    forged = {
        "HTTP_X_FORWARDED_HOST": "evil.example",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_FORWARDED": "host=evil.example",
    }
    answer = client.get("/customers/", **forged)
    assert answer.headers["Location"] == "/accounts/login/?next=/customers/"
    client.post("/accounts/password/reset/", {"email": boss.email}, **forged)
    [letter] = sent(mailoutbox)
    assert "evil.example" not in letter.body
    assert "http://127.0.0.1:8000/" in letter.body


def test_a_letter_leads_to_the_named_address_though_the_request_came_by_another(
    client, boss, mailoutbox, settings
):
    from tests.accounts.test_second_factor import sent

    settings.ALLOWED_HOSTS = ["portal.example.com", "other.example.com"]
    settings.PORTAL_URL = "https://portal.example.com"
    client.post("/accounts/password/reset/", {"email": boss.email}, HTTP_HOST="other.example.com")
    [letter] = sent(mailoutbox)
    assert "https://portal.example.com/accounts/password/reset/key/" in letter.body
    assert "other.example.com" not in letter.body


def test_documents_are_served_by_no_address_but_the_one_that_asks_for_the_right(
    boss, client, corner_shop, settings
):
    from kyc.models import Document
    from tests.factories import make_customer, make_document

    document: Document = make_document(make_customer(merchant=corner_shop), "Passport")
    client.force_login(boss)
    assert settings.MEDIA_URL in ("", "/")
    stored = document.file
    assert (Path(settings.MEDIA_ROOT) / str(stored)).exists()
    for prefix in (
        "/media/",
        "/static/",
        "/static/../media/",
        "/",
        "/documents/",
        "/var/media/",
        "/static/%2e%2e/media/",
    ):
        assert client.get(f"{prefix}{stored}").status_code in (302, 404), prefix
    serving = [
        str(pattern.pattern) for pattern in get_resolver().url_patterns if "serve" in str(pattern.callback)
    ]
    assert serving == []


def test_a_write_without_its_token_is_refused_at_every_door(boss):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(boss)
    for address, _ in ADDRESSES:
        if address.startswith(("/healthz", "/readyz", "/metrics")):
            continue
        answer = strict.post(address, HTTP_ORIGIN="https://evil.example")
        assert answer.status_code in (403, 404, 405) or (
            # The API asks for it after it has read who calls.
            address.startswith("/api/") and answer.status_code == 403
        ), (address, answer.status_code)


def test_a_token_of_another_browser_or_from_another_site_writes_nothing(boss):
    def signed_in():
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(boss)
        page = browser.get("/customers/")
        return browser, str(page.context["csrf_token"]), browser.cookies[running.CSRF_COOKIE_NAME].value

    def answered(browser, token, **headers):
        form = browser.post("/accounts/logout/", {"csrfmiddlewaretoken": token}, **headers)
        call = browser.post("/api/customers/", b"{}", "application/json", HTTP_X_CSRFTOKEN=token, **headers)
        return form.status_code, call.status_code

    browser, mine, cookie = signed_in()
    _other, foreign, other_cookie = signed_in()
    assert answered(browser, foreign) == (403, 403)
    assert answered(browser, other_cookie) == (403, 403)
    assert answered(browser, mine, HTTP_ORIGIN="https://evil.example") == (403, 403)
    assert answered(browser, mine, HTTP_ORIGIN="null") == (403, 403)
    assert answered(browser, "") == (403, 403)
    call = browser.post("/api/customers/", b"{}", "application/json", HTTP_X_CSRFTOKEN=cookie)
    assert call.status_code == 422


def test_nothing_here_reaches_the_world():
    with pytest.raises(TheWorld), socket.socket() as probe:
        probe.connect(("192.0.2.1", 80))
    with pytest.raises(TheWorld):
        socket.getaddrinfo("exchange.example.com", 443)
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError) as refused:
        probe.connect(("127.0.0.1", 9))
    assert not isinstance(refused.value, TheWorld)


def test_the_session_cookie_of_the_embedded_default_is_named_by_its_port(client, boss):
    enrol_app(boss)
    client.post("/accounts/login/", {"login": boss.email, "password": PASSPHRASE})
    assert f"sessionid_{running.PORT}" in client.cookies
