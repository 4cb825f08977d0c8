"""Which passwords are refused, and that nothing but length and guessability is asked of them."""

import hashlib
import socket

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.sign_in.passwords import is_listed

THANDI = User(email="thandi@aggregator.example", name="Thandi Nkosi")


def codes(password, user=THANDI):
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {one.code for one in error.error_list}
    return set()


@pytest.mark.parametrize(
    "password",
    [
        "a long enough passphrase",
        "copper giraffe battery monday",
        "the quick brown goat skips rope",
        "northern lights over the bay",
        "kgpqwzxmvbtrnjs",
        "ubuntu ngumuntu ngabantu olungileyo",
        "пароль который трудно угадать",
        "z" * 3 + "7 unrelated trains leave " + "q" * 40,
        "x7!Kd92mPq4Ws#z",
    ],
)
def test_a_password_that_is_hard_to_guess_is_taken_whatever_it_is_made_of(password):
    assert codes(password) == set()


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("fourteen chars", "password_too_short"),
        ("x" * 1025, "password_too_long"),
        ("passwordpassword", "password_soon_guessed"),
        ("password12345678", "password_soon_guessed"),
        ("Password12345678!", "password_soon_guessed"),
        ("P@ssw0rd12345678", "password_soon_guessed"),
        ("qwertyuiopasdfghjkl", "password_soon_guessed"),
        ("1q2w3e4r5t6y7u8i", "password_soon_guessed"),
        ("123456789012345", "password_soon_guessed"),
        ("aaaaaaaaaaaaaaaaaaaa", "password_soon_guessed"),
        ("iloveyouiloveyou", "password_soon_guessed"),
        ("Summer2026Summer2026", "password_soon_guessed"),
        ("jesuslovesmeforever", "password_soon_guessed"),
        ("letmeinletmeinletmein", "password_soon_guessed"),
        ("capecryptoportal", "password_soon_guessed"),
        ("!QAZ2wsx#EDC4rfv", "password_soon_guessed"),
        ("!@#$%^&*()_+!@#$", "password_soon_guessed"),
        ("correct horse battery staple", "password_soon_guessed"),
        ("CorrectHorseBatteryStaple1", "password_soon_guessed"),
        ("To be, or not to be!", "password_soon_guessed"),
        ("the-quick-brown-fox-2026", "password_soon_guessed"),
        ("May the force be with you", "password_soon_guessed"),
        ("never gonna give you up", "password_soon_guessed"),
        ("thandi@aggregator.example", "password_too_similar"),
        ("1234567891234567", "password_too_common"),
    ],
)
def test_what_is_soon_guessed_is_refused(password, code):
    assert code in codes(password)


def test_no_network_is_asked(monkeypatch):
    def connects(*_):
        raise AssertionError("a password was about to leave")

    monkeypatch.setattr(socket.socket, "connect", connects)
    monkeypatch.setattr(socket, "getaddrinfo", connects)
    assert codes("passwordpassword")


@pytest.fixture
def leaked(tmp_path):
    """A file as the downloader writes it: sorted digests with how often they were seen."""
    words = [f"leaked passphrase number {number}" for number in range(500)]
    lines = sorted(
        f"{hashlib.sha1(word.encode()).hexdigest().upper()}:{number}" for number, word in enumerate(words, 3)
    )
    path = tmp_path / "leaked.txt"
    path.write_text("\r\n".join(lines) + "\r\n")
    return path, words


def test_every_line_of_a_list_of_ones_own_is_found_and_nothing_else(leaked):
    path, words = leaked
    assert all(is_listed(path, word) for word in words)
    assert not any(is_listed(path, word + ".") for word in words)


def test_a_password_of_the_named_list_is_refused(leaked, settings):
    path, words = leaked
    assert codes(words[7]) == set()
    settings.BREACHED_PASSWORDS = str(path)
    assert codes(words[7]) == {"password_breached"}
    assert codes("a long enough passphrase") == set()


@pytest.mark.parametrize("text", ["", "\n", "no digests here\n"])
def test_a_list_that_holds_nothing_refuses_nothing(tmp_path, text):
    path = tmp_path / "leaked.txt"
    path.write_text(text)
    assert not is_listed(path, "a long enough passphrase")


def test_passwords_are_kept_as_argon2(monkeypatch):
    from django.conf import settings as running
    from django.contrib.auth.hashers import make_password

    import portal.settings as shipped

    monkeypatch.setattr(running, "PASSWORD_HASHERS", shipped.PASSWORD_HASHERS)
    from django.contrib.auth import hashers

    hashers.get_hashers.cache_clear()
    hashers.get_hashers_by_algorithm.cache_clear()
    try:
        assert make_password("a long enough passphrase").startswith("argon2$argon2id$")
    finally:
        monkeypatch.undo()
        hashers.get_hashers.cache_clear()
        hashers.get_hashers_by_algorithm.cache_clear()
