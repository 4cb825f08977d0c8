"""Giving a person a role and taking it away, and stopping a person altogether.

A change of roles is felt with the person's next request. It needs a second administrator where `role.change`
is in FOUR_EYES, from a terminal too (`granting_by_command`); stopping somebody never waits for one.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.four_eyes import FourEyesError, Lapsed, ReasonNeeded, commands_go_alone, eyes_on, propose
from accounts.models import Proposal, RoleGrant, User
from accounts.roles import Eyes, Role
from accounts.sessions import end_all

ACTION = "role.change"
GIVE, TAKE, ENABLE = "give", "take", "enable"
# What the first person needs until there are others: to add them, to hand customers in, and to approve what
# others handed in.
FIRST_ROLES = (Role.ADMINISTRATOR, Role.OFFICER, Role.AGENT)
# Fewer than these can't approve each other's changes: until then a command makes an administrator alone.
ADMINISTRATORS_NEEDED = 2


class CannotChange(FourEyesError):
    """It can't be changed like this; the message says why."""

    code = "cannot_change"


def grant_first_roles(user: User) -> None:
    """The roles of the first person, for all merchants, by the machine. In the caller's transaction."""
    machine = User.objects.machine()
    policy.require(machine, "user.create_first")
    for role in FIRST_ROLES:
        _give(user, role.value, None, machine, machine, Eyes.COMMAND, "first account")


def change_role(
    *,
    user: User,
    role: str,
    merchant_uid: str | None,
    gives: bool,
    reason: str,
    actor: User,
    by_command: bool = False,
) -> None:
    """Give the role or take it away, for one merchant or (None) for all, without a second person.

    Raises NotAllowed, SecondPersonNeeded where one is needed, CannotChange. `by_command`: where there are too
    few administrators to approve anything, a command makes another alone.
    """
    policy.require(actor, ACTION)
    if user.pk == actor.pk:
        raise CannotChange(_("Nobody changes their own roles."))
    with transaction.atomic():
        _check(user, role, merchant_uid, gives)
        makes_another = gives and role == Role.ADMINISTRATOR and commands_go_alone(by_command)
        if makes_another and len(_administrators()) < ADMINISTRATORS_NEEDED:
            eyes = Eyes.COMMAND
        else:
            eyes = eyes_on(ACTION, maker_id=None, actor=actor)
        do = _give if gives else _take
        do(user, role, merchant_uid, actor, actor, eyes, _given(reason))


def propose_role(
    *, user: User, role: str, merchant_uid: str | None, gives: bool, reason: str, actor: User
) -> Proposal:
    """Propose to give the role or to take it away. Raises NotAllowed, CannotChange, AlreadyProposed,
    ReasonNeeded."""
    policy.require(actor, "role.propose")
    _check(user, role, merchant_uid, gives)
    return propose(
        action=ACTION,
        subject_type="user",
        subject_id=user.pk,
        key=key_of(role, merchant_uid, gives),
        details={"kind": GIVE if gives else TAKE, "role": role, "merchant": merchant_uid},
        actor=actor,
        reason=reason,
    )


def key_of(role: str, merchant_uid: str | None, gives: bool) -> str:
    """Which of a person's changes a proposal is about."""
    return f"{GIVE if gives else TAKE}:{role}:{merchant_uid or '*'}"


def disable(*, user: User, reason: str, actor: User) -> None:
    """Stop a person at once: their next request is refused. Raises NotAllowed, CannotChange, ReasonNeeded."""
    policy.require(actor, "user.disable")
    reason = _given(reason)
    if user.is_machine:
        raise CannotChange(_("This is the account of the portal itself, not a person's."))
    if user.pk == actor.pk:
        raise CannotChange(_("Nobody stops their own account."))
    with transaction.atomic():
        _keep_an_administrator(user)
        if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
            user.is_active = False
            policy.forget(user)
            end_all(user, reason="disabled", actor=actor)
            _note(user, actor, "user.disable", reason, {})


def propose_enabling(*, user: User, reason: str, actor: User) -> Proposal:
    """Propose to let a stopped person work again, in the roles they had. Raises as `propose_role`."""
    policy.require(actor, "role.propose")
    if user.is_active:
        raise CannotChange(_("This person is not stopped."))
    return propose(
        action=ACTION,
        subject_type="user",
        subject_id=user.pk,
        key=ENABLE,
        details={"kind": ENABLE},
        actor=actor,
        reason=reason,
    )


def enable(*, user: User, reason: str, actor: User) -> None:
    """The same without a second person. Raises NotAllowed, SecondPersonNeeded where one is, ReasonNeeded."""
    policy.require(actor, ACTION)
    eyes = eyes_on(ACTION, maker_id=None, actor=actor)
    with transaction.atomic():
        _enable(user, actor, eyes, _given(reason))


