"""Invitations: a link that is good once, for a week, and for one person."""

import re
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import invitations
from accounts.invitations import LinkNotGood, NotInvited, accept, invite, link_of, send_again, withdraw
from accounts.models import AuditEntry, Invitation, User
from accounts.policy import NotAllowed
from accounts.sign_in.mail import NotSent
from tests.accounts.people import a_person
from tests.accounts.signing_in import code

PASSWORD = "four words unrelated here"


def path_of(letter):
    [link] = re.findall(r"http://127\.0\.0\.1:8000(/accounts/invitation/\S+)", letter.body)
    return link


def token_of(invitation):
    return link_of(invitation).rstrip("/").rpartition("/")[2]


def come_in(client, path, password=PASSWORD):
    client.get(path)
    return client.post("/accounts/invitation/", {"password1": password, "password2": password})


def test_whoever_is_invited_chooses_a_password_and_enrols(client, administrator, mailoutbox):
    invite(" New@Aggregator.example ", actor=administrator, name="Nomsa Radebe")
    [letter] = mailoutbox
    assert letter.to == ["new@aggregator.example"]
    answer = come_in(client, path_of(letter))
    assert answer.status_code == 302
    assert client.get("/").headers["Location"] == "/accounts/second-factor/"
    secret = client.get("/accounts/security/app/").context["secret"].replace(" ", "")
    client.post("/accounts/security/app/", {"code": code(secret=secret)})
    assert client.get("/accounts/sessions/").status_code == 200
    user = User.objects.get(email="new@aggregator.example")
    assert (user.name, user.check_password(PASSWORD)) == ("Nomsa Radebe", True)
    told = list(AuditEntry.objects.filter(subject_id=user.pk).order_by("id").values_list("action", "actor"))
    assert told == [
        ("user.invited", administrator.pk),
        ("invitation.accepted", user.pk),
        ("sign_in.done", user.pk),
        ("second_factor.added", user.pk),
    ]


def test_the_link_is_good_once(client, administrator, mailoutbox):
    invite("new@aggregator.example", actor=administrator)
    path = path_of(mailoutbox[0])
    come_in(client, path)
    assert Client().get(path).status_code == 410
    with pytest.raises(LinkNotGood):
        accept(path.rstrip("/").rpartition("/")[2], PASSWORD)


def test_looking_at_the_link_uses_nothing_up(client, administrator, mailoutbox):
    invite("new@aggregator.example", actor=administrator)
    path = path_of(mailoutbox[0])
    for _ in range(3):
        assert Client().get(path, follow=True).status_code == 200
    assert come_in(client, path).status_code == 302


def test_the_page_with_the_form_has_an_address_that_tells_nothing(client, administrator, mailoutbox):
    invite("new@aggregator.example", actor=administrator)
    answer = client.get(path_of(mailoutbox[0]))
    assert answer.headers["Location"] == "/accounts/invitation/"


def test_after_a_week_it_is_good_no_more(client, administrator, mailoutbox, time_machine):
    start = timezone.now()
    time_machine.move_to(start)
    invite("new@aggregator.example", actor=administrator)
    time_machine.move_to(start + timedelta(days=7, seconds=1))
    assert client.get(path_of(mailoutbox[0])).status_code == 410


def test_a_newer_letter_makes_the_older_link_worthless(client, administrator, mailoutbox):
    invitation = invite("new@aggregator.example", actor=administrator)
    send_again(invitation, actor=administrator)
    old, new = (path_of(letter) for letter in mailoutbox)
    assert client.get(old).status_code == 410
    assert come_in(client, new).status_code == 302


def test_what_was_taken_back_opens_nothing_and_its_account_is_closed(client, administrator, mailoutbox):
    invitation = invite("new@aggregator.example", actor=administrator)
    withdraw(invitation, actor=administrator)
    assert client.get(path_of(mailoutbox[0])).status_code == 410
    assert not User.objects.get(email="new@aggregator.example").is_active
    with pytest.raises(LinkNotGood):
        withdraw(invitation, actor=administrator)


@pytest.mark.parametrize("token", ["x", "eyJ9:1xyz:abc", "." * 50, "%00", "..%2f..%2fetc"])
def test_a_link_of_ones_own_making_opens_nothing(client, db, token):
    assert client.get(f"/accounts/invitation/{token}/").status_code in (404, 410)


def test_without_a_link_the_form_opens_nothing(client, db):
    assert client.get("/accounts/invitation/").status_code == 410
    assert (
        client.post("/accounts/invitation/", {"password1": PASSWORD, "password2": PASSWORD}).status_code
        == 410
    )


def test_a_password_that_is_soon_guessed_is_refused_and_the_link_stays_good(
    client, administrator, mailoutbox
):
    invite("new@aggregator.example", actor=administrator)
    path = path_of(mailoutbox[0])
    answer = come_in(client, path, "passwordpassword")
    assert "soon guessed" in answer.text
    assert come_in(client, path).status_code == 302


