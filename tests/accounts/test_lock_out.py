"""Ten wrong tries, then half an hour: for the account and for the address, in whichever process."""

import threading
from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import lock_out
from accounts.lock_out import LIMIT, LOCKED_FOR, Counter, LockedOut, take_try
from accounts.models import AuditEntry, Tries, User
from tests.accounts.people import PASSPHRASE, a_person
from tests.accounts.signing_in import code, enrol_app, sign_in_by_hand, wait_for_next_code

WRONG = "not the passphrase at all"
LOGIN = "/accounts/login/"


def wrong(client, email, times=1, address="203.0.113.7", password=WRONG):
    for _ in range(times):
        answer = client.post(LOGIN, {"login": email, "password": password}, REMOTE_ADDR=address)
    return answer


def is_locked(answer):
    return answer.status_code == 200 and "Too many tries" in answer.text


def right(client, user, address):
    return client.post(LOGIN, {"login": user.email, "password": PASSPHRASE}, REMOTE_ADDR=address)


@pytest.fixture
def thandi(db):
    return enrol_app(a_person("thandi@aggregator.example", "officer", name="Thandi Nkosi"))


@pytest.fixture(autouse=True)
def _no_limits_of_the_library(settings):
    """Ours are tested: the library's stand beside them."""
    settings.ACCOUNT_RATE_LIMITS = False


def test_after_ten_wrong_tries_the_right_password_opens_nothing(client, thandi):
    assert not is_locked(wrong(client, thandi.email, LIMIT))
    assert is_locked(right(client, thandi, "203.0.113.7"))
    # From anywhere else, too.
    assert is_locked(right(Client(), thandi, "198.51.100.9"))


def test_a_tenth_try_that_is_right_is_looked_at(client, thandi):
    wrong(client, thandi.email, LIMIT - 1)
    assert right(client, thandi, "203.0.113.7").status_code == 302


def test_after_half_an_hour_it_is_over(client, thandi, time_machine):
    start = timezone.now()
    time_machine.move_to(start)
    wrong(client, thandi.email, LIMIT)
    time_machine.move_to(start + LOCKED_FOR - timedelta(seconds=2))
    assert is_locked(right(client, thandi, "198.51.100.9"))
    time_machine.move_to(start + LOCKED_FOR + timedelta(seconds=2))
    assert right(client, thandi, "198.51.100.9").status_code == 302


def test_tries_while_locked_do_not_make_it_longer(client, thandi, time_machine):
    start = timezone.now()
    time_machine.move_to(start)
    wrong(client, thandi.email, LIMIT)
    time_machine.move_to(start + LOCKED_FOR - timedelta(minutes=1))
    wrong(client, thandi.email, 5)
    time_machine.move_to(start + LOCKED_FOR + timedelta(seconds=2))
    assert right(client, thandi, "203.0.113.7").status_code == 302


def test_an_address_that_tries_many_accounts_is_locked(client, thandi):
    for number in range(LIMIT):
        wrong(client, f"somebody-{number}@aggregator.example")
    assert is_locked(right(client, thandi, "203.0.113.7"))
    assert right(Client(), thandi, "198.51.100.9").status_code == 302


def test_addresses_of_one_ipv6_network_count_as_one(client, thandi):
    for number in range(LIMIT):
        wrong(client, f"somebody-{number}@aggregator.example", address=f"2001:db8:1:2::{number:x}")
    assert is_locked(right(client, thandi, "2001:db8:1:2:ffff::1"))
    assert right(Client(), thandi, "2001:db8:1:3::1").status_code == 302


def test_who_does_not_exist_is_locked_out_in_the_same_words(client, thandi):
    said = []
    for email in (thandi.email, "nobody@aggregator.example"):
        browser = Client()
        answers = [wrong(browser, email, address=f"192.0.2.{len(said)}") for _ in range(LIMIT + 1)]
        said.append([answer.context["form"].non_field_errors() for answer in answers])
    assert said[0] == said[1]
    assert "Too many tries" in str(said[0][-1])


def test_a_forwarded_address_of_ones_own_making_is_no_other_address(client, thandi):
    for number in range(LIMIT):
        client.post(
            LOGIN,
            {"login": f"somebody-{number}@aggregator.example", "password": WRONG},
            REMOTE_ADDR="203.0.113.7",
            HTTP_X_FORWARDED_FOR=f"198.51.100.{number}",
        )
    assert is_locked(right(client, thandi, "203.0.113.7"))


