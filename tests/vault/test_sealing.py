"""Text under the portal's own keys: bound to purpose and cell, readable for as long as its key is listed."""

import base64

import pytest

from vault.envelope import CannotOpen
from vault.sealing import key_version, open_text, seal_text

ONE = "1:" + base64.b64encode(b"k" * 32).decode()
TWO = "2:" + base64.b64encode(b"n" * 32).decode()


def test_what_was_sealed_opens_and_shows_nothing():
    sealed = seal_text("session", "a", "secret words")
    assert "secret" not in sealed
    assert open_text("session", "a", sealed) == "secret words"


@pytest.mark.parametrize(("purpose", "cell"), [("session", "b"), ("second-factor", "a")])
def test_in_another_place_it_does_not_open(purpose, cell):
    with pytest.raises(CannotOpen):
        open_text(purpose, cell, seal_text("session", "a", "secret words"))


@pytest.mark.parametrize("text", ["", "1", "1.", "x.abcd", "1.!!!!", "1.YWJj", "-1.YWJj", "secret words"])
def test_what_is_no_sealed_text_does_not_open(text):
    with pytest.raises(CannotOpen):
        open_text("session", "a", text)


def test_a_changed_sign_is_found():
    sealed = seal_text("session", "a", "secret words")
    changed = sealed[:-3] + ("A" if sealed[-3] != "A" else "B") + sealed[-2:]
    with pytest.raises(CannotOpen):
        open_text("session", "a", changed)


def test_an_older_key_opens_while_it_is_listed_and_a_newer_one_seals(settings):
    old = seal_text("session", "a", "secret words")
    settings.PORTAL_KEYS = f"{ONE},{TWO}"
    new = seal_text("session", "a", "secret words")
    assert (old[:2], new[:2]) == ("1.", "2.")
    assert open_text("session", "a", old) == open_text("session", "a", new)
    assert (key_version(old), key_version(new)) == (1, 2)
    settings.PORTAL_KEYS = TWO
    with pytest.raises(CannotOpen, match="no longer lists"):
        open_text("session", "a", old)
