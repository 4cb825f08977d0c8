"""The retention clock: from when on a customer's data may, and must, be destroyed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from customers.models import Customer
from kyc.retention.rows import LegalHold

_ON_HOLD = Exists(LegalHold.objects.filter(customer=OuterRef("pk"), lifted_at__isnull=True))


class Due(StrEnum):
    """Where a customer stands on the clock."""

    RUNNING = "running"  # the relationship has not ended
    KEPT = "kept"  # it has ended, and the time is not over
    HELD = "held"  # the time is over, a legal hold keeps it
    DUE = "due"
    ERASED = "erased"


def due_on(ended_on: date, *, was_submitted: bool) -> date:
    """The day from which on the data is due: years after the end where the exchange was told of the customer
    (RETENTION_YEARS), days where it never was (RETENTION_UNSENT_DAYS)."""
    if not was_submitted:
        return ended_on + timedelta(days=settings.RETENTION_UNSENT_DAYS)
    year = ended_on.year + settings.RETENTION_YEARS
    try:
        return ended_on.replace(year=year)
    except ValueError:  # the 29th of February
        return date(year, 3, 1)


def due_day(customer: Customer) -> date | None:
    """The day from which on this customer's data is due; None while the relationship goes on."""
    if customer.ended_at is None:
        return None
    return due_on(timezone.localdate(customer.ended_at), was_submitted=customer.submitted_at is not None)


def standing(customer: Customer, *, is_held: bool, today: date) -> Due:
    """Where the customer stands on the clock today."""
    if not bytes(customer.wrapped_key):
        return Due.ERASED
    day = due_day(customer)
    if day is None:
        return Due.RUNNING
    if today < day:
        return Due.KEPT
    return Due.HELD if is_held else Due.DUE


def ended(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    """Those whose clock runs, the longest ended first, each with `is_held`."""
    return (
        customers.filter(ended_at__isnull=False)
        .exclude(wrapped_key=b"")
        .annotate(is_held=_ON_HOLD)
        .order_by("ended_at", "pk")
    )


def held(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    """Those with a legal hold in force."""
    return customers.filter(_ON_HOLD)


def due_by(customers: QuerySet[Customer], day: date) -> QuerySet[Customer]:
    """Of `ended(customers)`, those whose time is over on `day`."""
    sent_before = _latest_end(day, was_submitted=True)
    unsent_before = _latest_end(day, was_submitted=False)
    return ended(customers).filter(
        Q(submitted_at__isnull=False, ended_at__lt=sent_before)
        | Q(submitted_at__isnull=True, ended_at__lt=unsent_before)
    )


def _latest_end(day: date, *, was_submitted: bool) -> datetime:
    """The first moment at which an end would not be due on `day`: midnight after the last that is."""
    if not was_submitted:
        last = day - timedelta(days=settings.RETENTION_UNSENT_DAYS)
    else:
        year = day.year - settings.RETENTION_YEARS
        last = (
            date(year, 2, 28)
            if (day.month, day.day) == (2, 29) and not _is_leap(year)
            else day.replace(year=year)
        )
    midnight = datetime.combine(last + timedelta(days=1), datetime.min.time())
    return timezone.make_aware(midnight)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
