"""What somebody is answered where something broke on our side."""

import pytest
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from portal import urls
from portal.faults import server_error


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


def away(request: HttpRequest) -> HttpResponse:
    raise OperationalError("the server closed the connection unexpectedly")


for _view in (broken, away):
    _view.login_required = False  # type: ignore[attr-defined]
handler500 = urls.handler500
urlpatterns = [
    path("broken/", broken),
    path("away/", away),
    path("api/broken/", broken),
    path("api/away/", away),
    *urls.urlpatterns,
]


@pytest.fixture
def visitor(settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    with override_settings(ROOT_URLCONF=__name__):
        yield Client(raise_request_exception=False)


def test_a_database_that_is_away_is_503_and_says_when_to_ask_again(visitor):
    answer = visitor.get("/away/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "can't reach its database" in answer.content.decode()
    assert "closed the connection" not in answer.content.decode()


def test_a_program_is_told_the_same_with_a_code(visitor):
    answer = visitor.get("/api/away/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["error"]["code"] == "database_away"


def test_a_fault_of_ours_is_500_and_no_reason_to_ask_again(visitor):
    for address in ("/broken/", "/api/broken/"):
        answer = visitor.get(address)
        assert answer.status_code == 500
        assert "Retry-After" not in answer
    assert visitor.get("/api/broken/").json()["error"]["code"] == "our_fault"


@pytest.mark.django_db
def test_the_answer_asks_neither_session_nor_database(visitor, rf, django_assert_num_queries):
    connection.ensure_connection()
    with django_assert_num_queries(0):
        try:
            raise OperationalError
        except OperationalError:
            assert server_error(rf.get("/customers/")).status_code == 503


@pytest.mark.parametrize(("address", "status"), [("/away/", 503), ("/broken/", 500)])
def test_where_the_page_can_not_be_drawn_it_says_so_in_plain_words(
    visitor, settings, tmp_path, address, status
):
    """As on a host where nobody has collected the static files yet: a 503 must not turn into a 500 there."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    answer = visitor.get(address)
    assert answer.status_code == status
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode().count("\n") == 2
