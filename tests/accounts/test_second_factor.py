"""Second factors: codes that count once, secrets that nobody reads, enrolling and losing them."""

import threading

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry, LastCode, Session
from accounts.policy import NotAllowed
from accounts.sign_in import second_factor
from accounts.sign_in.second_factor import (
    CodeUsed,
    open_secret,
    reseal_secrets,
    seal_secret,
    take_away,
    use_totp_code,
)
from tests.accounts.people import PASSPHRASE, a_person
from tests.accounts.signing_in import SECRET, code, enrol_app, sign_in_by_hand, sign_in_without_second_factor
from tests.vault.test_sealing import ONE, TWO
from vault.envelope import CannotOpen

STEP = "/accounts/login/second-factor/"


@pytest.fixture
def enrolled(db):
    return enrol_app(a_person("sipho@aggregator.example", "officer"))


def first_step(client, user):
    return client.post("/accounts/login/", {"login": user.email, "password": PASSPHRASE})


def enrol_by_hand(client):
    """Through the page, with the secret that it shows; the answer, and the secret."""
    page = client.get("/accounts/security/app/")
    secret = page.context["secret"].replace(" ", "")
    return client.post("/accounts/security/app/", {"code": code(secret=secret)}), secret


# --- Codes ----------------------------------------------------------------------------------------


