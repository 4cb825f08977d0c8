"""What holds on every page: sign-in, rights, headers, and friendly words when something goes wrong."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse

from accounts.policy import ACTIONS, NotAllowed
from portal.pages import urls
from portal.pages.guard import page
from tests.accounts.people import grant, revoke

PAGES = ["/", "/customers/", "/waiting/", "/merchants/", "/overview/exchange/", "/accounts/password/change/"]


@pytest.mark.parametrize("path", PAGES)
def test_nobody_gets_in_without_signing_in(path, client, db):
    response = client.get(path)

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    "path", [*PAGES, "/accounts/login/", "/accounts/signup/", "/admin/login/", "/nothing/"]
)
def test_every_answer_carries_the_strict_policy(path, staff):
    policy = staff.get(path).headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", PAGES[:5])
def test_no_page_may_be_stored_and_none_has_inline_code(path, staff):
    response = staff.get(path)

    assert "no-store" in response.headers["Cache-Control"]
    for inline in ("<style", "style=", "<script>", " onclick", "javascript:"):
        assert inline not in response.text, inline


def test_every_page_names_an_action_that_the_policy_knows():
    for pattern in urls.urlpatterns:
        view = pattern.callback
        while not hasattr(view, "action") and hasattr(view, "__wrapped__"):
            view = view.__wrapped__
        assert view.action in ACTIONS, pattern


def test_an_action_that_the_policy_does_not_know_is_refused(thandi):
    request = RequestFactory().get("/")
    request.user = thandi
    with pytest.raises(PermissionDenied):
        page("no.such_action")(lambda request: HttpResponse("never"))(request)


def test_a_right_that_is_missing_further_in_is_refused_too(thandi):
    @page("customer.view")
    def view(request):
        raise NotAllowed("document.download")

    request = RequestFactory().get("/")
    request.user = thandi
    with pytest.raises(PermissionDenied):
        view(request)


def test_somebody_who_is_not_signed_in_may_nothing(db):
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    with pytest.raises(PermissionDenied):
        page("overview.view")(lambda request: HttpResponse("never"))(request)


def test_nobody_signs_up_by_themselves(client, db):
    assert "By invitation" in client.get(reverse("account_signup")).text


def test_signing_out_takes_a_post(staff):
    assert staff.get(reverse("account_logout")).status_code == 200
    assert staff.get("/").status_code == 200
    staff.post(reverse("account_logout"))
    assert staff.get("/").status_code == 302


def test_a_page_that_is_not_there_says_what_to_do(staff):
    response = staff.get("/nothing/")

    assert response.status_code == 404
    assert "Nothing is here" in response.text


def test_a_form_without_its_token_says_what_to_do(thandi):
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(reverse("account_login"), {"login": "x", "password": "y"})

    assert response.status_code == 403
    assert "once more" in response.text


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_the_pages_for_trouble_need_nothing_to_be_drawn(name):
    text = render_to_string(f"{name}.html")

    assert "<h1>" in text
    assert "Nothing was changed" in text or name in ("404", "500")


def test_an_error_of_ours_is_a_calm_page_without_its_cause(staff, corner_shop, monkeypatch):
    staff.raise_request_exception = False

    def breaks(**_):
        raise RuntimeError("secret cause")

    monkeypatch.setattr("portal.pages.merchants.views.list_merchants", breaks)
    response = staff.get("/merchants/")

    assert response.status_code == 500
    assert "Something broke on our side" in response.text
    assert "secret cause" not in response.text


def test_configuration_is_for_administrators(staff, thandi, corner_shop):
    revoke(thandi, "administrator")
    # What Django itself would ask for opens nothing here.
    thandi.is_staff = thandi.is_superuser = True
    thandi.save()
    assert "/admin/" not in staff.get("/").text
    assert staff.get("/admin/").status_code == 302
    assert staff.get("/admin/customers/merchant/").status_code == 302

    grant(thandi, "administrator")
    assert "/admin/" in staff.get("/").text
    for path in ("", "customers/merchant/", f"customers/merchant/{corner_shop.pk}/change/"):
        response = staff.get(f"/admin/{path}")
        assert response.status_code == 200, path
        assert "css/admin.css" in response.text


def test_people_are_no_matter_of_configuration(staff, thandi):
    assert staff.get("/admin/accounts/user/").status_code == 404
    assert staff.get(f"/admin/accounts/user/{thandi.pk}/change/").status_code == 404


def test_no_merchant_is_made_or_deleted_in_configuration(staff, corner_shop):
    assert staff.get("/admin/customers/merchant/add/").status_code == 403
    path = f"/admin/customers/merchant/{corner_shop.pk}/delete/"
    assert staff.post(path, {"post": "yes"}).status_code == 403


def test_the_names_of_the_pages_are_kebab_case_and_their_paths_end_in_a_slash():
    for pattern in get_resolver("portal.pages.urls").url_patterns:
        assert pattern.name == pattern.name.lower().replace("_", "-")
        assert str(pattern.pattern) == "" or str(pattern.pattern).endswith("/")
