"""Roles are given and taken, people are stopped, and somebody is always left who may do it."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts import granting
from accounts.circumstances import Channel, under
from accounts.four_eyes import ReasonNeeded, SecondPersonNeeded, approve
from accounts.granting import CannotChange, change_role, disable, enable, propose_enabling, propose_role
from accounts.models import AuditEntry, Proposal, RoleGrant, User
from accounts.officers import create_first_officer
from accounts.policy import NotAllowed, may
from tests.accounts.people import a_person

pytestmark = pytest.mark.django_db

WHY = "Joins the team."


def roles(user) -> set[tuple[str, str | None]]:
    return set(RoleGrant.objects.filter(user=user).values_list("role", "merchant_uid"))


def command(name, *args, **options) -> str:
    out = io.StringIO()
    call_command(name, *args, reason=WHY, stdout=out, **options)
    return out.getvalue()


def test_the_first_person_gets_what_the_tour_needs():
    officer = create_first_officer().user
    assert roles(officer) == {("administrator", None), ("officer", None), ("agent", None)}
    assert not officer.is_superuser
    assert AuditEntry.objects.filter(action="role.granted", subject_id=officer.pk).count() == 3
    for action in ("customer.register", "customer.submit", "role.propose", "sync.view"):
        assert may(officer, action), action


def test_a_role_is_for_all_merchants_or_for_one(administrator, viewer, corner_shop):
    change_role(
        user=viewer,
        role="agent",
        merchant_uid=corner_shop.uid,
        gives=True,
        reason=WHY,
        actor=administrator,
    )
    assert may(User.objects.get(pk=viewer.pk), "customer.register", corner_shop.uid)
    assert not may(User.objects.get(pk=viewer.pk), "customer.register", "self")
    told = AuditEntry.objects.get(action="role.granted")
    assert (told.merchant_uid, told.reason, told.details["eyes"]) == (corner_shop.uid, WHY, "one")


def test_with_four_eyes_a_role_is_proposed_and_not_given(four_eyes, administrator, viewer):
    what = dict(user=viewer, role="agent", merchant_uid=None, reason=WHY, actor=administrator)
    with pytest.raises(SecondPersonNeeded):
        change_role(**what, gives=True)
    propose_role(**what, gives=True)
    assert roles(viewer) == {("viewer", None)}


def test_taking_a_role_away_takes_two_as_well(four_eyes, administrator, viewer):
    second = a_person("second@aggregator.example", "administrator")
    proposal = propose_role(
        user=viewer, role="viewer", merchant_uid=None, gives=False, reason=WHY, actor=administrator
    )
    approve(proposal, actor=second)
    assert roles(viewer) == set()
    assert not may(User.objects.get(pk=viewer.pk), "customer.view")


@pytest.mark.parametrize(
    ("role", "uid", "gives"),
    [
        ("viewer", None, True),
        ("agent", None, False),
        ("machine", None, True),
        ("no such role", None, True),
        ("agent", "", True),
        ("administrator", "CCT0000000001", True),
    ],
)
def test_what_makes_no_sense_is_not_changed(role, uid, gives, administrator, viewer):
    for change in (change_role, propose_role):
        with pytest.raises(CannotChange):
            change(user=viewer, role=role, merchant_uid=uid, gives=gives, reason=WHY, actor=administrator)
    assert roles(viewer) == {("viewer", None)}


def test_nobody_changes_their_own_roles_or_stops_themselves(administrator):
    with pytest.raises(CannotChange):
        change_role(
            user=administrator,
            role="officer",
            merchant_uid=None,
            gives=True,
            reason=WHY,
            actor=administrator,
        )
    with pytest.raises(CannotChange):
        disable(user=administrator, reason=WHY, actor=administrator)


def test_the_machines_account_is_nobodys_to_change(administrator, machine):
    with pytest.raises(CannotChange):
        change_role(
            user=machine, role="officer", merchant_uid=None, gives=True, reason=WHY, actor=administrator
        )
    with pytest.raises(CannotChange):
        disable(user=machine, reason=WHY, actor=administrator)


def test_who_is_no_administrator_changes_nobody(officer, viewer):
    for do in (change_role, propose_role):
        with pytest.raises(NotAllowed):
            do(user=viewer, role="agent", merchant_uid=None, gives=True, reason=WHY, actor=officer)
    with pytest.raises(NotAllowed):
        disable(user=viewer, reason=WHY, actor=officer)


def test_the_last_administrator_stays_one(administrator, machine):
    with pytest.raises(CannotChange):
        disable(user=administrator, reason=WHY, actor=machine)
    with pytest.raises(CannotChange):
        change_role(
            user=administrator,
            role="administrator",
            merchant_uid=None,
            gives=False,
            reason=WHY,
            actor=machine,
            by_command=True,
        )
    a_person("second@aggregator.example", "administrator")
    disable(user=administrator, reason=WHY, actor=machine)
    assert not User.objects.get(pk=administrator.pk).is_active


def test_who_is_stopped_is_out_with_the_next_request(administrator, officer, client):
    client.force_login(officer, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/customers/").status_code == 200
    disable(user=officer, reason="Left.", actor=administrator)
    assert client.get("/customers/").status_code == 302
    assert client.get("/api/customers/").status_code == 401
    assert AuditEntry.objects.get(action="user.disable").reason == "Left."
    with pytest.raises(ReasonNeeded):
        disable(user=officer, reason=" ", actor=administrator)


def test_letting_somebody_work_again_takes_two(four_eyes, administrator, officer):
    second = a_person("second@aggregator.example", "administrator")
    disable(user=officer, reason=WHY, actor=administrator)
    with pytest.raises(SecondPersonNeeded):
        enable(user=officer, reason=WHY, actor=administrator)
    proposal = propose_enabling(user=officer, reason=WHY, actor=administrator)
    approve(proposal, actor=second)
    assert User.objects.get(pk=officer.pk).is_active


def test_the_words_of_a_proposal_name_person_role_and_merchant(administrator, viewer):
    proposal = propose_role(
        user=viewer, role="agent", merchant_uid="CCT1", gives=True, reason=WHY, actor=administrator
    )
    assert granting.titles([proposal]) == {proposal.pk: "Vusi Zulu becomes Agent for CCT1"}


def test_the_command_makes_the_first_two_administrators_and_proposes_the_third(four_eyes, viewer, officer):
    said = command("grant_role", viewer.email, "administrator")
    assert "administrator (all)" in said
    grant = RoleGrant.objects.get(user=viewer, role="administrator")
    assert (grant.eyes, grant.granted_by.is_machine) == ("command", True)
    command("grant_role", officer.email, "administrator", actor=viewer.email)
    assert ("administrator", None) in roles(officer)
    third = a_person("third@aggregator.example", "viewer")
    assert "Proposed" in command("grant_role", third.email, "administrator")
    assert roles(third) == {("viewer", None)}
    approve(Proposal.objects.get(), actor=officer)
    assert ("administrator", None) in roles(third)


def test_who_is_stopped_does_not_count_among_the_two_administrators(four_eyes, viewer, administrator):
    gone = a_person("gone@aggregator.example", "administrator")
    disable(user=gone, reason="Left.", actor=administrator)
    command("grant_role", viewer.email, "administrator")
    assert ("administrator", None) in roles(viewer)


@pytest.mark.parametrize(
    ("role", "options"),
    [("agent", {}), ("officer", {"merchant": "CCT0000000001"}), ("viewer", {"take_away": True})],
)
def test_the_command_changes_no_other_role_alone(role, options, four_eyes, viewer, corner_shop):
    said = command("grant_role", viewer.email, role, **options)
    assert "Another administrator has to approve it" in said
    assert roles(viewer) == {("viewer", None)}
    assert Proposal.objects.get().made_by.is_machine


def test_a_command_approves_what_somebody_else_proposed(four_eyes, viewer, administrator):
    second = a_person("second@aggregator.example", "administrator")
    what = ("grant_role", viewer.email, "agent")
    command(*what, actor=administrator.email)
    for again in (administrator.email, None):
        with pytest.raises(CommandError, match="waits for a second person"):
            command(*what, actor=again)
    assert roles(viewer) == {("viewer", None)}
    assert "Approved" in command(*what, actor=second.email)
    grant = RoleGrant.objects.get(user=viewer, role="agent")
    assert (grant.proposed_by, grant.granted_by, grant.eyes) == (administrator, second, "two")


def test_where_no_second_person_is_asked_for_the_command_changes_at_once(viewer, settings):
    settings.FOUR_EYES = frozenset()
    command("grant_role", viewer.email, "agent")
    assert RoleGrant.objects.get(user=viewer, role="agent").eyes == "one"


def test_with_four_eyes_on_commands_even_the_second_administrator_is_proposed(
    four_eyes, viewer, administrator, settings
):
    settings.FOUR_EYES_COMMANDS = True
    assert "Proposed" in command("grant_role", viewer.email, "administrator", actor=administrator.email)
    assert roles(viewer) == {("viewer", None)}
    assert Proposal.objects.get().made_by == administrator


def test_a_page_that_says_it_is_a_command_makes_no_administrator(four_eyes, viewer, administrator):
    with under(Channel.PAGE), pytest.raises(SecondPersonNeeded):
        change_role(
            user=viewer,
            role="administrator",
            merchant_uid=None,
            gives=True,
            reason=WHY,
            actor=administrator,
            by_command=True,
        )


def test_the_command_stops_a_person_at_once_and_lets_them_work_again_with_a_second(
    four_eyes, viewer, administrator
):
    command("stop_person", viewer.email)
    assert not User.objects.get(pk=viewer.pk).is_active
    assert "Proposed" in command("stop_person", viewer.email, let_go=True)
    assert not User.objects.get(pk=viewer.pk).is_active
    assert "can work again" in command("stop_person", viewer.email, let_go=True, actor=administrator.email)
    assert User.objects.get(pk=viewer.pk).is_active


@pytest.mark.parametrize(
    ("args", "options", "said"),
    [
        (("nobody@aggregator.example", "agent"), {}, "no account"),
        (("machine@portal.invalid", "agent"), {}, "no account"),
        (("vusi@aggregator.example", "agent"), {"merchant": "CCT404"}, "No merchant CCT404"),
        (("vusi@aggregator.example", "agent"), {"actor": "olivia@aggregator.example"}, "may not do this"),
        (("vusi@aggregator.example", "agent"), {"actor": "nobody@x.example"}, "Nobody signs in"),
    ],
)
def test_the_command_says_what_is_wrong(args, options, said, viewer, officer):
    with pytest.raises(CommandError, match=said) as refused:
        command("grant_role", *args, **options)
    assert refused.value.returncode == 2
    assert roles(viewer) == {("viewer", None)}
