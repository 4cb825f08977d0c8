"""Who may do what: one table, action × role × state. The one place that is asked.

What the table does not name is not allowed: an unknown action, role, state or actor means no. To add an
action, add its line. docs/roles.md shows the same table, and a test compares.
"""

import time
from collections.abc import Iterable
from typing import Final

from django.contrib.auth.models import AnonymousUser

from accounts.circumstances import Refusal, note_refusal
from accounts.models import RoleGrant, User
from accounts.roles import MACHINE, Role

# Whoever knocks: a signed-in user, or nobody.
Knocker = User | AnonymousUser | None

VIEWER, AGENT, OFFICER = Role.VIEWER.value, Role.AGENT.value, Role.OFFICER.value
AUDITOR, OPERATOR, ADMINISTRATOR = Role.AUDITOR.value, Role.OPERATOR.value, Role.ADMINISTRATOR.value

# Where the subject may stand (customers.choices.Stage); ANY: wherever it stands.
ANY: Final = None
EDITABLE = frozenset({"draft", "complete"})

Cells = dict[str, frozenset[str] | None]


def _to(*roles: str, at: frozenset[str] | None = ANY) -> Cells:
    """These roles, while the subject stands at one of `at`."""
    return dict.fromkeys(roles, at)


TABLE: Final[dict[str, Cells]] = {
    # Customers and their documents
    "overview.view": _to(VIEWER, AGENT, OFFICER, AUDITOR),
    "customer.view": _to(VIEWER, AGENT, OFFICER, AUDITOR),
    "customer.register": _to(AGENT, OFFICER, MACHINE),
    "customer.change": _to(AGENT, OFFICER, MACHINE, at=EDITABLE),
    "customer.submit": _to(OFFICER, MACHINE, at=EDITABLE),
    # A document shows what is masked elsewhere: it is for those who may look behind the mask.
    "document.view": _to(AGENT, OFFICER, AUDITOR),
    "customer.reveal": _to(AGENT, OFFICER, AUDITOR),
    "document.download": _to(OFFICER, AUDITOR),
    # What is handed in later goes to the exchange at once: an officer's matter.
    "document.add": _to(AGENT, at=EDITABLE) | _to(OFFICER, MACHINE),
    "document.scan": _to(OPERATOR, MACHINE),
    "document.propose_waiver": _to(AGENT, OFFICER, MACHINE, at=EDITABLE),
    "document.waive": _to(OFFICER, MACHINE, at=EDITABLE),
    "warning.propose": _to(AGENT, OFFICER, MACHINE, at=EDITABLE),
    "warning.accept": _to(OFFICER, MACHINE, at=EDITABLE),
    # The end of a relationship, and what becomes of the data then
    "customer.propose_end": _to(AGENT, OFFICER, MACHINE),
    "customer.reject": _to(OFFICER, MACHINE),
    "customer.withdraw": _to(OFFICER, MACHINE),
    "customer.close": _to(OFFICER, MACHINE),
    "customer.reopen": _to(OFFICER),
    "customer.hold": _to(OFFICER),
    "customer.propose_erasure": _to(OFFICER),
    "customer.erase": _to(OFFICER),
    "customer.erase_again": _to(MACHINE),
    "customer.export": _to(OFFICER, MACHINE),
    "retention.view": _to(OFFICER, AUDITOR, MACHINE),
    # What waits for staff, and for a second person
    "waiting.view": _to(VIEWER, AGENT, OFFICER, AUDITOR, ADMINISTRATOR),
    "proposal.view": _to(AUDITOR),
    # What the exchange is told
    "sync.view": _to(OFFICER, AUDITOR, OPERATOR, MACHINE),
    "intent.retry": _to(OFFICER, OPERATOR),
    "intent.look": _to(OFFICER, OPERATOR),
    "intent.hold": _to(OFFICER, OPERATOR),
    "intent.give_up": _to(OFFICER),
    "intent.acknowledge": _to(OFFICER),
    "intent.confirm": _to(OFFICER),
    "drift.view": _to(OFFICER, AUDITOR, OPERATOR),
    "drift.reconcile": _to(OFFICER, OPERATOR, MACHINE),
    "drift.take_in": _to(OFFICER, OPERATOR, MACHINE),
    "drift.reconcile_all": _to(OFFICER, OPERATOR, MACHINE),
    "orphan.find": _to(OPERATOR, MACHINE),
    "payment_reference.request": _to(OFFICER, MACHINE),
    "verification.poll": _to(OPERATOR, MACHINE),
    "outbox.deliver": _to(OPERATOR, MACHINE),
    "schedule.run": _to(MACHINE),
    # Merchants
    "merchant.view": _to(VIEWER, AGENT, OFFICER, AUDITOR, OPERATOR),
    "merchant.change": _to(AGENT, OFFICER),
    "merchant.configure": _to(ADMINISTRATOR),
    "merchant.pull": _to(OPERATOR, MACHINE),
    # The audit trail
    "audit.view": _to(AUDITOR),
    "audit.export": _to(AUDITOR),
    "audit.verify": _to(AUDITOR, OPERATOR, MACHINE),
    "audit.seal": _to(OPERATOR, MACHINE),
    "keys.rotate": _to(OPERATOR, MACHINE),
    # People
    "admin.open": _to(ADMINISTRATOR),
    "user.view": _to(AUDITOR, ADMINISTRATOR),
    "user.disable": _to(ADMINISTRATOR, MACHINE),
    "user.create_first": _to(MACHINE),
    "user.invite": _to(ADMINISTRATOR, MACHINE),
    "user.reset_second_factor": _to(ADMINISTRATOR, MACHINE),
    "role.propose": _to(ADMINISTRATOR, MACHINE),
    "role.change": _to(ADMINISTRATOR, MACHINE),
}
ACTIONS = frozenset(TABLE)
# What concerns the installation as a whole: a role for some merchants alone does not reach it.
FOR_ALL_ONLY = frozenset(
    {
        "admin.open",
        "audit.seal",
        "audit.verify",
        "drift.reconcile_all",
        "keys.rotate",
        "merchant.configure",
        "merchant.pull",
        "orphan.find",
        "outbox.deliver",
        "role.change",
        "role.propose",
        "schedule.run",
        "user.create_first",
        "user.disable",
        "user.invite",
        "user.reset_second_factor",
        "user.view",
        "verification.poll",
    }
)

