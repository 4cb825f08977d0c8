"""Who may do what: the one place that is asked.

Today every active signed-in person may do every known action for every merchant. Roles per
merchant come later, behind these same three functions.
"""

from django.contrib.auth.models import AnonymousUser

from accounts.models import User

# Whoever knocks: a signed-in user, or nobody.
Knocker = User | AnonymousUser | None

ACTIONS = frozenset(
    {
        "customer.view",
        "customer.register",
        "customer.change",
        "customer.submit",
        "document.add",
        "document.view",
        "document.download",
        "document.waive",
        "warning.accept",
        "intent.retry",
        "intent.look",
        "intent.hold",
        "intent.give_up",
        "intent.acknowledge",
        "orphan.find",
        "drift.view",
        "drift.reconcile",
        "drift.take_in",
        "merchant.view",
        "merchant.change",
        "merchant.pull",
        "verification.poll",
        "overview.view",
        "sync.view",
    }
)


class NotAllowed(Exception):
    """The actor may not do this. Pages answer 403, or 404 where the object is out of scope."""


def may(actor: Knocker, action: str, merchant_uid: str | None = None) -> bool:
    """Whether `actor` may do `action` for that merchant (None: for any). Unknown action or actor: no."""
    return action in ACTIONS and actor is not None and actor.is_authenticated and actor.is_active


def require(actor: Knocker, action: str, merchant_uid: str | None = None) -> None:
    if not may(actor, action, merchant_uid):
        raise NotAllowed(action)


def merchant_scope(actor: Knocker) -> frozenset[str] | None:
    """The uids of the merchants whose records `actor` may see; None means all of them."""
    if actor is None or not actor.is_authenticated or not actor.is_active:
        return frozenset()
    return None
