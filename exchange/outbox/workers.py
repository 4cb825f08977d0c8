"""Workers and their heartbeats: a claim is worth as much as its worker's heartbeat is young."""

import logging
import os
import secrets
import socket
import threading
import time

from django.db import DatabaseError, connection

from exchange.outbox.database import now_sql, once_now_sql, run, write_turn

log = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
# Older than this, others take over what the worker had claimed.
STALE_MS = 10_000
# Older than this, the worker itself stops sending: well before others take over.
FRESH_SECONDS = 7.0
# Rows of workers that ended long ago are swept away.
FORGET_MS = 24 * 3600 * 1000


class Heartbeat:
    """One delivering process. Beats in a thread of its own and frees what dead workers left behind."""

    def __init__(self) -> None:
        self.id = f"{socket.gethostname()[:20]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._stop = threading.Event()
        self._beat_at = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Register and begin to beat. Raises DatabaseError where even the first beat fails."""
        with write_turn():
            run(
                f"INSERT INTO exchange_worker (id, host, pid, started_ms, beat_ms) "
                f"VALUES (%s, %s, %s, {now_sql()}, {now_sql()})",
                (self.id, socket.gethostname()[:100], os.getpid()),
            )
        self._beat_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the beat and take the worker's row away: nothing is claimed in its name any more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        with write_turn():
            run("DELETE FROM exchange_worker WHERE id = %s", (self.id,))

    @property
    def age(self) -> float:
        """Seconds since the last beat reached the database, by a clock that goes on while we are frozen."""
        return time.monotonic() - self._beat_at

    @property
    def is_fresh(self) -> bool:
        """Whether this worker may still send: nobody else can have taken over what it claimed."""
        return self.age < FRESH_SECONDS

    def beat(self) -> None:
        started = time.monotonic()
        with write_turn():
            rows = run(
                f"UPDATE exchange_worker SET beat_ms = {now_sql()} WHERE id = %s RETURNING id",
                (self.id,),
            )
        if rows:
            self._beat_at = started

    def _run(self) -> None:
        try:
            while not self._stop.wait(BEAT_SECONDS):
                try:
                    self.beat()
                    free_dead_lanes()
                except DatabaseError as error:
                    log.warning("heartbeat_failed worker=%s error=%s", self.id, type(error).__name__)
                    connection.close()
        finally:
            connection.close()


def free_dead_lanes() -> int:
    """End the leases of workers whose heartbeat is stale or gone; how many lanes.

    The next claim of such a lane settles what was being sent: its outcome is unknown.
    """
    dead = run(
        f"""SELECT 1 FROM exchange_lane l WHERE l.lease_until_ms IS NOT NULL AND l.lease_until_ms > 0
            AND NOT EXISTS (SELECT 1 FROM exchange_worker w WHERE w.id = l.worker
                            AND w.beat_ms > {once_now_sql()} - %s) LIMIT 1""",
        (STALE_MS,),
    )
    if not dead:
        return 0
    with write_turn():
        rows = run(
            f"""UPDATE exchange_lane SET lease_until_ms = 0, fence = fence + 1,
                due_ms = COALESCE(due_ms, {now_sql()})
                WHERE lease_until_ms IS NOT NULL AND lease_until_ms > 0
                AND NOT EXISTS (SELECT 1 FROM exchange_worker w WHERE w.id = exchange_lane.worker
                                AND w.beat_ms > {once_now_sql()} - %s) RETURNING id""",
            (STALE_MS,),
        )
        run(f"DELETE FROM exchange_worker WHERE beat_ms < {now_sql()} - %s", (FORGET_MS,))
    if rows:
        log.warning("lanes_taken_from_dead_workers count=%s", len(rows))
    return len(rows)
