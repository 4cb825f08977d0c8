"""A circuit per call of the exchange: it rests after five failures or three refusals in a row, then probes.

It opens on what is wrong with the exchange, or with what it lets us ask, never on what is wrong with one
subject: refusals count where different customers' calls are refused one after another. While it is open no
intent uses up a try. One probe at a time closes it.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from exchange.client import Reason as Cause
from exchange.outbox.database import now_sql, run, short_transaction, write_turn

FAILURES_THAT_OPEN = 5
# Of different customers, with no other answer in between: the contract or the configuration is at fault.
REFUSALS_THAT_OPEN = 3
# The rest doubles with every probe that fails.
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


@dataclass(frozen=True, slots=True)
class Standing:
    """How a circuit stands, as its row has it.

    `failures`, `refusals`: in a row. `refused_of`: the customers (hex) who were refused, each once.
    `is_resting`: nothing is sent and nobody probes, so what fails now had left before it opened.
    """

    failures: int = 0
    refusals: int = 0
    refused_of: tuple[str, ...] = ()
    is_resting: bool = False

    @property
    def is_open(self) -> bool:
        return self.failures >= FAILURES_THAT_OPEN or self.refusals >= REFUSALS_THAT_OPEN

    @property
    def rest_ms(self) -> int:
        """How long it rests from now on; 0 where it is closed."""
        if not self.is_open:
            return 0
        doublings = max(self.failures - FAILURES_THAT_OPEN, self.refusals - REFUSALS_THAT_OPEN)
        return min(LAST_OPEN_MS, FIRST_OPEN_MS * 2 ** min(doublings, 10))

    def after_failure(self) -> "Standing":
        return replace(self, failures=self.failures + 1)

    def after_refusal(self, customer: str) -> "Standing":
        """A refusal is an answer, so failures end. One customer counts once, until the circuit is open."""
        if self.refusals < REFUSALS_THAT_OPEN and customer in self.refused_of:
            return replace(self, failures=0)
        refused_of = (*self.refused_of, customer)[:REFUSALS_THAT_OPEN]
        return replace(self, failures=0, refusals=self.refusals + 1, refused_of=refused_of)


class Circuits:
    """The circuits as one process sees them; looked up at most twice a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        # How each stands, and the milliseconds that are left of its rest.
        self._rows: dict[str, tuple[Standing, int]] = {}

    def wait_ms(self, endpoint: str) -> int:
        """0 where a call may go, else how long to wait. Once the time is up, who asks first probes."""
        standing, left = self._seen(endpoint)
        if not standing.is_open:
            return 0
        if left > 0:
            return left
        with write_turn():
            won = run(
                f"UPDATE exchange_circuit SET open_until_ms = {now_sql()} + {PROBE_MS}, "
                f"probe_until_ms = {now_sql()} + {PROBE_MS} "
                f"WHERE endpoint = %s AND open_until_ms <= {now_sql()} RETURNING endpoint",
                (endpoint,),
            )
        self.look_again()
        return 0 if won else FIRST_OPEN_MS

    def is_open(self, endpoint: str) -> bool:
        return self._seen(endpoint)[0].is_open

    def rest_ms(self, endpoint: str) -> int:
        """How much longer the call rests; 0 where it does not."""
        standing, left = self._seen(endpoint)
        return left if standing.is_open else 0

    def failed(self, endpoint: str) -> None:
        """The exchange did not serve a call; the fifth in a row opens the circuit, longer each time."""
        self._count(endpoint, Standing.after_failure)

    def refused(self, endpoint: str, customer: UUID) -> None:
        """The exchange refused a call; the third customer in a row opens the circuit, longer each time."""
        self._count(endpoint, lambda standing: standing.after_refusal(customer.hex))

    def answered(self, endpoint: str) -> None:
        """The exchange served a call, whatever it said: the circuit closes. Writes only where it counted."""
        standing, _left = self._seen(endpoint)
        if standing.failures or standing.refusals:
            with write_turn():
                run(
                    "UPDATE exchange_circuit SET failures = 0, refusals = 0, refused_of = '', "
                    "open_until_ms = 0, probe_until_ms = 0, opened_ms = NULL WHERE endpoint = %s",
                    (endpoint,),
                )
            self.look_again()

    def look_again(self) -> None:
        self._looked_at = float("-inf")

    def _count(self, endpoint: str, counted: Callable[[Standing], Standing]) -> None:
        with short_transaction():
            before = _locked(endpoint)
            if not before.is_resting:
                _write(endpoint, counted(before))
        self.look_again()

    def _seen(self, endpoint: str) -> tuple[Standing, int]:
        with self._lock:
            if time.monotonic() - self._looked_at > LOOK_SECONDS:
                rows = run(
                    f"SELECT endpoint, failures, refusals, open_until_ms - {now_sql()} FROM exchange_circuit"
                )
                self._rows = {
                    name: (Standing(failures, refusals), max(0, left))
                    for name, failures, refusals, left in rows
                }
                self._looked_at = time.monotonic()
            return self._rows.get(endpoint, (Standing(), 0))


def _locked(endpoint: str) -> Standing:
    """How it stands, its row made where there was none, and locked until the transaction ends."""
    failures, refusals, refused_of, open_for, probes_for = run(
        "INSERT INTO exchange_circuit "
        "(endpoint, failures, refusals, refused_of, open_until_ms, probe_until_ms) "
        "VALUES (%s, 0, 0, '', 0, 0) "
        "ON CONFLICT (endpoint) DO UPDATE SET endpoint = excluded.endpoint "
        f"RETURNING failures, refusals, refused_of, open_until_ms - {now_sql()}, "
        f"probe_until_ms - {now_sql()}",
        (endpoint,),
    )[0]
    return Standing(failures, refusals, tuple(refused_of.split()), is_resting=open_for > 0 >= probes_for)


def _write(endpoint: str, standing: Standing) -> None:
    rest = standing.rest_ms
    opened = f"COALESCE(opened_ms, {now_sql()})" if rest else "NULL"
    until = f"{now_sql()} + {rest}" if rest else "0"
    run(
        f"UPDATE exchange_circuit SET failures = %s, refusals = %s, refused_of = %s, "
        f"open_until_ms = {until}, probe_until_ms = 0, opened_ms = {opened} WHERE endpoint = %s",
        (standing.failures, standing.refusals, " ".join(standing.refused_of), endpoint),
    )
