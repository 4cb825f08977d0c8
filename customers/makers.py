"""Who had a hand in what is to be submitted, so that somebody else submits it.

Each customer's row says who did last (`made_by`); who did before is told by the audit rows, which are written
in the same transactions and which nobody can alter. So an import of many writes nothing more for it. The
database asks the same of whoever submits (migration `no_maker_submits`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from accounts.audit_rows import AuditEntry, Outcome
from accounts.models import User
from customers.models import Customer

# What makes somebody a maker, until the customer is opened for changes again: who mends it then is its maker.
MAKING = ("customer.register", "customer.change", "document.add")
BEGINS_ANEW = "customer.thaw"


def own_of(customers: Iterable[Customer], user: User) -> set[UUID]:
    """Those of the customers whose second person `user` can't be: they had a hand in it, or nobody knows who
    had. One query at most, and none where the rows themselves say so."""
    own, others = set(), []
    for customer in customers:
        if customer.made_by_id in (None, user.pk):
            own.add(customer.pk)
        else:
            others.append(customer.pk)
    makers = _makers_of(others)
    return own | {pk for pk in others if user.pk in makers[pk]}


def _makers_of(customer_ids: list[UUID]) -> Mapping[UUID | None, set[UUID | None]]:
    makers: dict[UUID | None, set[UUID | None]] = defaultdict(set)
    if not customer_ids:
        return makers
    rows = AuditEntry.objects.filter(
        customer_id__in=customer_ids, action__in=(*MAKING, BEGINS_ANEW), outcome=Outcome.DONE
    ).order_by("id")
    for customer_id, action, actor_id in rows.values_list("customer_id", "action", "actor_id"):
        if action == BEGINS_ANEW:
            makers[customer_id].clear()
        else:
            makers[customer_id].add(actor_id)
    return makers
