"""Keys that stay the same: derived from the lowest version until a rotation keeps them, sealed, as rows."""

import base64

import pytest
from django.db import transaction

from vault import lasting
from vault.envelope import CannotOpen
from vault.lasting import FROM_BEFORE, lasting_key, lasting_keys_by_version, seal_lasting_keys
from vault.models import LastingKey

PURPOSES = (*sorted(FROM_BEFORE), "digest/of a later release")


def ring(settings, *letters: str) -> None:
    """A new process with these versions: a is 1, b is 2, …"""
    entries = [f"{ord(letter) - 96}:{base64.b64encode(letter.encode() * 32).decode()}" for letter in letters]
    settings.PORTAL_KEYS = ",".join(entries)
    lasting._kept = None


def all_of_them() -> list[bytes]:
    return [lasting_key(purpose) for purpose in PURPOSES]


def keep() -> int:
    with transaction.atomic():
        return seal_lasting_keys()


@pytest.fixture
def before(db, settings):
    ring(settings, "a")
    return all_of_them()


def test_they_outlive_every_version_that_they_came_from(before, settings):
    for letters in ("ab", "bc", "cd"):
        ring(settings, *letters)
        assert all_of_them() == before
        assert keep() == len(FROM_BEFORE) + 1
        assert all_of_them() == before
        ring(settings, letters[-1])
        assert all_of_them() == before
    assert lasting_keys_by_version() == {4: len(FROM_BEFORE) + 1}


def test_each_purpose_has_a_key_of_its_own(before):
    assert len(set(before)) == len(PURPOSES)


def test_kept_twice_they_are_the_same(before, settings):
    ring(settings, "a", "b")
    keep()
    rows = dict(LastingKey.objects.values_list("purpose", "sealed"))
    assert keep() == 0
    assert dict(LastingKey.objects.values_list("purpose", "sealed")) == rows


def test_without_the_version_that_they_are_under_they_do_not_open(before, settings):
    ring(settings, "a", "b")
    keep()
    ring(settings, "a")
    with pytest.raises(CannotOpen):
        lasting_key("token")


def test_one_that_is_gone_is_not_made_anew(before, settings):
    ring(settings, "a", "b")
    keep()
    LastingKey.objects.filter(purpose="token").delete()
    ring(settings, "a", "b")
    with pytest.raises(CannotOpen, match="token"):
        lasting_key("token")


def test_they_are_asked_for_once(before, settings, django_assert_num_queries):
    ring(settings, "a", "b")
    keep()
    ring(settings, "b")
    with django_assert_num_queries(1):
        all_of_them()
        all_of_them()


def test_what_is_masked_of_a_merchant_is_among_those_from_before():
    from customers.models import Merchant

    masked = {name.removeprefix("digest/audit/") for name in FROM_BEFORE if name.startswith("digest/audit/")}
    assert masked <= {field.name for field in Merchant._meta.concrete_fields}
