"""`manage.py rotate_keys`, as an operator runs it."""

import io

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry, User
from accounts.sign_in.second_factor import seal_secret, secrets_by_key
from customers.models import Customer
from customers.rewrapping import data_keys_by_version
from portal.known_keys import ensure_known_keys
from tests.factories import make_customer
from tests.portal.test_known_keys import key, start


def rotate(*options: str) -> str:
    out = io.StringIO()
    call_command("rotate_keys", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def held(db, settings):
    """A customer and a second factor under version 2, with version 3 given."""
    start(settings, key("a"), key("b", 2))
    customer = make_customer()
    user = User.objects.create_user("thandi@example.com")
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.TOTP, data={"secret": seal_secret(user, "JBSWY3DPEHPK3PXP")}
    )
    settings.PORTAL_KEYS = ",".join((key("a"), key("b", 2), key("c", 3)))
    ensure_known_keys()
    return customer


def test_afterwards_the_version_in_between_can_go(held, settings):
    assert "version 2" in start(settings, key("a"), key("c", 3))[0]
    settings.PORTAL_KEYS = ",".join((key("a"), key("b", 2), key("c", 3)))
    said = rotate()
    assert "1 data keys, 1 secrets, " in said
    assert "May now be taken out of PORTAL_KEYS: version 1, 2." in said
    assert start(settings, key("a"), key("c", 3)) == []
    assert Customer.objects.get().phone_number == held.phone_number


def test_a_second_factor_alone_keeps_its_version(held, settings):
    Customer.objects.update(wrapped_key=b"")
    assert "version 2" in start(settings, key("a"), key("c", 3))[0]


def test_a_dry_run_says_what_is_under_which_version_and_changes_nothing(held):
    said = rotate("--dry-run")
    assert "customers' and merchants' data keys: version 2: 1" in said
    assert "second factors' secrets: version 2: 1" in said
    assert (data_keys_by_version(), secrets_by_key()) == ({2: 1}, {2: 1})
    assert not AuditEntry.objects.filter(action="keys.rotate").exists()


def test_the_trail_says_how_many_and_names_no_key(held):
    rotate()
    entries = AuditEntry.objects.filter(action="keys.rotate").order_by("id")
    assert [entry.details for entry in entries] == [
        {"version": 3, "lasting_keys": 21},
        {"version": 3, "data_keys": 1},
        {"version": 3, "secrets": 1},
    ]
    rotate()
    assert entries.count() == 3


def test_what_does_not_open_is_named_ends_it_with_one_and_keeps_nothing_else(held):
    Customer.objects.update(wrapped_key=bytes(held.wrapped_key[:-1]) + b"\0")
    with pytest.raises(CommandError) as refusal:
        rotate()
    assert refusal.value.returncode == 1
    assert f"1 do not open, and were left as they are: {held.pk}" in str(refusal.value)
    assert secrets_by_key() == {3: 1}


def test_a_secret_that_is_none_is_named_too(held):
    row = Authenticator.objects.get()
    Authenticator.objects.update(data={"secret": "nonsense"})
    with pytest.raises(CommandError, match=str(row.user_id)):
        rotate()
    assert data_keys_by_version() == {3: 1}
