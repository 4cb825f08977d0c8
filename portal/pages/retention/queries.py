"""Whose clock runs: what is due, what a hold keeps, what falls due next."""

from dataclasses import dataclass
from datetime import date, timedelta

from accounts.models import User
from customers.models import Customer
from kyc.retention.clock import Due, due_by, due_day, ended, held, standing

ROWS_SHOWN = 100
SOON = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Row:
    customer: Customer
    due_on: date | None
    state: Due


@dataclass(frozen=True, slots=True)
class Retention:
    """`rows`: the longest ended first, at most 100; `rest`: how many more have ended."""

    ended: int
    due: int
    held: int
    soon: int
    rows: list[Row]
    rest: int


def retention(*, user: User, today: date) -> Retention:
    customers = Customer.objects.visible_to(user, "retention.view").select_related("merchant")
    due = due_by(customers, today)
    count = ended(customers).count()
    on_hold = held(due).count()
    shown = list(ended(customers)[:ROWS_SHOWN])
    return Retention(
        ended=count,
        due=due.count() - on_hold,
        held=on_hold,
        soon=due_by(customers, today + SOON).count() - due.count(),
        rows=[
            Row(row, due_day(row), standing(row, is_held=row.is_held, today=today))  # type: ignore[attr-defined]
            for row in shown
        ],
        rest=count - len(shown),
    )
