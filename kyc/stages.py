"""Draft or complete: where a customer stands before it is submitted, read off its requirements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from django.utils import timezone

from customers.choices import EDITABLE_STAGES, Stage
from customers.models import Customer
from kyc.requirements import Requirement, requirements_for_many


def refresh_stage(customer: Customer, *, today: date | None = None) -> list[Requirement]:
    """Set the customer's stage to draft or complete; its requirements. Frozen customers stay as they are."""
    return refresh_stages([customer], today=today)[customer.pk]


def refresh_stages(
    customers: Sequence[Customer], *, today: date | None = None
) -> dict[UUID, list[Requirement]]:
    """The same for many, in a fixed number of queries; the requirements by customer id."""
    rows = requirements_for_many(customers, today=today or timezone.localdate())
    set_stages(customers, rows)
    return rows


def set_stages(customers: Sequence[Customer], rows: Mapping[UUID, Sequence[Requirement]]) -> None:
    """Write the stage that the requirements say, where it is another one, and on the instances too."""
    for stage in EDITABLE_STAGES:
        moved = [
            customer
            for customer in customers
            if customer.is_editable and stage_of(rows[customer.pk]) == stage and customer.stage != stage
        ]
        if moved:
            ids = [customer.pk for customer in moved]
            Customer.objects.filter(pk__in=ids, stage__in=EDITABLE_STAGES).update(stage=stage)
            for customer in moved:
                customer.stage = stage


def stage_of(rows: Sequence[Requirement]) -> Stage:
    """What the requirements of a customer that was not submitted make it: complete when nothing holds it."""
    return Stage.DRAFT if any(row.holds_submission for row in rows) else Stage.COMPLETE
