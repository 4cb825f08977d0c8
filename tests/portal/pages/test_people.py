"""People and their roles on the pages."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Proposal, RoleGrant, User
from tests.accounts.people import a_person
from tests.accounts.signing_in import enrol_app

pytestmark = pytest.mark.django_db

PAGE = "/people/"


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(name, person):
    return reverse(f"person-{name}", args=[person.pk])


def post(user, name, person, **data):
    return signed_in(user).post(address(name, person), {"reason": "As agreed.", **data}, follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


@pytest.fixture
def second(db):
    """Bongani, another administrator."""
    return a_person("bongani@aggregator.example", "administrator", name="Bongani Ndlovu")


def test_everybody_stands_there_with_their_roles(administrator, officer, corner_shop, machine):
    a_person("scoped@aggregator.example", "agent", merchants=(corner_shop.uid,), name="Sam Scoped")
    stopped = a_person("left@aggregator.example", "viewer", name="Lebo Left")
    User.objects.filter(pk=stopped.pk).update(is_active=False)
    page = signed_in(administrator).get(PAGE)
    assert "Olivia Smit" in page.text
    assert "Corner Shop" in page.text
    assert "Stopped" in page.text
    assert "machine@" not in page.text
    assert "Olivia" not in signed_in(administrator).get(PAGE, {"q": "scoped"}).text


def test_queries_do_not_grow_with_the_people(administrator, django_assert_max_num_queries):
    a_person("one@aggregator.example", "agent")
    client = signed_in(administrator)
    with django_assert_max_num_queries(16) as few:
        client.get(PAGE)
    for number in range(6):
        a_person(f"more{number}@aggregator.example", "agent", "viewer")
    with django_assert_max_num_queries(len(few)):
        client.get(PAGE)


def test_a_role_takes_two_administrators(four_eyes, administrator, second, viewer, corner_shop):
    assert "Proposed" in said(
        post(administrator, "role", viewer, change="give", role="agent", merchant=corner_shop.uid)
    )
    proposal = Proposal.objects.get()
    assert not RoleGrant.objects.filter(user=viewer, role="agent").exists()
    page = signed_in(administrator).get(address("detail", viewer))
    assert "somebody else has to decide it" in page.text
    approve = reverse("proposal-approve", args=[proposal.pk])
    assert approve in signed_in(second).get(PAGE).text
    signed_in(second).post(approve, {"back": "people"})
    grant = RoleGrant.objects.get(user=viewer, role="agent")
    assert (grant.merchant_uid, grant.proposed_by, grant.granted_by) == (
        corner_shop.uid,
        administrator,
        second,
    )
    page = signed_in(administrator).get(address("detail", viewer))
    assert "proposed by Adele Pillay, approved by Bongani Ndlovu" in page.text


def test_the_only_administrator_is_told_how_to_make_a_second(four_eyes, administrator, viewer):
    page = signed_in(administrator).get(address("detail", viewer))
    assert "manage.py grant_role" in page.text


def test_where_one_is_enough_it_is_done_at_once(administrator, viewer):
    assert "Changed" in said(post(administrator, "role", viewer, change="give", role="officer"))
    assert "Changed" in said(post(administrator, "role", viewer, change="take", role="viewer"))
    assert set(RoleGrant.objects.filter(user=viewer).values_list("role", flat=True)) == {"officer"}


@pytest.mark.parametrize(
    "data",
    [
        {"change": "give", "role": "machine"},
        {"change": "give", "role": "agent", "merchant": "CCT404"},
        {"change": "give", "role": "agent", "reason": " "},
        {"change": "give", "role": "administrator", "merchant": "CCT0000000001"},
        {"change": "take", "role": "agent"},
        {},
    ],
)
def test_what_makes_no_sense_changes_nothing(data, administrator, viewer, corner_shop):
    answer = post(administrator, "role", viewer, **data)
    assert answer.status_code == 200
    assert said(answer)
    assert list(RoleGrant.objects.filter(user=viewer).values_list("role", flat=True)) == ["viewer"]


def test_a_person_is_stopped_at_once_and_their_session_with_them(four_eyes, administrator, officer):
    at_work = signed_in(officer)
    assert at_work.get("/customers/").status_code == 200
    assert "Stopped" in said(post(administrator, "stop", officer))
    assert at_work.get("/customers/").status_code == 302
    assert "Proposed" in said(post(administrator, "start", officer))
    assert not User.objects.get(pk=officer.pk).is_active


def test_a_change_of_roles_ends_the_persons_sessions(administrator, officer):
    at_work = signed_in(officer)
    assert at_work.get("/customers/").status_code == 200
    post(administrator, "role", officer, change="give", role="viewer")
    assert at_work.get("/customers/").status_code == 302


def test_one_changes_nothing_about_oneself(administrator, second):
    page = signed_in(administrator).get(address("detail", administrator))
    assert "This is you" in page.text
    assert address("role", administrator) not in page.text
    assert "Nobody" in said(post(administrator, "role", administrator, change="give", role="officer"))
    assert "Nobody" in said(post(administrator, "stop", administrator))
    assert User.objects.get(pk=administrator.pk).is_active


def test_an_auditor_reads_and_changes_nothing(auditor, viewer):
    page = signed_in(auditor).get(address("detail", viewer))
    assert page.status_code == 200
    assert address("role", viewer) not in page.text
    for name in ("role", "stop", "start"):
        assert signed_in(auditor).post(address(name, viewer), {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("name", ["role", "stop", "start"])
def test_the_second_factor_is_asked_for_anew(name, administrator, viewer, settings):
    enrol_app(administrator)
    client = signed_in(administrator)
    settings.STEP_UP_SECONDS = 0
    answer = client.post(address(name, viewer), {"reason": "x", "change": "give", "role": "agent"})
    assert answer.status_code == 302
    assert "step-up" in answer.headers["Location"]
    assert RoleGrant.objects.filter(user=viewer).count() == 1
    assert User.objects.get(pk=viewer.pk).is_active


def test_the_second_factor_is_asked_for_before_a_role_is_approved(
    four_eyes, administrator, second, viewer, settings
):
    post(administrator, "role", viewer, change="give", role="agent")
    enrol_app(second)
    client = signed_in(second)
    settings.STEP_UP_SECONDS = 0
    answer = client.post(reverse("proposal-approve", args=[Proposal.objects.get().pk]))
    assert "step-up" in answer.headers["Location"]
    assert Proposal.objects.get().is_open


def test_whoever_has_no_role_is_told_so(client):
    nobody = a_person("new@aggregator.example")
    page = signed_in(nobody).get("/")
    assert page.status_code == 403
    assert "You have no role here yet" in page.text


@pytest.mark.parametrize(
    ("role", "where"), [("operator", "/sync/"), ("administrator", "/people/"), ("viewer", None)]
)
def test_everybody_begins_where_their_work_is(role, where, db):
    page = signed_in(a_person("one@aggregator.example", role)).get("/")
    assert (page.status_code, page.headers.get("Location")) == ((302, where) if where else (200, None))
