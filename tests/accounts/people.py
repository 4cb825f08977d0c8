"""People with the roles that a test needs, made as rows: no proposal, no audit trail."""

from accounts import policy
from accounts.models import RoleGrant, User
from accounts.roles import Eyes, Role

PASSPHRASE = "a long enough passphrase"
OTHER_UID = "CCT0000000099"


def a_person(email: str, *roles: str, merchants: tuple[str, ...] = (), name: str = "") -> User:
    """An active person with these roles, for the merchants with these uids (none named: for all)."""
    user = User.objects.create_user(email, PASSPHRASE, name=name or email.partition("@")[0].title())
    return grant(user, *roles, merchants=merchants)


def grant(user: User, *roles: str, merchants: tuple[str, ...] = ()) -> User:
    machine = User.objects.machine()
    for role in roles:
        for uid in merchants or (None,):
            RoleGrant.objects.create(
                user=user,
                role=role,
                merchant_uid=uid,
                proposed_by=machine,
                granted_by=machine,
                eyes=Eyes.COMMAND,
            )
    policy.forget(user)
    return user


def elsewhere(user: User) -> User:
    """The same person with the roles of daily work for another merchant, which has nothing."""
    return grant(revoke(user), *(role for role in Role if role != Role.ADMINISTRATOR), merchants=(OTHER_UID,))


def revoke(user: User, *roles: str) -> User:
    """Take these roles away, for every merchant; all of them where none is named."""
    held = RoleGrant.objects.filter(user=user)
    (held.filter(role__in=roles) if roles else held).delete()
    policy.forget(user)
    return user