def test_behind_a_proxy_of_ours_what_it_wrote_last_counts(client, thandi, settings):
    settings.TRUSTED_PROXIES = 1
    for number in range(LIMIT):
        client.post(
            LOGIN,
            {"login": f"somebody-{number}@aggregator.example", "password": WRONG},
            REMOTE_ADDR="10.0.0.2",
            HTTP_X_FORWARDED_FOR=f"198.51.100.{number}, 203.0.113.7",
        )
    from_there = {"REMOTE_ADDR": "10.0.0.2", "HTTP_X_FORWARDED_FOR": "1.2.3.4, 203.0.113.7"}
    elsewhere = {"REMOTE_ADDR": "10.0.0.2", "HTTP_X_FORWARDED_FOR": "203.0.113.7, 192.0.2.1"}
    data = {"login": thandi.email, "password": PASSPHRASE}
    assert is_locked(client.post(LOGIN, data, **from_there))
    assert Client().post(LOGIN, data, **elsewhere).status_code == 302


def test_strangers_who_lock_an_account_keep_its_owner_out_of_no_browser_of_theirs(thandi):
    own = Client()
    sign_in_by_hand(own, thandi)
    own.post("/accounts/logout/")
    wrong(Client(), thandi.email, LIMIT + 3, address="198.51.100.66")
    assert is_locked(right(Client(), thandi, "192.0.2.50"))

    assert sign_in_by_hand(own, thandi).headers["Location"] == "/"


def test_strangers_who_share_an_address_keep_nobody_out_of_a_browser_of_theirs(thandi):
    own = Client()
    sign_in_by_hand(own, thandi)
    own.post("/accounts/logout/")
    for number in range(LIMIT):
        wrong(Client(), f"somebody-{number}@aggregator.example", address="127.0.0.1")
    assert is_locked(right(Client(), thandi, "127.0.0.1"))

    assert sign_in_by_hand(own, thandi).headers["Location"] == "/"


def test_a_known_browser_has_ten_tries_of_its_own_and_no_more(thandi):
    own = Client()
    sign_in_by_hand(own, thandi)
    own.post("/accounts/logout/")
    wrong(own, thandi.email, LIMIT)
    assert is_locked(right(own, thandi, "127.0.0.1"))


def test_a_browser_is_known_for_its_own_person_alone_and_not_after_a_new_password(thandi):
    other = enrol_app(a_person("sipho@aggregator.example", "officer"))
    own = Client()
    sign_in_by_hand(own, thandi)
    own.post("/accounts/logout/")
    wrong(Client(), other.email, LIMIT, address="198.51.100.66")
    assert is_locked(right(own, other, "127.0.0.1"))

    thandi.set_password("another long enough passphrase")
    thandi.save()
    wrong(Client(), thandi.email, LIMIT, address="198.51.100.77")
    assert is_locked(wrong(own, thandi.email, password="another long enough passphrase"))


def test_a_cookie_of_ones_own_making_makes_no_known_browser(client, thandi, settings):
    client.cookies[settings.DEVICE_COOKIE_NAME] = "eyJhIjoxfQ:1xyz:forged"
    wrong(client, thandi.email, LIMIT)
    assert is_locked(right(client, thandi, "203.0.113.7"))


def test_wrong_codes_are_counted_like_wrong_passwords(client, thandi):
    right(client, thandi, "127.0.0.1")
    for _ in range(LIMIT):
        answer = client.post("/accounts/login/second-factor/", {"code": "000000"})
    assert "Incorrect code" in answer.text
    answer = client.post("/accounts/login/second-factor/", {"code": code()})
    assert is_locked(answer)
    assert is_locked(right(Client(), thandi, "198.51.100.9"))


def test_the_right_password_in_between_gives_no_new_tries_for_codes(client, thandi):
    for _ in range(LIMIT):
        right(client, thandi, "127.0.0.1")
        client.post("/accounts/login/second-factor/", {"code": "000000"})
        client.post("/accounts/logout/")
    assert is_locked(right(client, thandi, "127.0.0.1"))


def test_whoever_got_in_begins_anew(client, thandi):
    wrong(client, thandi.email, LIMIT - 1, address="127.0.0.1")
    sign_in_by_hand(client, thandi)
    assert not Tries.objects.filter(kind="account").exists()
    # What was tried from the address stays counted.
    assert Tries.objects.get(kind="address").count == LIMIT - 1


