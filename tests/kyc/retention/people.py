"""Customers whose relationship has ended, at any time one likes."""

import datetime

from django.utils import timezone

from customers.models import Customer
from kyc.retention.ending import propose_ending
from kyc.retention.rows import Ending, How


def ended(customer: Customer, *, years_ago: float = 0, days_ago: int = 0) -> Customer:
    """The customer, ended so long ago by two people."""
    at = timezone.now() - datetime.timedelta(days=round(years_ago * 365.25) + days_ago)
    Ending.objects.filter(customer=customer, reopened_at__isnull=True).update(ended_at=at)
    Customer.objects.filter(pk=customer.pk).update(ended_at=at)
    customer.refresh_from_db()
    return customer


def end(customer: Customer, *, agent, officer, how: How = How.CLOSED, **ago) -> Customer:
    """Proposed by the one, approved by the other, and moved into the past."""
    from accounts.four_eyes import approve

    approve(propose_ending(customer=customer, how=how, reason="As asked.", actor=agent), actor=officer)
    return ended(customer, **ago)
