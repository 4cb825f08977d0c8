"""Rotation: every data key ends under the newest version, opens what it opened, and none comes back from the
dead."""

import base64

import pytest

from customers import rewrapping
from customers.models import Customer
from customers.rewrapping import data_keys_by_version, rewrap_data_keys
from tests.factories import make_customer
from vault.envelope import CannotOpen


def key(letter: str, version: int = 1) -> str:
    return f"{version}:{base64.b64encode(letter.encode() * 32).decode()}"


@pytest.fixture
def three(db, settings, monkeypatch):
    """Three customers of before the rotation, taken two at a time."""
    monkeypatch.setattr(rewrapping, "BATCH", 2)
    settings.PORTAL_KEYS = key("a")
    customers = [make_customer() for _ in range(3)]
    settings.PORTAL_KEYS = f"{key('a')},{key('b', 2)}"
    return customers


def rotated() -> int:
    done, shut = rewrap_data_keys(lambda count: None)
    assert not shut
    return done


def phones() -> list[str]:
    return [customer.phone_number for customer in Customer.objects.order_by("pk")]


def test_all_are_wrapped_anew_and_open_what_they_opened(three):
    before = phones()
    assert all(before)
    assert data_keys_by_version() == {1: 3}
    assert rotated() == 3
    assert data_keys_by_version() == {2: 3}
    assert phones() == before


def test_a_second_run_has_nothing_to_do(three):
    rotated()
    wrapped = list(Customer.objects.order_by("pk").values_list("wrapped_key", flat=True))
    assert rotated() == 0
    assert list(Customer.objects.order_by("pk").values_list("wrapped_key", flat=True)) == wrapped


@pytest.mark.parametrize("done", [0, 1, 2])
def test_stopped_anywhere_everybody_opens_and_the_next_run_goes_on(three, monkeypatch, done):
    before, wrap, wrapped = phones(), rewrapping.rewrap, []

    def stopping(*given: object) -> bytes:
        if len(wrapped) == done:
            raise KeyboardInterrupt
        wrapped.append(given)
        return wrap(*given)

    with monkeypatch.context() as patch:
        patch.setattr(rewrapping, "rewrap", stopping)
        with pytest.raises(KeyboardInterrupt):
            rotated()
    assert phones() == before
    rotated()
    assert data_keys_by_version() == {2: 3}
    assert phones() == before


def test_a_key_that_is_destroyed_meanwhile_does_not_come_back(three, monkeypatch):
    wrap = rewrapping.rewrap

    def erased_meanwhile(wrapped: bytes, owner: str) -> bytes:
        Customer.objects.filter(wrapped_key=wrapped).update(wrapped_key=b"")
        return wrap(wrapped, owner)

    monkeypatch.setattr(rewrapping, "rewrap", erased_meanwhile)
    assert rotated() == 0
    assert not Customer.objects.exclude(wrapped_key=b"").exists()


def test_a_key_that_does_not_open_is_named_and_left_and_keeps_no_other(three):
    damaged = bytes(three[0].wrapped_key[:-1]) + b"\0"
    Customer.objects.filter(pk=three[0].pk).update(wrapped_key=damaged)
    assert rewrap_data_keys(lambda count: None) == (2, [three[0].pk])
    assert bytes(Customer.objects.get(pk=three[0].pk).wrapped_key) == damaged
    assert data_keys_by_version() == {1: 1, 2: 2}


@pytest.mark.django_db(transaction=True)
def test_what_was_done_before_it_was_stopped_was_noted(settings, monkeypatch):
    monkeypatch.setattr(rewrapping, "BATCH", 1)
    settings.PORTAL_KEYS = key("a")
    for _ in range(3):
        make_customer()
    settings.PORTAL_KEYS = f"{key('a')},{key('b', 2)}"
    noted: list[int] = []

    def note(count: int) -> None:
        if len(noted) == 2:
            raise KeyboardInterrupt
        noted.append(count)

    with pytest.raises(KeyboardInterrupt):
        rewrap_data_keys(note)
    # What could not be noted was taken back.
    assert (sum(noted), data_keys_by_version()) == (2, {1: 1, 2: 2})


def test_the_old_key_opens_nothing_any_more(three, settings):
    rotated()
    settings.PORTAL_KEYS = key("a")
    with pytest.raises(CannotOpen):
        phones()
