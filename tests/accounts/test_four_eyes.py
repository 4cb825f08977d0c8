"""Whoever made it does not approve it: by the service, by the database, and when two decide at once."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts import four_eyes, granting
from accounts.circumstances import Channel, under
from accounts.four_eyes import AlreadyDecided, AlreadyProposed, Lapsed, ReasonNeeded, SecondPersonNeeded
from accounts.models import AuditEntry, Proposal, RoleGrant
from accounts.policy import NotAllowed
from accounts.roles import NARROWED_AT, WAIVERS_NARROWED_AT, Eyes
from tests.accounts.people import a_person, revoke

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("four_eyes")]


@pytest.fixture
def second(db):
    """Bongani, another administrator."""
    return a_person("bongani@aggregator.example", "administrator", name="Bongani Ndlovu")


@pytest.fixture
def proposal(administrator, viewer):
    """That Vusi becomes an agent, proposed by Adele."""
    return granting.propose_role(
        user=viewer, role="agent", merchant_uid=None, gives=True, reason="Moves over.", actor=administrator
    )


def is_agent(user) -> bool:
    return RoleGrant.objects.filter(user=user, role="agent").exists()


def test_a_second_person_approves_and_it_is_done_once(proposal, viewer, administrator, second):
    four_eyes.approve(proposal, actor=second)
    grant = RoleGrant.objects.get(user=viewer, role="agent")
    assert (grant.proposed_by, grant.granted_by, grant.eyes) == (administrator, second, Eyes.TWO)
    with pytest.raises(AlreadyDecided):
        four_eyes.approve(Proposal.objects.get(), actor=second)
    assert AuditEntry.objects.filter(action="proposal.approved").count() == 1


def test_the_maker_neither_approves_nor_refuses(proposal, viewer, administrator):
    for decide in (four_eyes.approve, four_eyes.refuse):
        with pytest.raises(SecondPersonNeeded):
            decide(proposal, actor=administrator, reason="Mine.")
    assert Proposal.objects.get().is_open
    assert not is_agent(viewer)


def test_nobody_decides_about_themselves(administrator, second):
    about_bongani = granting.propose_role(
        user=second, role="officer", merchant_uid=None, gives=True, reason="Asked.", actor=administrator
    )
    with pytest.raises(SecondPersonNeeded):
        four_eyes.approve(about_bongani, actor=second)


def test_the_machine_is_nobodys_second_person(proposal, machine):
    with pytest.raises(SecondPersonNeeded):
        four_eyes.approve(proposal, actor=machine)


EXEMPT = {"customer.submit", "warning.accept"}


@pytest.mark.parametrize("action", sorted(four_eyes.MATTERS))
def test_a_command_alone_onboards_and_does_nothing_else(action, administrator, settings):
    def eyes():
        return four_eyes.eyes_on(action, maker_id=None, actor=administrator, by_command=True)

    if action in EXEMPT:
        assert eyes() == Eyes.COMMAND
        settings.FOUR_EYES_COMMANDS = True
    assert four_eyes.is_needed(action, by_command=True)
    with pytest.raises(SecondPersonNeeded):
        eyes()


def test_a_command_decides_no_change_of_a_role_that_it_proposed(proposal, administrator):
    for decide in (four_eyes.approve, four_eyes.refuse):
        with pytest.raises(SecondPersonNeeded):
            decide(proposal, actor=administrator, reason="Mine.", by_command=True)
    assert Proposal.objects.get().is_open


@pytest.mark.parametrize("channel", [Channel.PAGE, Channel.API, Channel.ADMIN, Channel.TASK])
@pytest.mark.parametrize("action", sorted(EXEMPT))
def test_a_page_that_says_it_is_a_command_is_none(channel, action, administrator):
    with under(channel), pytest.raises(SecondPersonNeeded):
        four_eyes.eyes_on(action, maker_id=None, actor=administrator, by_command=True)


def test_who_lost_the_right_meanwhile_does_not_decide(proposal, second):
    revoke(second)
    with pytest.raises(NotAllowed):
        four_eyes.approve(proposal, actor=second)


def test_only_the_maker_takes_it_back(proposal, administrator, second):
    with pytest.raises(NotAllowed):
        four_eyes.withdraw(proposal, actor=second)
    four_eyes.withdraw(proposal, actor=administrator)
    assert Proposal.objects.get().decision == "withdrawn"


def test_there_is_one_open_proposal_at_a_time(proposal, administrator, viewer, second):
    what = dict(user=viewer, role="agent", merchant_uid=None, gives=True)
    with pytest.raises(AlreadyProposed):
        granting.propose_role(**what, reason="Again.", actor=second)
    four_eyes.refuse(proposal, actor=second, reason="Not now.")
    granting.propose_role(**what, reason="Again.", actor=second)
    assert Proposal.objects.filter(decision="").count() == 1


def test_a_proposal_and_a_refusal_need_their_reasons(proposal, second, viewer):
    with pytest.raises(ReasonNeeded):
        four_eyes.refuse(proposal, actor=second, reason=" \n")
    with pytest.raises(ReasonNeeded):
        granting.propose_role(
            user=viewer, role="officer", merchant_uid=None, gives=True, reason="", actor=second
        )


def test_what_is_so_already_lapses(proposal, viewer, second, administrator):
    RoleGrant.objects.create(
        user=viewer, role="agent", proposed_by=second, granted_by=second, eyes=Eyes.COMMAND
    )
    with pytest.raises(Lapsed):
        four_eyes.approve(proposal, actor=second)
    assert Proposal.objects.get().decision == "lapsed"
    assert RoleGrant.objects.filter(user=viewer, role="agent").count() == 1


def test_every_matter_that_is_proposed_has_its_handler_and_its_switch(settings):
    from accounts.policy import ACTIONS

    proposed = {action for action, matter in four_eyes.MATTERS.items() if matter.propose}
    assert proposed == set(settings.FOUR_EYES_HANDLERS)
    for action in proposed:
        handler = four_eyes.handler_of(action)
        assert callable(handler.carry_out)
        assert callable(handler.titles)
    rights = {*four_eyes.MATTERS, *(four_eyes.MATTERS[action].propose for action in proposed)}
    assert rights <= ACTIONS


# What the database refuses, whoever asks.


def decided(at=NARROWED_AT + timedelta(days=1), **fields):
    """UPDATE by hand, past every service."""
    fields = {"decision": "approved", "eyes": "two", **fields}
    row = Proposal.objects.get()
    sets = ", ".join(f"{name} = %s" for name in (*fields, "decided_at"))
    adapt = connection.ops.adapt_datetimefield_value
    native = connection.features.has_native_uuid_field
    values = [v if native or not isinstance(v, uuid.UUID) else v.hex for v in fields.values()]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE accounts_proposal SET {sets} WHERE id = %s",  # noqa: S608 - names of ours
            [*values, adapt(at), row.pk if native else row.pk.hex],
        )


@pytest.mark.parametrize("decision", ["approved", "refused"])
def test_the_database_refuses_ones_own_decision(proposal, administrator, decision):
    with pytest.raises(IntegrityError, match="whoever_proposed_does_not_decide"):
        decided(decision=decision, decided_by_id=administrator.pk)


def test_the_database_refuses_a_decision_by_one_that_names_no_command(proposal, second):
    with pytest.raises(IntegrityError, match="whoever_proposed_does_not_decide"):
        decided(decided_by_id=second.pk, eyes="one")


def test_the_database_refuses_what_no_command_decides_alone(proposal, administrator):
    with pytest.raises(IntegrityError, match="whoever_proposed_does_not_decide"):
        decided(decided_by_id=administrator.pk, eyes="command")


def test_the_database_takes_what_a_command_decides_alone_and_what_one_did_when_all_were_exempt(
    proposal, administrator
):
    decided(decided_by_id=administrator.pk, eyes="command", at=NARROWED_AT - timedelta(days=1))
    for action, at in (
        ("warning.accept", NARROWED_AT + timedelta(days=9)),
        ("document.waive", WAIVERS_NARROWED_AT - timedelta(seconds=1)),
    ):
        Proposal.objects.update(decision="", decided_by=None, decided_at=None, eyes="", action=action)
        decided(decided_by_id=administrator.pk, eyes="command", at=at)
        assert Proposal.objects.get().decided_by == administrator


def test_the_database_refuses_a_waiver_by_a_command_alone_since_it_takes_two(proposal, administrator):
    Proposal.objects.update(action="document.waive")
    with pytest.raises(IntegrityError, match="whoever_proposed_does_not_decide"):
        decided(decided_by_id=administrator.pk, eyes="command", at=WAIVERS_NARROWED_AT)


def test_the_database_refuses_a_decision_by_nobody(proposal):
    with pytest.raises(IntegrityError, match="a_proposal_is_open_or_decided_by_somebody"):
        decided(decided_by_id=None)


def test_the_database_refuses_that_another_takes_it_back(proposal, second):
    with pytest.raises(IntegrityError, match="only_whoever_proposed_takes_it_back"):
        decided(decision="withdrawn", decided_by_id=second.pk, eyes="")


def test_the_database_takes_what_two_decided(proposal, second):
    decided(decided_by_id=second.pk)
    assert Proposal.objects.get().decided_by == second


@pytest.mark.parametrize(
    ("eyes", "proposed_by", "granted_by", "constraint"),
    [
        ("two", "administrator", "administrator", "a_role_is_granted_by_a_second_person"),
        ("two", "administrator", "viewer", "nobody_grants_themselves_a_role"),
        ("one", "viewer", "viewer", "nobody_grants_themselves_a_role"),
    ],
)
def test_the_database_refuses_a_grant_by_too_few(eyes, proposed_by, granted_by, constraint, request, viewer):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        RoleGrant.objects.create(
            user=viewer,
            role="agent",
            proposed_by=request.getfixturevalue(proposed_by),
            granted_by=request.getfixturevalue(granted_by),
            eyes=eyes,
        )


# Two at once.


def decide_at_once(proposal, people) -> list[str]:
    """Each approves in a thread of their own, all past the checks before the first decides; what each met."""
    ready = threading.Barrier(len(people), timeout=20)
    checked = four_eyes._eyes_on_proposal
    met: list[str] = []

    def meet(*args):
        eyes = checked(*args)
        ready.wait()
        return eyes

    def work(person):
        try:
            four_eyes.approve(Proposal.objects.get(pk=proposal.pk), actor=person)
            met.append("done")
        except AlreadyDecided:
            met.append("decided")
        except (DatabaseError, Lapsed) as error:
            met.append(type(error).__name__)
        finally:
            connection.close()

    four_eyes._eyes_on_proposal = meet
    try:
        threads = [threading.Thread(target=work, args=[person]) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        four_eyes._eyes_on_proposal = checked
    return sorted(met)


@pytest.fixture
def three(transactional_db):
    return [a_person(f"admin{number}@aggregator.example", "administrator") for number in range(3)]


@pytest.mark.django_db(transaction=True)
def test_of_those_who_decide_at_once_one_does(three, proposal, viewer):
    assert decide_at_once(proposal, three) == ["decided", "decided", "done"]
    assert RoleGrant.objects.filter(user=viewer, role="agent").count() == 1
    assert AuditEntry.objects.filter(action="proposal.approved").count() == 1
    assert AuditEntry.objects.filter(action="role.granted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_guard_is_what_makes_it_one(three, proposal, viewer, monkeypatch):
    """Without it, others decide what was decided."""

    def settle(row, values):
        return bool(Proposal.objects.filter(pk=row.pk).update(**values))

    monkeypatch.setattr(four_eyes, "_settle_once", settle)
    assert "decided" not in decide_at_once(proposal, three)
    assert AuditEntry.objects.filter(action__in=("proposal.approved", "proposal.lapsed")).count() > 1
