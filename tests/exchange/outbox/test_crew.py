"""How much a crew claims ahead of its lanes."""

import uuid

import pytest

from exchange.outbox.crew import Crew
from exchange.outbox.models import Lane

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("in_hand", "claimed"), [(16, 2), (1, 1), (0, 0)])
def test_lanes_that_work_have_a_few_customers_in_reserve(in_hand, claimed):
    for _ in range(5):
        Lane.objects.create(id=uuid.uuid4(), merchant_uid="m", due_ms=1)
    crew = Crew(16)
    crew._in_hand = in_hand
    crew.heartbeat.start()
    try:
        assert crew._claim() == claimed
        assert crew._claim() == 0
    finally:
        crew.heartbeat.stop()
