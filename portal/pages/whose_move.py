"""Whose move it is, read from a customer's requirements: the one question that lists and counts ask."""

import datetime
from collections.abc import Sequence
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from kyc.choices import RequirementState as State
from kyc.requirements import Requirement, requirements_for_many
from vault.envelope import CannotOpen


class Move(models.TextChoices):
    """Who has the next step."""

    STAFF = "staff", _("Staff")
    CUSTOMER = "customer", _("Customer")
    EXCHANGE = "exchange", _("The exchange")
    NOBODY = "nobody", _("Nobody: done")


_CUSTOMERS = frozenset({State.MISSING, State.INVALID, State.WAITING_FOR_CUSTOMER})


def requirements_for_list(
    customers: Sequence[Customer], *, today: datetime.date
) -> dict[UUID, list[Requirement]]:
    """The requirements of each; none for a customer whose key is gone: the others are still listed."""
    try:
        return requirements_for_many(customers, today=today)
    except CannotOpen:
        return {customer.pk: _requirements_or_none(customer, today) for customer in customers}


def _requirements_or_none(customer: Customer, today: datetime.date) -> list[Requirement]:
    try:
        return requirements_for_many([customer], today=today)[customer.pk]
    except CannotOpen:
        return []


def open_rows(rows: Sequence[Requirement]) -> list[Requirement]:
    return [row for row in rows if not row.is_done]


def whose_move(rows: Sequence[Requirement]) -> Move:
    """Staff where anything waits for them, else the customer, else the exchange."""
    states = {row.state for row in open_rows(rows)}
    if State.WAITING_FOR_STAFF in states:
        return Move.STAFF
    if states & _CUSTOMERS:
        return Move.CUSTOMER
    return Move.EXCHANGE if states else Move.NOBODY


def next_step(rows: Sequence[Requirement]) -> Requirement | None:
    """The first open row of whoever has the move; None when all is done."""
    is_open = open_rows(rows)
    ours = {
        Move.STAFF: {State.WAITING_FOR_STAFF},
        Move.CUSTOMER: _CUSTOMERS,
        Move.EXCHANGE: {State.WAITING_FOR_EXCHANGE},
        Move.NOBODY: frozenset(),
    }[whose_move(rows)]
    return next((row for row in is_open if row.state in ours), None)
