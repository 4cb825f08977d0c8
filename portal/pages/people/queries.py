"""Who works here, and in which roles."""

from dataclasses import dataclass, field

from accounts.models import RoleGrant, User
from accounts.roles import Role
from customers.models import Merchant

SHOWN_MAX = 500


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody holds. `merchant`: by name, "" for all of them."""

    grant: RoleGrant
    role: Role
    merchant: str


@dataclass(slots=True)
class Person:
    user: User
    held: list[Held] = field(default_factory=list)

    @property
    def roles(self) -> list[tuple[Role, list[str]]]:
        """Each role once, with the merchants it is for; none: for all."""
        by_role: dict[Role, list[str]] = {}
        for row in self.held:
            names = by_role.setdefault(row.role, [])
            if row.merchant:
                names.append(row.merchant)
        return sorted(by_role.items(), key=lambda item: list(Role).index(item[0]))


def list_people(text: str = "") -> tuple[list[Person], bool]:
    """People by name, those who are stopped last, at most 500, and whether there are more; three queries.

    `text` is part of a name or e-mail.
    """
    users = User.objects.filter(is_machine=False)
    if text := text.replace("\x00", "").strip()[:100]:
        users = users.filter(name__icontains=text) | users.filter(email__icontains=text)
    found = list(users.order_by("-is_active", "name", "email")[: SHOWN_MAX + 1])
    return people_of(found[:SHOWN_MAX]), len(found) > SHOWN_MAX


def people_of(users: list[User]) -> list[Person]:
    """These people with the roles they hold; two queries."""
    grants = list(
        RoleGrant.objects.filter(user__in=users)
        .select_related("granted_by", "proposed_by")
        .order_by("merchant_uid")
    )
    names = merchant_names({grant.merchant_uid for grant in grants if grant.merchant_uid})
    people = {user.pk: Person(user) for user in users}
    for grant in grants:
        uid = grant.merchant_uid or ""
        people[grant.user_id].held.append(Held(grant, Role(grant.role), names.get(uid, uid)))
    for person in people.values():
        person.held.sort(key=lambda row: (list(Role).index(row.role), row.merchant))
    return list(people.values())


def merchant_names(uids: set[str]) -> dict[str, str]:
    return {row.uid: str(row) for row in Merchant.objects.filter(uid__in=uids)} if uids else {}
