"""How much a crew claims ahead of its lanes."""

import os
import signal
import threading
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


def test_a_signal_that_meets_the_wish_to_stop_half_way_does_not_hang(transactional_db):
    """As when SIGTERM comes twice: the second finds the first one's handler at work, with its lock."""
    crew = Crew(1)
    before = signal.signal(signal.SIGTERM, lambda *_: crew.stop())
    # Whoever hangs is let go, so that the test fails instead of hanging, too.
    way_out = threading.Timer(5, lambda: crew.delivery.stop._cond.release())
    way_out.start()
    try:
        with crew:
            with crew.delivery.stop._cond:
                os.kill(os.getpid(), signal.SIGTERM)
                assert crew.is_stopping
                assert way_out.is_alive()
            crew.run()
    finally:
        way_out.cancel()
        signal.signal(signal.SIGTERM, before)
