"""Commands about somebody's way in: a lost second factor, a lock-out."""

import pytest
from django.core.management import CommandError, call_command

from accounts.lock_out import LIMIT
from accounts.models import AuditEntry, Tries
from accounts.sign_in.second_factor import is_enrolled
from tests.accounts.signing_in import enrol_app


def test_a_lost_second_factor_is_taken_away_for_a_named_person(officer, administrator, capsys):
    enrol_app(officer)
    reason = "called back on the number we know"
    arguments = ("--reason", reason, "--as", administrator.email)
    call_command("reset_second_factor", officer.email.upper(), *arguments)
    assert not is_enrolled(officer)
    row = AuditEntry.objects.get(action="second_factor.taken_away")
    assert (row.actor_id, row.subject_id, row.reason) == (administrator.pk, officer.pk, reason)
    call_command("reset_second_factor", officer.email, *arguments)
    assert "nothing was changed" in capsys.readouterr().out


def test_only_who_may_takes_one_away(officer, agent):
    enrol_app(officer)
    with pytest.raises(CommandError) as refused:
        call_command("reset_second_factor", officer.email, "--reason", "x", "--as", agent.email)
    assert refused.value.returncode == 2
    assert is_enrolled(officer)


def test_a_lock_out_ends_before_its_time(client, officer, administrator):
    for _ in range(LIMIT):
        client.post("/accounts/login/", {"login": officer.email, "password": "not it at all"})
    assert Tries.objects.get(kind="account").count == LIMIT
    call_command("unlock_sign_in", officer.email, "--as", administrator.email)
    assert not Tries.objects.filter(kind="account").exists()
    assert AuditEntry.objects.get(action="sign_in.unlocked").actor_id == administrator.pk


@pytest.mark.parametrize("command", [("unlock_sign_in",), ("reset_second_factor", "--reason", "x")])
def test_nobody_of_that_address_is_said(db, machine, command):
    name, *more = command
    for email in ("nobody@aggregator.example", machine.email):
        with pytest.raises(CommandError, match="Nobody") as refused:
            call_command(name, email, *more)
        assert refused.value.returncode == 2
