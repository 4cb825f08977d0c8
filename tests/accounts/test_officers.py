import pytest

from accounts.models import AuditEntry, RoleGrant, User
from accounts.officers import create_first_officer

pytestmark = pytest.mark.django_db


def test_the_first_officer_can_sign_in_and_is_in_the_audit_trail(client):
    user, password = create_first_officer(email="first@aggregator.example")
    assert len(password) >= 20
    assert user.check_password(password)
    signed_in = client.post("/accounts/login/", {"login": "first@aggregator.example", "password": password})
    assert signed_in.status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)
    assert AuditEntry.objects.filter(action="user.created", subject_id=user.pk).count() == 1


def test_nobody_is_made_where_a_person_has_an_account(thandi):
    assert create_first_officer() is None
    assert User.objects.filter(is_machine=False).get() == thandi


def test_the_machines_account_is_no_person(machine):
    assert create_first_officer() is not None


def test_no_two_passwords_are_alike():
    passwords = set()
    for _ in range(20):
        passwords.add(create_first_officer().password)
        RoleGrant.objects.all().delete()
        User.objects.filter(is_machine=False).delete()
    assert len(passwords) == 20
