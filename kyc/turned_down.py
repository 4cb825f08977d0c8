"""Whom the exchange turned down, and of whom nothing has changed since: the same gets the same answer."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import OuterRef, Subquery

from customers.models import Customer
from exchange.outbox.choices import IntentState, Topic
from exchange.outbox.models import Attempt, Intent
from kyc.canonical import canonical_digest
from kyc.records import load_records


def turned_down_as_they_are(customers: Iterable[Customer]) -> set[UUID]:
    """Those whose create waits for staff and whose data is what was sent then. Two queries and those of the
    records; one where nobody was turned down.

    A person may submit them all the same, with what they know; a pack that is handed in again may not.
    """
    by_id = {customer.pk: customer for customer in customers}
    last = Attempt.objects.filter(intent=OuterRef("pk")).order_by("-number").values("request_digest")[:1]
    said = dict(
        Intent.objects.filter(
            lane_id__in=list(by_id), topic=Topic.CREATE, state=IntentState.WAITING_FOR_STAFF
        )
        .annotate(said=Subquery(last))
        .values_list("lane_id", "said")
    )
    if not said:
        return set()
    records = load_records([by_id[pk] for pk in said])
    # Where nothing was sent (what is held was not what was submitted), a person has to look first.
    return {
        pk
        for pk, digest in said.items()
        if not digest
        or digest == canonical_digest(records[pk].customer, records[pk].ubos, records[pk].profile)
    }
