"""Step-up: asked for anew after five minutes, led back, and done what was wanted."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import include, path

from accounts.policy import NotAllowed
from accounts.step_up import StepUpNeeded, fresh_second_factor, is_fresh, require_fresh
from tests.accounts.people import a_person
from tests.accounts.signing_in import code, enrol_app, sign_in_by_hand

START = 1_800_000_000


@fresh_second_factor
def secret(request):
    return HttpResponse(f"{request.method} {request.POST.get('reason', '')} for {request.user}")


urlpatterns = [path("secret/", secret), path("", include("portal.urls"))]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def thandi(db):
    return enrol_app(a_person("thandi@aggregator.example", "officer", name="Thandi Nkosi"))


@pytest.fixture
def clock(time_machine):
    def at(seconds):
        time_machine.move_to(START + seconds, tick=False)

    at(0)
    return at


def test_whoever_has_just_signed_in_is_not_asked_again(client, thandi, clock):
    sign_in_by_hand(client, thandi)
    clock(299)
    assert client.get("/secret/").text == "GET  for Thandi Nkosi"


def test_after_five_minutes_it_is_asked_for_and_leads_back(client, thandi, clock):
    sign_in_by_hand(client, thandi)
    clock(300)
    answer = client.get("/secret/?page=2")
    assert answer.headers["Location"] == "/accounts/step-up/?next=%2Fsecret%2F%3Fpage%3D2"
    assert "Confirm that it is you" in client.get(answer.headers["Location"]).text
    answer = client.post(answer.headers["Location"], {"code": code()})
    assert answer.headers["Location"] == "/secret/?page=2"
    assert client.get("/secret/?page=2").status_code == 200


def test_what_was_sent_is_done_afterwards(client, thandi, clock):
    sign_in_by_hand(client, thandi)
    clock(300)
    answer = client.post("/secret/", {"reason": "a court order"})
    assert answer.headers["Location"] == "/accounts/step-up/?next=%2Fsecret%2F"
    answer = client.post(answer.headers["Location"], {"code": code()})
    assert answer.text == "POST a court order for Thandi Nkosi"


def test_a_wrong_code_leads_nowhere(client, thandi, clock):
    sign_in_by_hand(client, thandi)
    clock(300)
    answer = client.post("/accounts/step-up/?next=/secret/", {"code": "000000"})
    assert "Incorrect code" in answer.text
    assert client.get("/secret/").status_code == 302


def test_a_part_of_a_page_has_the_whole_page_go_there(client, thandi, clock):
    sign_in_by_hand(client, thandi)
    clock(300)
    answer = client.post(
        "/secret/", HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL="http://testserver/customers/?q=x"
    )
    assert answer.headers["HX-Redirect"] == "/accounts/step-up/?next=%2Fcustomers%2F%3Fq%3Dx"


@pytest.mark.parametrize(
    "page", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"]
)
def test_it_leads_to_pages_of_ours_alone(client, thandi, clock, page):
    sign_in_by_hand(client, thandi)
    clock(300)
    answer = client.post("/accounts/step-up/", {"code": code(), "next": page})
    assert answer.headers["Location"] == "/"


def test_a_session_without_a_second_factor_is_never_fresh(client, thandi, clock):
    request = RequestFactory().get("/")
    request.user, request.session = AnonymousUser(), client.session
    assert not is_fresh(request)
    with pytest.raises(StepUpNeeded):
        require_fresh(request)


def test_the_programs_door_says_it_by_a_code():
    from portal.api.errors import answer

    told = answer(StepUpNeeded(), {})
    assert (told.status_code, told.data["error"]["code"]) == (403, "step_up_needed")
    assert answer(NotAllowed("x"), {}).data["error"]["code"] == "not_allowed"


def test_in_the_demo_the_password_stands_in(client, settings, clock, db):
    settings.DEMO_WITHOUT_MFA = True
    person = a_person("sipho@aggregator.example", "officer")
    assert sign_in_by_hand(client, person).headers["Location"] == "/"
    assert client.get("/secret/").status_code == 200
    clock(300)
    answer = client.get("/secret/")
    assert answer.headers["Location"] == "/accounts/password/?next=%2Fsecret%2F"
    answer = client.post(answer.headers["Location"], {"password": "a long enough passphrase"})
    assert answer.headers["Location"] == "/secret/"
    assert client.get("/secret/").status_code == 200
