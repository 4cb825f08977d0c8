"""A circuit per call of the exchange: five failures in a row open it, one probe at a time closes it.

It opens on what is wrong with the exchange, never on what is wrong with one subject, and while it is open no
intent uses up a try.
"""

import threading
import time

from exchange.client import Reason as Cause
from exchange.outbox.database import now_sql, run, write_turn

FAILURES_THAT_OPEN = 5
FIRST_OPEN_MS, LAST_OPEN_MS = 1_000, 60_000
# How long one probe keeps the others waiting.
PROBE_MS = 5_000
LOOK_SECONDS = 0.5

# The exchange or the way to it is out of order, whoever the call was about.
OUTAGES = frozenset(
    {
        Cause.UNREACHABLE,
        Cause.NO_ANSWER,
        Cause.SERVER_FAILED,
        Cause.PAUSED,
        Cause.REDIRECTED,
        Cause.TOO_LARGE,
        Cause.UNREADABLE_SUCCESS,
        Cause.UNEXPECTED_STATUS,
    }
)


class Circuits:
    """The circuits as one process sees them; looked up at most twice a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._rows: dict[str, tuple[int, int]] = {}

    def wait_ms(self, endpoint: str) -> int:
        """0 where a call may go, else how long to wait. Once the time is up, who asks first probes."""
        failures, open_for = self._seen().get(endpoint, (0, 0))
        if failures < FAILURES_THAT_OPEN:
            return 0
        if open_for > 0:
            return open_for
        with write_turn():
            won = run(
                f"UPDATE exchange_circuit SET open_until_ms = {now_sql()} + {PROBE_MS} "
                f"WHERE endpoint = %s AND open_until_ms <= {now_sql()} RETURNING endpoint",
                (endpoint,),
            )
        self.look_again()
        return 0 if won else FIRST_OPEN_MS

    def is_open(self, endpoint: str) -> bool:
        return self._seen().get(endpoint, (0, 0))[0] >= FAILURES_THAT_OPEN

    def failed(self, endpoint: str) -> None:
        """The exchange did not serve a call; the fifth in a row opens the circuit, longer each time."""
        with write_turn():
            failures = run(
                "INSERT INTO exchange_circuit (endpoint, failures, refusals, open_until_ms) "
                "VALUES (%s, 1, 0, 0) "
                "ON CONFLICT (endpoint) DO UPDATE SET failures = exchange_circuit.failures + 1 "
                "RETURNING failures",
                (endpoint,),
            )[0][0]
            if failures >= FAILURES_THAT_OPEN:
                wait = min(LAST_OPEN_MS, FIRST_OPEN_MS * 2 ** min(failures - FAILURES_THAT_OPEN, 10))
                run(
                    f"UPDATE exchange_circuit SET open_until_ms = {now_sql()} + %s, "
                    f"opened_ms = COALESCE(opened_ms, {now_sql()}) WHERE endpoint = %s",
                    (wait, endpoint),
                )
        self.look_again()

    def answered(self, endpoint: str) -> None:
        """The exchange served a call, whatever it said: the circuit closes. Writes only where it was open."""
        if self._seen().get(endpoint, (0, 0))[0]:
            with write_turn():
                run(
                    "UPDATE exchange_circuit SET failures = 0, open_until_ms = 0, opened_ms = NULL "
                    "WHERE endpoint = %s",
                    (endpoint,),
                )
            self.look_again()

    def look_again(self) -> None:
        self._looked_at = float("-inf")

    def _seen(self) -> dict[str, tuple[int, int]]:
        with self._lock:
            if time.monotonic() - self._looked_at > LOOK_SECONDS:
                rows = run(f"SELECT endpoint, failures, open_until_ms - {now_sql()} FROM exchange_circuit")
                self._rows = {endpoint: (failures, max(0, left)) for endpoint, failures, left in rows}
                self._looked_at = time.monotonic()
            return self._rows