# A role that is taken away, or a person disabled, is felt by a running command this late; a page or an API
# call reads its person anew and feels it at once.
GRANTS_KEPT_SECONDS = 5.0

_Grant = tuple[str, str | None]


class NotAllowed(Exception):
    """The actor may not do this. Pages answer 403, or 404 where the object is out of scope."""


def may(actor: Knocker, action: str, merchant_uid: str | None = None, state: str | None = None) -> bool:
    """Whether `actor` may do `action` for that merchant (None: for any), and to a subject that stands at
    `state` (None: wherever it stands)."""
    return bool(roles_for(actor, action, merchant_uid, state))


def require(actor: Knocker, action: str, merchant_uid: str | None = None, state: str | None = None) -> None:
    """Raise NotAllowed unless `may` says yes. The refusal is written down where the request or command
    ends."""
    if not may(actor, action, merchant_uid, state):
        note_refusal(Refusal(actor, action, merchant_uid or ""))
        raise NotAllowed(action)


def roles_for(
    actor: Knocker, action: str, merchant_uid: str | None = None, state: str | None = None
) -> tuple[str, ...]:
    """The roles of `actor` that allow it, in the order of `Role`; none: not allowed."""
    cells = TABLE.get(action, {})
    found = {
        role
        for role, uid in _grants(actor)
        if role in cells
        and (uid is None or (action not in FOR_ALL_ONLY and merchant_uid in (None, uid)))
        and (state is None or (states := cells[role]) is ANY or state in states)
    }
    return tuple(role for role in (*Role.values, MACHINE) if role in found)


def merchant_scope(actor: Knocker, action: str = "customer.view") -> frozenset[str] | None:
    """The uids of the merchants for which `actor` may do `action`; None means all of them."""
    cells = TABLE.get(action, {})
    uids = {uid for role, uid in _grants(actor) if role in cells}
    if None in uids:
        return None
    return frozenset() if action in FOR_ALL_ONLY else frozenset(uid for uid in uids if uid is not None)


def roles_of(actor: Knocker) -> frozenset[str]:
    """Every role that `actor` holds, for whichever merchant."""
    return frozenset(role for role, _uid in _grants(actor))


def forget(actor: User) -> None:
    """Have the grants of this instance read anew: they were changed."""
    actor.__dict__.pop("_grants", None)


def _grants(actor: Knocker) -> Iterable[_Grant]:
    """(role, merchant's uid or None for all) of an active account; none of anybody else."""
    if not isinstance(actor, User) or not actor.is_active:
        return ()
    if actor.is_machine:
        return ((MACHINE, None),)
    now = time.monotonic()
    read_at, grants = actor.__dict__.get("_grants", (float("-inf"), ()))
    if now - read_at > GRANTS_KEPT_SECONDS:
        grants = tuple(
            RoleGrant.objects.filter(user_id=actor.pk, user__is_active=True)
            .order_by("pk")
            .values_list("role", "merchant_uid")
        )
        actor.__dict__["_grants"] = (now, grants)
    return grants
