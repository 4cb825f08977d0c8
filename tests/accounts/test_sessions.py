"""Sessions: their clocks, their ends, and what the database holds of them."""

import pytest
from django.contrib.sessions.models import Session as DjangosOwn
from django.db import connection
from django.test import Client

from accounts import sessions
from accounts.models import AuditEntry, Session
from accounts.sessions import IDLE_SECONDS, LONGEST_SECONDS, device_name
from tests.accounts.people import PASSPHRASE, a_person
from tests.accounts.signing_in import enrol_app, sign_in_by_hand

START = 1_800_000_000


@pytest.fixture
def thandi(db):
    return enrol_app(a_person("thandi@aggregator.example", "officer", "administrator", name="Thandi Nkosi"))


@pytest.fixture
def clock(time_machine):
    """clock(seconds since the sign-in)"""

    def at(seconds):
        time_machine.move_to(START + seconds, tick=False)

    at(0)
    return at


def is_signed_in(client, **headers):
    return client.get("/customers/", **headers).status_code == 200


def test_after_fifteen_minutes_without_anybody_it_is_over(client, thandi, clock):
    client.force_login(thandi)
    clock(IDLE_SECONDS - 1)
    assert is_signed_in(client)
    clock(2 * IDLE_SECONDS - 2)
    assert is_signed_in(client)
    clock(3 * IDLE_SECONDS - 2)
    assert not is_signed_in(client)
    assert not Session.objects.filter(user=thandi).exists()
    [row] = AuditEntry.objects.filter(action="session.ended")
    assert (row.actor_id, row.details["why"]) == (thandi.pk, "idle")


def test_a_new_secret_key_signs_nobody_out_while_the_old_one_is_a_fallback(client, thandi, settings):
    client.force_login(thandi)
    old, settings.SECRET_KEY = (
        settings.SECRET_KEY,
        "another key, of the same length or so, and as hard to guess",
    )
    settings.SECRET_KEY_FALLBACKS = [old]
    assert is_signed_in(client)
    # From that request on the session is the new key's.
    settings.SECRET_KEY_FALLBACKS = []
    assert is_signed_in(client)
    settings.SECRET_KEY = "a third one, which nobody was told of, so that it signs everybody out"
    assert not is_signed_in(client)


def test_what_a_page_fetches_by_itself_keeps_no_session_alive(client, thandi, clock):
    client.force_login(thandi)
    for seconds in range(60, IDLE_SECONDS, 60):
        clock(seconds)
        assert is_signed_in(client, HTTP_HX_REQUEST="true", HTTP_X_REFRESH="1")
        assert client.post("/accounts/sessions/here/", HTTP_X_REFRESH="1").status_code == 204
    clock(IDLE_SECONDS)
    assert not is_signed_in(client, HTTP_HX_REQUEST="true", HTTP_X_REFRESH="1")


def test_whoever_is_at_work_in_a_form_stays_signed_in(client, thandi, clock):
    client.force_login(thandi)
    for minutes in range(0, 60, 10):
        clock(60 * minutes)
        assert client.post("/accounts/sessions/here/").status_code == 204
    clock(60 * 60)
    assert is_signed_in(client)
    clock(2 * 60 * 60)
    assert client.post("/accounts/sessions/here/").status_code == 205


def test_after_ten_hours_it_is_over_however_busy_somebody_is(client, thandi, clock):
    client.force_login(thandi)
    for seconds in range(0, LONGEST_SECONDS, IDLE_SECONDS - 60):
        clock(seconds)
        assert is_signed_in(client)
    clock(LONGEST_SECONDS)
    answer = client.get("/customers/", follow=True)
    assert "after ten hours" in answer.text
    assert AuditEntry.objects.get(action="session.ended").details["why"] == "too_long"


def test_whoever_was_away_too_long_is_told_why_and_led_back(client, thandi, clock):
    client.force_login(thandi)
    clock(IDLE_SECONDS)
    answer = client.get("/customers/?q=lerato", follow=True)
    assert answer.redirect_chain == [("/accounts/login/?next=/customers/%3Fq%3Dlerato", 302)]
    assert "15 minutes without activity" in answer.text
    answer = sign_in_by_hand(client, thandi, next="/customers/?q=lerato")
    assert answer.headers["Location"] == "/customers/?q=lerato"


def test_what_was_sent_after_the_end_is_not_lost_silently(client, thandi, corner_shop, clock):
    client.force_login(thandi)
    clock(IDLE_SECONDS)
    page = f"http://testserver/merchants/{corner_shop.uid}/"
    answer = client.post(f"/merchants/{corner_shop.uid}/", {"notes": "new"}, HTTP_REFERER=page, follow=True)
    assert answer.redirect_chain == [(f"/accounts/login/?next=%2Fmerchants%2F{corner_shop.uid}%2F", 302)]
    assert "was not kept" in answer.text
    corner_shop.refresh_from_db()
    assert corner_shop.notes == ""