def test_wrong_codes_of_somebody_signed_in_are_counted_too(client, thandi):
    client.force_login(thandi)
    for _ in range(LIMIT):
        client.post("/accounts/step-up/", {"code": "000000"})
    wait_for_next_code(thandi)
    assert is_locked(client.post("/accounts/step-up/", {"code": code()}))


def test_a_wrong_current_password_counts_when_it_is_to_be_changed(client, thandi):
    client.force_login(thandi)
    for _ in range(LIMIT):
        client.post(
            "/accounts/password/change/",
            {
                "oldpassword": WRONG,
                "password1": "four words unrelated here",
                "password2": "four words unrelated here",
            },
        )
    answer = client.post(
        "/accounts/password/change/",
        {
            "oldpassword": PASSPHRASE,
            "password1": "four words unrelated here",
            "password2": "four words unrelated here",
        },
    )
    assert is_locked(answer)
    assert User.objects.get(pk=thandi.pk).check_password(PASSPHRASE)


def test_a_password_of_a_megabyte_is_refused_without_looking_at_it(client, thandi, monkeypatch):
    def looked_at(*_):
        raise AssertionError("it was hashed")

    monkeypatch.setattr(User, "check_password", looked_at)
    monkeypatch.setattr(User, "set_password", looked_at)
    answer = wrong(client, thandi.email, password="x" * 1_000_000)
    assert answer.status_code == 200
    assert Tries.objects.get(kind="account").count == 1


def test_the_audit_trail_tells_each_failure_and_each_lock_out_once_and_names_no_address(client, thandi):
    wrong(client, thandi.email, LIMIT + 3)
    failed = AuditEntry.objects.filter(action="sign_in.failed")
    locked = AuditEntry.objects.filter(action="sign_in.locked_out")
    assert failed.count() == LIMIT
    assert sorted(row.details["by"] for row in locked) == ["account", "address"]
    for row in (*failed, *locked):
        assert (row.outcome, row.actor_id, row.subject_id) == ("refused", None, thandi.pk)
        assert "203.0.113.7" not in str(row.details)
        assert thandi.email not in str(row.details)


def test_what_is_kept_names_neither_account_nor_address(client, thandi):
    wrong(client, thandi.email)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_tries")
        kept = str(cursor.fetchall())
    assert thandi.email not in kept
    assert "203.0.113.7" not in kept


def test_old_counts_are_cleared(client, thandi):
    wrong(client, thandi.email)
    assert lock_out.clear_old_counts() == 0
    Tries.objects.update(counted_at=timezone.now() - timedelta(days=2))
    assert lock_out.clear_old_counts() == 2


# --- Side by side ---------------------------------------------------------------------------------


def taken_side_by_side(counter, threads):
    """How many of so many tries at the same moment were let through."""
    barrier, passed = threading.Barrier(threads), []

    def go():
        try:
            barrier.wait(timeout=20)
            take_try([counter])
            passed.append(1)
        except LockedOut:
            pass
        finally:
            connection.close()

    workers = [threading.Thread(target=go) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    return len(passed)


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_tries_at_once_ten_are_looked_at():
    assert taken_side_by_side(Counter(Tries.Kind.ACCOUNT, "k" * 32), 16) == LIMIT


@pytest.mark.django_db(transaction=True)
def test_counted_in_two_steps_more_than_ten_would_be(monkeypatch):
    """The guard off: look first, count after."""
    looked = threading.Barrier(16)

    def count(counter, now):
        Tries.objects.bulk_create(
            [Tries(kind=counter.kind, key=counter.key, counted_at=now)], ignore_conflicts=True
        )
        row = Tries.objects.get(kind=counter.kind, key=counter.key)
        looked.wait(timeout=20)
        if row.count >= LIMIT:
            return False
        Tries.objects.filter(pk=row.pk).update(count=F("count") + 1)
        return True

    monkeypatch.setattr(lock_out, "_count", count)
    # SQLite lets one transaction write at a time: they would wait for each other there.
    monkeypatch.setattr(lock_out, "transaction", SimpleNamespace(atomic=nullcontext))
    assert taken_side_by_side(Counter(Tries.Kind.ACCOUNT, "k" * 32), 16) > LIMIT


def test_counters_of_another_secret_do_not_meet(thandi):
    request = RequestFactory().post(LOGIN)
    request.user = thandi
    one, two = lock_out.counters_for(request, thandi.email, thandi), lock_out.counters_for_step_up(thandi)
    assert not {counter.key for counter in one} & {counter.key for counter in two}