def carry_out(proposal: Proposal, *, actor: User, eyes: Eyes) -> None:
    """Do what was proposed, in the caller's transaction. Raises Lapsed where that is so already."""
    user = User.objects.get(pk=proposal.subject_id)
    if proposal.details["kind"] == ENABLE:
        if user.is_active:
            raise Lapsed
        _enable(user, actor, eyes, proposal.reason)
        return
    role, merchant_uid = proposal.details["role"], proposal.details["merchant"]
    gives = proposal.details["kind"] == GIVE
    if _held(user, role, merchant_uid) == gives:
        raise Lapsed
    _check(user, role, merchant_uid, gives)
    do = _give if gives else _take
    do(user, role, merchant_uid, proposal.made_by, actor, eyes, proposal.reason)


def titles(proposals: Sequence[Proposal]) -> Mapping[UUID, str]:
    """What each changes, and whose; what is so already is left out."""
    people = User.objects.in_bulk({row.subject_id for row in proposals})
    held = {
        (grant.user_id, grant.role, grant.merchant_uid)
        for grant in RoleGrant.objects.filter(user__in=people.values())
    }
    told = {}
    for row in proposals:
        user, kind = people[row.subject_id], row.details["kind"]
        if kind == ENABLE:
            if not user.is_active:
                told[row.pk] = _("Let %(person)s work again") % {"person": user}
            continue
        merchant_uid = row.details["merchant"]
        if ((user.pk, row.details["role"], merchant_uid) in held) == (kind == GIVE):
            continue
        words = {"person": user, "role": Role(row.details["role"]).label, "merchant": merchant_uid or ""}
        if kind == GIVE and merchant_uid is None:
            told[row.pk] = _("%(person)s becomes %(role)s for all merchants") % words
        elif kind == GIVE:
            told[row.pk] = _("%(person)s becomes %(role)s for %(merchant)s") % words
        elif merchant_uid is None:
            told[row.pk] = _("%(person)s is %(role)s for all merchants no more") % words
        else:
            told[row.pk] = _("%(person)s is %(role)s for %(merchant)s no more") % words
    return told


def _check(user: User, role: str, merchant_uid: str | None, gives: bool) -> None:
    if user.is_machine:
        raise CannotChange(_("This is the account of the portal itself, not a person's."))
    if role not in Role.values or merchant_uid == "":
        raise CannotChange(_("There is no such role."))
    if role == Role.ADMINISTRATOR and merchant_uid is not None:
        raise CannotChange(_("An administrator is one for all merchants."))
    if gives == _held(user, role, merchant_uid):
        raise CannotChange(
            _("This person holds the role already.") if gives else _("This person does not hold the role.")
        )
    if not gives and role == Role.ADMINISTRATOR:
        _keep_an_administrator(user)


def _held(user: User, role: str, merchant_uid: str | None) -> bool:
    return RoleGrant.objects.filter(user=user, role=role, merchant_uid=merchant_uid).exists()


def _keep_an_administrator(without: User) -> None:
    """Without one nobody could grant anything any more."""
    if _administrators() == {without.pk}:
        raise CannotChange(_("This is the only administrator. Make somebody else one first."))


def _administrators() -> set[UUID]:
    """Who is one and may work. In the caller's transaction."""
    # Locked, so that of two who take each other's away, or each make a second one, one sees the other's.
    grants = RoleGrant.objects.filter(role=Role.ADMINISTRATOR, user__is_active=True)
    return {grant.user_id for grant in grants.select_for_update(of=("self",))}


def _give(
    user: User, role: str, uid: str | None, proposed_by: User, actor: User, eyes: Eyes, reason: str
) -> None:
    grant = RoleGrant.objects.create(
        user=user, role=role, merchant_uid=uid, proposed_by=proposed_by, granted_by=actor, eyes=eyes
    )
    about = {"role": role, "grant": str(grant.pk)}
    _changed(user, actor, "role.granted", reason, about, uid, proposed_by, eyes)


def _take(
    user: User, role: str, uid: str | None, proposed_by: User, actor: User, eyes: Eyes, reason: str
) -> None:
    RoleGrant.objects.filter(user=user, role=role, merchant_uid=uid).delete()
    _changed(user, actor, "role.revoked", reason, {"role": role}, uid, proposed_by, eyes)


def _changed(
    user: User,
    actor: User,
    action: str,
    reason: str,
    details: dict[str, str],
    uid: str | None,
    proposed_by: User,
    eyes: Eyes,
) -> None:
    policy.forget(user)
    end_all(user, reason="role_changed", actor=actor)
    about = {"for": uid or "*", "proposed_by": str(proposed_by.pk), "eyes": str(eyes)}
    _note(user, actor, action, reason, details | about, uid or "")


def _enable(user: User, actor: User, eyes: Eyes, reason: str) -> None:
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        user.is_active = True
        policy.forget(user)
        _note(user, actor, "user.enable", reason, {"eyes": str(eyes)})


def _note(
    user: User, actor: User, action: str, reason: str, details: dict[str, str], merchant_uid: str = ""
) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject_type="user",
        subject_id=user.pk,
        merchant_uid=merchant_uid,
        reason=reason,
        details=details,
    )


def _given(reason: str) -> str:
    if not (reason := reason.strip()):
        raise ReasonNeeded
    return reason