@pytest.mark.parametrize("page", ["https://evil.example/x/", "//evil.example/", "javascript:alert(1)", ""])
def test_led_back_is_nobody_to_a_page_of_elsewhere(client, db, page):
    answer = client.post("/merchants/X/", {}, HTTP_REFERER=page)
    assert answer.headers["Location"] == "/accounts/login/?next=%2F"


def test_signing_in_gives_a_new_id_and_the_old_one_is_nobodys(client, thandi):
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = "by a stranger"
    session.save()
    planted = session.session_key
    client.cookies["sessionid_8000"] = planted
    sign_in_by_hand(client, thandi)
    assert client.session.session_key != planted
    stranger = Client()
    stranger.cookies["sessionid_8000"] = planted
    assert not is_signed_in(stranger)


@pytest.mark.parametrize("change", ["disabled", "password", "role", "everywhere", "one"])
def test_an_ended_session_is_felt_by_its_very_next_request(client, thandi, change):
    client.force_login(thandi)
    assert is_signed_in(client)
    match change:
        case "disabled":
            thandi.is_active = False
            thandi.save()
        case "password":
            thandi.set_password("another long enough passphrase")
            thandi.save()
        case "role":
            assert sessions.end_all(thandi, reason="role_changed", actor=thandi) == 1
        case "everywhere":
            other = Client()
            other.force_login(thandi)
            other.post("/accounts/sessions/end-all/")
            assert not is_signed_in(other)
        case "one":
            other = Client()
            other.force_login(thandi)
            rows = other.get("/accounts/sessions/").context["sessions"]
            [mine] = [row for row in rows if not row.is_this_one]
            other.post("/accounts/sessions/end/", {"session": mine.digest})
            assert is_signed_in(other)
    assert not is_signed_in(client)
    assert client.get("/api/customers/").status_code == 401


def test_a_new_password_keeps_the_session_in_which_it_was_set_alone(client, thandi):
    other = Client()
    other.force_login(thandi)
    client.force_login(thandi)
    answer = client.post(
        "/accounts/password/change/",
        {
            "oldpassword": PASSPHRASE,
            "password1": "four words unrelated here",
            "password2": "four words unrelated here",
        },
    )
    assert answer.status_code == 302
    assert is_signed_in(client)
    assert not is_signed_in(other)
    assert AuditEntry.objects.filter(action="password.changed", actor=thandi).count() == 1


def test_a_session_that_was_ended_is_not_brought_back_by_a_request_that_was_under_way(client, thandi):
    from django.contrib.sessions.backends.base import UpdateError

    client.force_login(thandi)
    under_way = client.session
    under_way["seen_at"] = 1.0
    sessions.end_all(thandi, reason="role_changed", actor=thandi)
    with pytest.raises(UpdateError):
        under_way.save()
    assert not Session.objects.exists()


def test_the_page_shows_ones_own_sessions_and_nobody_elses(client, thandi, officer, clock):
    elsewhere, other = Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"), Client()
    sign_in_by_hand(elsewhere, thandi)
    other.force_login(officer)
    client.force_login(thandi)
    page = client.get("/accounts/sessions/")
    assert [row.is_this_one for row in page.context["sessions"]].count(True) == 1
    assert len(page.context["sessions"]) == 2
    assert "Firefox on Linux" in page.text
    assert "127.0.0.1" in page.text
    theirs = Session.objects.get(user=officer).session_key
    client.post("/accounts/sessions/end/", {"session": theirs})
    assert is_signed_in(other)


def test_the_database_holds_neither_the_cookie_nor_what_is_in_the_session(client, thandi):
    sign_in_by_hand(client, thandi)
    cookie = client.cookies["sessionid_8000"].value
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_session")
        kept = str(cursor.fetchall())
    for secret in (cookie, thandi.email, "127.0.0.1", "signed_in_at"):
        assert secret not in kept
    assert not DjangosOwn.objects.exists()
    # What stands there is no cookie.
    thief = Client()
    thief.cookies["sessionid_8000"] = Session.objects.get(user=thandi).session_key
    assert not is_signed_in(thief)


def test_a_session_copied_to_another_row_does_not_open(client, thandi, officer):
    client.force_login(thandi)
    other = Client()
    other.force_login(officer)
    rows = {row.user_id: row for row in Session.objects.all()}
    Session.objects.filter(user=officer).update(session_data=rows[thandi.pk].session_data)
    assert not is_signed_in(other)


def test_sessions_that_are_over_are_cleared(client, thandi, clock):
    from django.core.management import call_command

    client.force_login(thandi)
    clock(LONGEST_SECONDS + 1)
    call_command("clearsessions")
    assert not Session.objects.exists()


def test_sign_in_and_sign_out_are_written_down(client, thandi):
    sign_in_by_hand(client, thandi)
    client.post("/accounts/logout/")
    told = list(AuditEntry.objects.filter(actor=thandi).order_by("id").values_list("action", "details"))
    assert told == [("sign_in.done", {"second_factor": ["totp"]}), ("sign_out.done", {})]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.5.0", "curl"),
        ("<script>alert(1)</script>", "scriptalert1"),
        ("", ""),
    ],
)
def test_a_device_is_named_in_two_words(agent, name):
    assert device_name(agent) == name