def test_nobody_is_signed_in_as_somebody_invited_before_they_accept(client, administrator, mailoutbox):
    invite("new@aggregator.example", actor=administrator)
    for password in ("", "!", PASSWORD):
        client.post("/accounts/login/", {"login": "new@aggregator.example", "password": password})
        assert "_auth_user_id" not in client.session
    # A letter for a new password would lead past the invitation's end.
    client.post("/accounts/password/reset/", {"email": "new@aggregator.example"})
    assert len(mailoutbox) == 1


@pytest.mark.parametrize("email", ["no address", "", "a@b@c", "new@aggregator.example\nBcc: x@evil.example"])
def test_what_is_no_address_is_not_invited(administrator, email, mailoutbox):
    with pytest.raises(NotInvited):
        invite(email, actor=administrator)
    assert mailoutbox == []
    assert not Invitation.objects.exists()


def test_who_has_an_account_is_not_invited_and_keeps_their_password(administrator, officer, machine):
    for email in (officer.email, officer.email.upper(), machine.email):
        with pytest.raises(NotInvited):
            invite(email, actor=administrator)
    officer.refresh_from_db()
    assert officer.has_usable_password()


def test_only_who_may_invite_does(officer, client):
    with pytest.raises(NotAllowed):
        invite("new@aggregator.example", actor=officer)
    client.force_login(officer)
    assert client.get("/invitations/").status_code == 403


def test_a_letter_that_can_not_be_sent_leaves_the_invitation_to_be_sent_again(
    administrator, monkeypatch, client
):
    def refuses(*_, **__):
        raise ConnectionRefusedError

    monkeypatch.setattr(mail.EmailMessage, "send", refuses)
    client.force_login(administrator)
    answer = client.post("/invitations/", {"email": "new@aggregator.example"}, follow=True)
    assert "did not take the letter" in answer.text
    assert "new@aggregator.example" in answer.text
    invitation = Invitation.objects.get()
    with pytest.raises(NotSent):
        send_again(invitation, actor=administrator)


def test_the_page_invites_sends_again_and_takes_back(client, administrator, mailoutbox):
    client.force_login(administrator)
    client.post("/invitations/", {"email": "new@aggregator.example", "name": "Nomsa Radebe"})
    page = client.get("/invitations/")
    assert "Nomsa Radebe" in page.text
    invitation = Invitation.objects.get()
    client.post(f"/invitations/{invitation.pk}/again/")
    assert len(mailoutbox) == 2
    client.post(f"/invitations/{invitation.pk}/take-back/")
    assert "Nobody is waited for" in client.get("/invitations/").text


def test_the_command_invites_for_a_named_person_or_the_machine(administrator, machine, capsys, mailoutbox):
    call_command("invite_officer", "new@aggregator.example", "--as", administrator.email)
    call_command("invite_officer", "second@aggregator.example", "--name", "Second")
    assert [row.invited_by for row in Invitation.objects.order_by("created_at")] == [administrator, machine]
    assert len(mailoutbox) == 2
    # The link is in the letter, and nowhere else.
    assert "invitation/" not in capsys.readouterr().out


def test_the_command_says_why_not(officer):
    with pytest.raises(CommandError, match="account") as refused:
        call_command("invite_officer", officer.email)
    assert refused.value.returncode == 1
    with pytest.raises(CommandError, match="may not"):
        call_command("invite_officer", "new@aggregator.example", "--as", officer.email)


@pytest.mark.django_db(transaction=True)
def test_of_two_with_one_link_one_gets_in():
    assert accepted_side_by_side() == 1


@pytest.mark.django_db(transaction=True)
def test_if_only_the_reading_decided_both_would(monkeypatch):
    """The guard off: the statement that decides takes everything."""

    class Anything:
        def __init__(self, manager):
            self.manager = manager

        def filter(self, **asked):
            return self.manager.filter(
                **({"pk": asked["pk"]} if "expires_at__gt" in asked and "pk" in asked else asked)
            )

        def __getattr__(self, name):
            return getattr(self.manager, name)

    monkeypatch.setattr(invitations.Invitation, "objects", Anything(Invitation.objects))
    assert accepted_side_by_side() == 2


def accepted_side_by_side():
    boss = a_person("adele@aggregator.example", "administrator")
    token = token_of(invite("new@aggregator.example", actor=boss))
    barrier, passed = threading.Barrier(2), []
    read = invitations.invitation_of

    def read_then_wait(given):
        found = read(given)
        barrier.wait(timeout=20)
        return found

    def go():
        try:
            accept(token, PASSWORD)
            passed.append(1)
        except LinkNotGood:
            pass
        finally:
            connection.close()

    invitations.invitation_of = read_then_wait
    try:
        workers = [threading.Thread(target=go) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(timeout=60)
    finally:
        invitations.invitation_of = read
    return len(passed)
