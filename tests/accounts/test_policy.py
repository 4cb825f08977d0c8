"""The table: what it does not name is not allowed, and what it says is what docs/roles.md shows."""

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts import policy
from accounts.models import User
from accounts.policy import ACTIONS, FOR_ALL_ONLY, TABLE, may, merchant_scope, require, roles_for
from accounts.roles import MACHINE, Role
from customers.choices import EDITABLE_STAGES, Stage
from tests.accounts.people import OTHER_UID, a_person, elsewhere, grant, revoke
from tests.accounts.roles_page import page_of_roles
from tests.house import PROJECT

OWN_UID = "CCT0000000001"
ROLES = {*Role.values, MACHINE}


def test_the_table_names_only_what_there_is():
    for action, cells in TABLE.items():
        assert cells, action
        assert set(cells) <= ROLES, action
        for states in cells.values():
            assert states is policy.ANY or states <= set(Stage.values), action
    assert ACTIONS >= FOR_ALL_ONLY
    assert set(EDITABLE_STAGES) == policy.EDITABLE


def test_the_document_shows_the_table_as_it_is():
    page = (PROJECT / "docs" / "roles.md").read_text(encoding="utf-8")
    assert page == page_of_roles(page), "mend it with: .venv/bin/python -m tests.accounts.roles_page"


@pytest.mark.django_db
def test_what_the_table_does_not_name_is_not_allowed(thandi):
    for knocker in (thandi, User.objects.machine()):
        assert not may(knocker, "customer.sell")
        assert not may(knocker, "")
        with pytest.raises(policy.NotAllowed):
            require(knocker, "customer.sell")
    assert merchant_scope(thandi, "customer.sell") == frozenset()


@pytest.mark.django_db
def test_who_is_nobody_may_nothing(thandi):
    stopped = User.objects.get(pk=thandi.pk)
    stopped.is_active = False
    without = a_person("new@aggregator.example")
    flags = User.objects.create_user("flags@aggregator.example", is_staff=True, is_superuser=True)
    for knocker in (None, AnonymousUser(), stopped, without, flags, object()):
        assert not any(may(knocker, action) for action in ACTIONS), knocker
        assert all(merchant_scope(knocker, action) == frozenset() for action in ACTIONS)


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role.values)
def test_a_role_may_what_its_column_says_for_its_merchant_and_no_other(role):
    uids = (OWN_UID,) if role != Role.ADMINISTRATOR else ()
    person = a_person("one@aggregator.example", role, merchants=uids)
    for action, cells in TABLE.items():
        says = role in cells
        if not uids:
            assert may(person, action) == may(person, action, OTHER_UID) == says, action
            continue
        says = says and action not in FOR_ALL_ONLY
        assert may(person, action) == may(person, action, OWN_UID) == says, action
        assert not may(person, action, OTHER_UID), action
        assert merchant_scope(person, action) == (frozenset({OWN_UID}) if says else frozenset()), action


@pytest.mark.django_db
def test_nobody_else_has_the_machines_column(thandi):
    of_the_machine_alone = {action for action, cells in TABLE.items() if set(cells) == {MACHINE}}
    assert of_the_machine_alone
    assert not any(may(thandi, action) for action in of_the_machine_alone)
    machine = User.objects.machine()
    assert all(may(machine, action) == (MACHINE in cells) for action, cells in TABLE.items())
    machine.is_active = False
    assert not any(may(machine, action) for action in ACTIONS)


@pytest.mark.django_db
def test_where_the_subject_stands_counts():
    agent = a_person("agent@aggregator.example", "agent")
    officer = a_person("officer@aggregator.example", "officer")
    for stage in Stage.values:
        editable = stage in EDITABLE_STAGES
        assert may(agent, "document.add", OWN_UID, stage) == editable
        assert may(officer, "document.add", OWN_UID, stage)
        assert may(officer, "customer.submit", OWN_UID, stage) == editable
    assert not may(agent, "document.add", OWN_UID, "no such stage")


@pytest.mark.django_db
def test_roles_for_different_merchants_do_not_add_up():
    person = a_person("both@aggregator.example", "viewer", merchants=(OWN_UID,))
    grant(person, "officer", merchants=(OTHER_UID,))
    assert may(person, "customer.view", OWN_UID)
    assert not may(person, "customer.submit", OWN_UID)
    assert may(person, "customer.submit", OTHER_UID)
    assert merchant_scope(person) == {OWN_UID, OTHER_UID}
    assert merchant_scope(person, "customer.submit") == {OTHER_UID}
    assert roles_for(person, "customer.view", OWN_UID) == ("viewer",)
    assert roles_for(person, "customer.view") == ("viewer", "officer")


@pytest.mark.django_db
def test_a_role_taken_away_is_felt_by_whoever_reads_the_person_anew(thandi):
    held = User.objects.get(pk=thandi.pk)
    assert may(held, "customer.submit")
    elsewhere(thandi)
    assert not may(User.objects.get(pk=thandi.pk), "customer.submit", OWN_UID)
    revoke(thandi)
    assert not may(User.objects.get(pk=thandi.pk), "customer.submit")


@pytest.mark.django_db
def test_a_long_command_feels_it_too(thandi, monkeypatch):
    held = User.objects.get(pk=thandi.pk)
    assert may(held, "customer.submit")
    User.objects.filter(pk=thandi.pk).update(is_active=False)
    monkeypatch.setattr(policy, "GRANTS_KEPT_SECONDS", -1.0)
    assert not may(held, "customer.submit")


@pytest.mark.django_db
def test_a_page_asks_for_the_grants_once(thandi, django_assert_num_queries):
    person = User.objects.get(pk=thandi.pk)
    with django_assert_num_queries(1):
        for action in ACTIONS:
            may(person, action, OWN_UID)
