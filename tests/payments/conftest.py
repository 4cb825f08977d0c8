"""Verified customers at the sandbox, and the outbox that tells it about their payment references."""

import pytest
from django.utils import timezone

from customers.choices import Stage
from customers.models import Customer
from exchange.outbox.models import Intent
from exchange.sandbox.testing import sandbox, sandbox_server  # noqa: F401
from tests.exchange.outbox.conftest import deliver, exchange  # noqa: F401
from tests.factories import make_submitted_individual


@pytest.fixture
def verified(db):
    """A customer that the exchange verified, as far as we know; nothing is open for it."""
    customer = make_submitted_individual(documents=())
    Intent.objects.all().delete()
    return verify(customer, "CCT1")


@pytest.fixture
def there(transactional_db, exchange, deliver):  # noqa: F811
    """A customer that the sandbox really holds, verified here."""
    customer = make_submitted_individual(documents=())
    deliver()
    customer.refresh_from_db()
    return verify(customer, customer.uid)


def verify(customer, uid):
    Customer.objects.filter(pk=customer.pk).update(uid=uid, stage=Stage.VERIFIED, verdict_at=timezone.now())
    customer.refresh_from_db()
    return customer
