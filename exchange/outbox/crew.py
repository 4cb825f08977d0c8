"""A delivering process: one dispatcher that claims, several lanes that deliver side by side."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

from django.conf import settings
from django.db import Error, connection

from exchange.connection import make_client
from exchange.outbox.claiming import Claim, claim_lanes, is_idle, next_due_ms, release_claim
from exchange.outbox.delivering import Delivery
from exchange.outbox.reconciling import Reconciler, next_look_ms
from exchange.outbox.recovery import is_recovering
from exchange.outbox.workers import Heartbeat, free_dead_lanes

log = logging.getLogger(__name__)

# One lane in so many has its next customer claimed already, so that it need not wait for the dispatcher. Few:
# what one process holds in reserve another can't work on.
LANES_A_RESERVE = 8
# How long it may take until an intent is noticed whose bell was not heard.
IDLE_SECONDS = 0.5


class Crew:
    """Lanes of one process. `run` claims and delivers until told to stop, or until nothing is left to do.

    A context manager: within it the heartbeat beats.
    """

    def __init__(self, lanes: int | None = None) -> None:
        self.lanes = max(1, lanes or settings.EXCHANGE_LANES)
        self.heartbeat = Heartbeat()
        self.delivery = Delivery(self.heartbeat)
        self.reconciler = Reconciler(self.delivery, self.wake)
        self._claims: deque[Claim] = deque()
        self._changed = threading.Condition()
        self._free = 0
        # Counts what the dispatcher should look at; `_seen` is the count when it last looked.
        self._changes = self._seen = 0
        self._in_hand = 0
        self._is_over = False
        self._is_told_to_stop = False
        self._orders: SimpleQueue[None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "Crew":
        self.heartbeat.start()
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        free_dead_lanes()
        for number in range(self.lanes):
            thread = threading.Thread(target=self._lane, name=f"lane-{number + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self.reconciler.start()
        return self

    def __exit__(self, *_details: object) -> None:
        """Finish the calls in flight, give back what was not begun, and leave."""
        self.stop()
        self.delivery.stop.set()
        with self._changed:
            self._is_over = True
            waiting, self._claims = list(self._claims), deque()
            self._changed.notify_all()
        try:
            for claim in waiting:
                release_claim(claim)
        except Error as error:
            # Their leases end by themselves; the calls in flight must end well.
            log.error("release_failed error=%s", type(error).__name__)
            connection.close()
        self.reconciler.stop()
        for thread in self._threads:
            thread.join()
        self.heartbeat.stop()

    def stop(self) -> None:
        """Ask the crew to end; safe to call from a signal handler or another thread.

        Not by setting the event here: a handler runs in the middle of whatever the thread is at, and where
        that is the event's own lock (another signal's handler, a wait) it would wait for itself.
        """
        self._is_told_to_stop = True
        self._orders.put(None)

    def _listen(self) -> None:
        self._orders.get()
        self.delivery.stop.set()

    @property
    def is_stopping(self) -> bool:
        return self._is_told_to_stop or self.delivery.stop.is_set()

    def wake(self) -> None:
        """The doorbell rang: look at once."""
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def run(
        self,
        *,
        until: str = "stopped",
        notice: Callable[[], None] | None = None,
        give_up: Callable[[], bool] | None = None,
    ) -> None:
        """Claim and deliver.

        `until`: "stopped", "nothing_due" (nothing can be sent now), or "idle" (nothing can be sent now or
        later without a person). `notice` is called about twice a second; `give_up`, while nothing moves, may
        end an "idle" run that waits for something only a person can mend.
        """
        while not self.is_stopping:
            try:
                if notice is not None:
                    notice()
                if self._claim():
                    continue
                if until != "stopped" and self._everyone_is_free and self._has_ended(until, give_up):
                    return
                self._wait()
            except Error as error:
                # The database is gone for a moment: everything is where it was when it is back.
                log.error("dispatch_failed error=%s", type(error).__name__)
                connection.close()
                self.delivery.stop.wait(1.0)

    def _claim(self) -> int:
        with self._changed:
            self._seen = self._changes
            # None for lanes that never came up.
            reserve = min(self._in_hand, self.lanes // LANES_A_RESERVE)
            wanted = self._free + reserve - len(self._claims)
        if wanted <= 0 or self.delivery.paused_for > 0 or not self.heartbeat.is_fresh or is_recovering():
            return 0
        claims = claim_lanes(self.heartbeat.id, wanted)
        if claims:
            self.delivery.progress.note()
            with self._changed:
                self._claims.extend(claims)
                self._changed.notify_all()
        return len(claims)

    @property
    def has_free_lanes(self) -> bool:
        """Whether any lane has nothing in hand, the threads that are gone included."""
        # Without the lock: whoever hangs may hold it.
        return self._in_hand < self.lanes

    @property
    def _everyone_is_free(self) -> bool:
        with self._changed:
            return self._free == self.lanes and not self._claims

    def _has_ended(self, until: str, give_up: Callable[[], bool] | None) -> bool:
        if give_up is not None and give_up():
            return True
        if self.reconciler.is_busy:
            return False
        if until == "idle":
            return is_idle() and not is_recovering()
        if self.delivery.paused_for > 0:
            return True
        if is_recovering():
            return self.reconciler.is_waiting
        # Both a lane and a look, so that what a look has just made due is not missed.
        look = next_look_ms()
        due = next_due_ms()
        return look != 0 and due != 0 and not self.reconciler.is_busy

    def _wait(self) -> None:
        seconds = IDLE_SECONDS
        if self._everyone_is_free and not self.delivery.paused_for and not is_recovering():
            due = next_due_ms()
            if due is not None:
                seconds = min(seconds, due / 1000 + 0.001)
        elif self.delivery.paused_for:
            seconds = min(seconds, self.delivery.paused_for + 0.001)
        with self._changed:
            # A lane that became free since we looked has called already, and would not call again.
            if self._seen == self._changes:
                self._changed.wait(seconds)

    def _lane(self) -> None:
        nonce = self.delivery.lane_nonce()
        client = make_client(nonce)
        try:
            while (claim := self._next_claim()) is not None:
                try:
                    self.delivery.deliver(claim, client, nonce)
                    self.delivery.progress.note()
                except Exception as error:
                    # The lane's lease runs out, and its next holder finds what was left.
                    log.exception("lane_failed lane=%s error=%s", claim.lane, type(error).__name__)
                    connection.close()
                finally:
                    with self._changed:
                        self._in_hand -= 1
        finally:
            client.close()
            connection.close()

    def _next_claim(self) -> Claim | None:
        with self._changed:
            self._free += 1
            self._changes += 1
            self._changed.notify_all()
            while not self._claims:
                if self._is_over:
                    return None
                self._changed.wait()
            self._free -= 1
            self._in_hand += 1
            return self._claims.popleft()