def test_a_password_alone_signs_nobody_in(client, enrolled):
    answer = first_step(client, enrolled)
    assert answer.headers["Location"].startswith(STEP)
    assert client.get("/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_a_code_counts_once_in_whichever_process(client, enrolled, time_machine):
    time_machine.move_to(1_800_000_000, tick=False)
    first_step(client, enrolled)
    assert client.post(STEP, {"code": code()}).headers["Location"] == "/"

    other = Client()
    first_step(other, enrolled)
    # What another process keeps in its memory knows of nothing.
    cache.clear()
    answer = other.post(STEP, {"code": code()})
    assert "used before" in answer.text
    assert "_auth_user_id" not in other.session

    time_machine.move_to(1_800_000_030, tick=False)
    assert other.post(STEP, {"code": code()}).headers["Location"] == "/"


@pytest.mark.parametrize("seconds", [-30, -60, 30])
def test_a_code_of_another_half_minute_is_wrong(client, enrolled, time_machine, seconds):
    time_machine.move_to(1_800_000_000, tick=False)
    first_step(client, enrolled)
    assert "Incorrect code" in client.post(STEP, {"code": code(1_800_000_000 + seconds)}).text


def test_the_code_that_enrolled_the_app_is_used_up_by_that(client, thandi, time_machine):
    time_machine.move_to(1_800_000_000, tick=False)
    first_step(client, thandi)
    _, secret = enrol_by_hand(client)
    other = Client()
    first_step(other, thandi)
    assert "used before" in other.post(STEP, {"code": code(secret=secret)}).text


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_send_one_code_at_once_one_gets_in():
    assert used_side_by_side() == 1


@pytest.mark.django_db(transaction=True)
def test_looked_up_first_and_written_after_more_would(monkeypatch):
    """The guard off."""
    looked = threading.Barrier(8)

    def use(user, secret, given):
        step = 60_000_000
        known = LastCode.objects.filter(user=user, step__gte=step).exists()
        looked.wait(timeout=20)
        if known:
            raise CodeUsed
        LastCode.objects.update_or_create(user=user, defaults={"step": step})
        return True

    monkeypatch.setattr("tests.accounts.test_second_factor.use_totp_code", use)
    assert used_side_by_side() > 1


def used_side_by_side(threads=8):
    user = a_person("sipho@aggregator.example", "officer")
    barrier, passed, given = threading.Barrier(threads), [], code()

    def go():
        try:
            barrier.wait(timeout=20)
            if use_totp_code(user, SECRET, given):
                passed.append(1)
        except CodeUsed:
            pass
        finally:
            connection.close()

    workers = [threading.Thread(target=go) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    return len(passed)


def test_a_recovery_code_stands_in_once(client, thandi):
    first_step(client, thandi)
    enrol_by_hand(client)
    codes = client.get("/accounts/security/codes/").context["unused_codes"]
    assert len(codes) == 10
    assert all(len(one) == 10 for one in codes)

    other = Client()
    first_step(other, thandi)
    assert other.post(STEP, {"code": codes[3]}).headers["Location"] == "/"
    third = Client()
    first_step(third, thandi)
    assert "Incorrect code" in third.post(STEP, {"code": codes[3]}).text


def test_recovery_codes_are_shown_once(client, thandi):
    first_step(client, thandi)
    enrol_by_hand(client)
    codes = client.get("/accounts/security/codes/").context["unused_codes"]
    again = client.get("/accounts/security/codes/")
    assert not any(one in again.text for one in codes)


# --- At rest --------------------------------------------------------------------------------------


def test_neither_secret_nor_codes_stand_in_the_database_during_enrolment_or_after(client, thandi):
    first_step(client, thandi)
    page = client.get("/accounts/security/app/")
    secret = page.context["secret"].replace(" ", "")
    assert secret not in everything_kept()
    client.post("/accounts/security/app/", {"code": code(secret=secret)})
    codes = client.get("/accounts/security/codes/").context["unused_codes"]
    kept = everything_kept()
    for secret_text in (secret, *codes, client.cookies["sessionid_8000"].value):
        assert secret_text not in kept


def everything_kept():
    with connection.cursor() as cursor:
        found = []
        for table in ("mfa_authenticator", "accounts_session", "accounts_lastcode", "accounts_audit"):
            cursor.execute(f"SELECT * FROM {table}")
            found.append(str(cursor.fetchall()))
    return "".join(found)


def test_a_secret_copied_to_another_persons_row_opens_nothing(client, enrolled):
    other = a_person("ayanda@aggregator.example", "agent")
    row = Authenticator.objects.get(user=enrolled)
    Authenticator.objects.create(user=other, type=row.type, data=row.data)
    with pytest.raises(CannotOpen):
        open_secret(other, row.data["secret"])
    first_step(client, other)
    client.raise_request_exception = False
    assert client.post(STEP, {"code": code()}).status_code == 500
    assert "_auth_user_id" not in client.session


def test_secrets_move_to_a_new_key_and_the_old_one_can_go(enrolled, settings):
    settings.PORTAL_KEYS = f"{ONE},{TWO}"
    noted: list[int] = []
    assert (reseal_secrets(noted.append), noted) == ((1, []), [1])
    assert (reseal_secrets(noted.append), noted) == ((0, []), [1])
    settings.PORTAL_KEYS = TWO
    assert open_secret(enrolled, Authenticator.objects.get(user=enrolled).data["secret"]) == SECRET


# --- Enrolling, and losing ------------------------------------------------------------------------


def test_enrolling_an_app_opens_the_portal_and_is_written_down(client, thandi):
    first_step(client, thandi)
    client.get("/customers/?q=lerato")
    before = client.session.session_key
    answer, _ = enrol_by_hand(client)
    assert answer.headers["Location"] == "/accounts/security/codes/"
    assert client.session.session_key != before
    assert client.get("/accounts/security/codes/").context["go_on_to"] == "/customers/?q=lerato"
    assert client.get("/").status_code == 200
    [row] = AuditEntry.objects.filter(action="second_factor.added")
    assert (row.actor_id, row.details) == (thandi.pk, {"kind": "totp"})


def test_a_wrong_first_code_enrols_nothing(client, thandi):
    first_step(client, thandi)
    client.get("/accounts/security/app/")
    answer = client.post("/accounts/security/app/", {"code": "000000"})
    assert "Incorrect code" in answer.text
    assert not second_factor.is_enrolled(thandi)


def test_the_qr_code_is_drawn_by_us_and_holds_no_address_of_elsewhere(client, thandi):
    first_step(client, thandi)
    page = client.get("/accounts/security/app/")
    assert '<svg class="qr"' in page.text
    assert "data:image" not in page.text


def test_removing_the_only_one_leads_straight_to_the_next(client, enrolled):
    elsewhere = Client()
    elsewhere.force_login(enrolled)
    client.force_login(enrolled)
    assert client.post("/accounts/security/app/remove/").status_code == 302
    assert client.get("/").headers["Location"] == "/accounts/second-factor/"
    assert elsewhere.get("/").headers["Location"].startswith("/accounts/login/")
    assert AuditEntry.objects.filter(action="second_factor.removed", actor=enrolled).count() == 1


def test_an_administrator_takes_a_lost_one_away_and_its_owner_enrols_anew(client, enrolled, administrator):
    client.force_login(enrolled)
    assert take_away(enrolled, actor=administrator, reason="lost the phone") == 1
    assert client.get("/").headers["Location"].startswith("/accounts/login/")
    assert sign_in_by_hand(Client(), enrolled).headers["Location"] == "/"
    [row] = AuditEntry.objects.filter(action="second_factor.taken_away")
    assert (row.actor_id, row.subject_id) == (administrator.pk, enrolled.pk)


def test_nobody_else_takes_one_away(enrolled, officer):
    with pytest.raises(NotAllowed):
        take_away(enrolled, actor=officer, reason="curious")
    assert second_factor.is_enrolled(enrolled)


def test_new_recovery_codes_make_the_old_ones_worthless_and_are_written_down(client, thandi):
    first_step(client, thandi)
    enrol_by_hand(client)
    old = client.get("/accounts/security/codes/").context["unused_codes"]
    assert client.post("/accounts/security/codes/new/").status_code == 302
    new = client.get("/accounts/security/codes/").context["unused_codes"]
    assert not set(old) & set(new)
    assert AuditEntry.objects.filter(action="recovery_codes.made", actor=thandi).count() == 1


def test_looking_after_ones_second_factor_asks_for_it_anew(client, enrolled, time_machine):
    time_machine.move_to(1_800_000_000, tick=False)
    client.force_login(enrolled)
    time_machine.move_to(1_800_000_400, tick=False)
    for path in ("app/remove/", "keys/add/", "codes/new/"):
        answer = client.get(f"/accounts/security/{path}")
        assert answer.headers["Location"].startswith("/accounts/step-up/?next="), path
    answer = client.post("/accounts/step-up/?next=/accounts/security/codes/new/", {"code": code()})
    assert answer.headers["Location"] == "/accounts/security/codes/new/"


def test_its_owner_is_told_by_a_letter(client, thandi, mailoutbox, django_capture_on_commit_callbacks):
    first_step(client, thandi)
    with django_capture_on_commit_callbacks(execute=True):
        enrol_by_hand(client)
    letters = sent(mailoutbox)
    assert [letter.to for letter in letters] == [[thandi.email]]
    assert "change your password now" in letters[0].body


def sent(mailoutbox):
    for thread in threading.enumerate():
        if thread.name == "letter":
            thread.join(timeout=10)
    return mailoutbox


def test_a_session_that_never_showed_the_second_factor_is_none(client, enrolled):
    sign_in_without_second_factor(client, enrolled)
    assert client.get("/").headers["Location"].startswith("/accounts/login/")
    assert not Session.objects.filter(user=enrolled).exists()
    assert seal_secret(enrolled, "x") != seal_secret(enrolled, "x")


def test_the_page_of_a_person_takes_a_lost_one_away_with_a_reason(client, enrolled, administrator):
    client.force_login(administrator)
    assert "They lost it" in client.get(f"/people/{enrolled.pk}/").text
    client.post(f"/people/{enrolled.pk}/second-factor/", {"reason": " "})
    assert second_factor.is_enrolled(enrolled)
    client.post(f"/people/{enrolled.pk}/second-factor/", {"reason": "met in person"})
    assert not second_factor.is_enrolled(enrolled)
    assert AuditEntry.objects.get(action="second_factor.taken_away").reason == "met in person"
