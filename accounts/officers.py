"""The first officer: without one nobody could sign in to add the others."""

import secrets
from typing import NamedTuple

from django.db import transaction

from accounts import audit, policy
from accounts.granting import grant_first_roles
from accounts.models import User

FIRST_OFFICER_EMAIL = "officer@portal.example"
# Letters and digits that are not mistaken for each other: six groups of four hold 118 bits.
PASSWORD_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105
PASSWORD_GROUPS, PASSWORD_GROUP_LENGTH = 6, 4


class FirstOfficer(NamedTuple):
    """The account, and its password: known to nobody else and kept nowhere in clear."""

    user: User
    password: str


def create_first_officer(*, email: str = FIRST_OFFICER_EMAIL, name: str = "") -> FirstOfficer | None:
    """A person with the first roles and a random password; None where any person has an account."""
    machine = User.objects.machine()
    policy.require(machine, "user.create_first")
    with transaction.atomic():
        if User.objects.filter(is_machine=False).exists():
            return None
        password = "-".join(
            "".join(secrets.choice(PASSWORD_ALPHABET) for _ in range(PASSWORD_GROUP_LENGTH))
            for _ in range(PASSWORD_GROUPS)
        )
        user = User.objects.create_user(email, password, name=name)
        audit.record(actor=machine, action="user.created", subject_type="user", subject_id=user.pk)
        grant_first_roles(user)
    return FirstOfficer(user, password)
