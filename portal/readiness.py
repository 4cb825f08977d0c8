"""Can this installation do its work? Each part is asked within a few seconds, and the answer is kept as long.

The database is asked by whoever asks; the others by threads with a deadline, since a storage or a broker that
hangs must not hang whoever asks about it.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import Error, connection
from django.utils import timezone

from accounts.sealing import backlog
from exchange.connection import exchange_answers
from exchange.outbox.vitals import oldest_due_seconds

log = logging.getLogger(__name__)

KEPT_SECONDS = 5.0
# The longest that a part may take to answer; a part that is still being asked counts as out.
DEADLINE_SECONDS = 5.0
# Without these nothing works. The exchange may be away: what is to be sent waits for it. An audit trail that
# is not sealed is a matter for the people who run this.
NEEDED = ("database", "storage", "broker")
OK, OUT, NOT_USED = "ok", "out", "not_used"
# Longer than this no entry of the audit trail waits to be sealed while a worker runs.
UNSEALED_SECONDS = 15 * 60.0


@dataclass(frozen=True, slots=True)
class Part:
    """`state`: ok, out or not_used. `error`: the kind of failure, never its text: that may name addresses."""

    state: str
    milliseconds: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """`oldest_due_seconds`: how long the oldest due intent has waited; None for none, or with no database."""

    parts: dict[str, Part]
    oldest_due_seconds: float | None

    @property
    def is_ready(self) -> bool:
        return all(self.parts[name].state != OUT for name in NEEDED)


class _Kept:
    """The last answer of this process, and which parts are still being asked."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.answer: Readiness | None = None
        self.until = float("-inf")
        self.asked: dict[str, threading.Thread] = {}


_kept = _Kept()


def readiness() -> Readiness:
    """How the parts are, at most five seconds ago. Never raises; takes ten seconds at the very most."""
    with _kept.lock:
        if _kept.answer is None or time.monotonic() >= _kept.until:
            _kept.answer = _ask_all()
            _kept.until = time.monotonic() + KEPT_SECONDS
        return _kept.answer


def forget_readiness() -> None:
    """Ask anew the next time."""
    with _kept.lock:
        _kept.until = float("-inf")


def _ask_all() -> Readiness:
    oldest: list[float | None] = [None]

    def ask_database() -> None:
        oldest[0] = oldest_due_seconds()

    database = _timed("database", ask_database)
    waits = {name: _begin(name, ask) for name, ask in (("storage", _ask_storage), ("broker", _ask_broker))}
    if database.state == OK:
        # Its answer is kept in the cache, which is a table unless CACHE_URL is set.
        waits["exchange"] = _begin("exchange", _ask_exchange)
    deadline = time.monotonic() + DEADLINE_SECONDS
    parts = {"database": database, **{name: wait(deadline) for name, wait in waits.items()}}
    if not settings.BROKER_URL:
        parts["broker"] = Part(NOT_USED)
    parts["audit"] = _timed("audit", _ask_audit) if database.state == OK else Part(OUT, 0, "not_asked")
    parts.setdefault("exchange", Part(OUT, 0, "not_asked"))
    return Readiness(parts, oldest[0])


def _begin(name: str, ask: Callable[[], None]) -> Callable[[float], Part]:
    """Ask a part in a thread; the function that is returned waits for it until a deadline."""
    before = _kept.asked.get(name)
    if before is not None and before.is_alive():
        # Still hanging from the last time: one thread at a time is enough to find that out.
        return lambda deadline: Part(OUT, 0, "no_answer")
    found: list[Part] = []

    def work() -> None:
        try:
            found.append(_timed(name, ask))
        finally:
            connection.close()

    thread = _kept.asked[name] = threading.Thread(target=work, name=f"ready-{name}", daemon=True)
    thread.start()

    def wait(deadline: float) -> Part:
        thread.join(max(0.0, deadline - time.monotonic()))
        return found[0] if found else Part(OUT, round(DEADLINE_SECONDS * 1000), "no_answer")

    return wait


def _timed(name: str, ask: Callable[[], None]) -> Part:
    started = time.monotonic()
    error = ""
    try:
        ask()
    except Exception as failure:
        error = type(failure).__name__
        log.warning("not_ready part=%s error=%s", name, error)
        if isinstance(failure, Error):
            connection.close()
    return Part(OUT if error else OK, round((time.monotonic() - started) * 1000), error)


def _ask_storage() -> None:
    """Write a file, read it back, take it away."""
    storage = storages["documents"]
    content = secrets.token_bytes(64)
    name = storage.save(f"probes/{secrets.token_hex(8)}", ContentFile(content))
    try:
        with storage.open(name) as file:
            if file.read() != content:
                raise OSError("the probe read back differs from what was written")
    finally:
        storage.delete(name)


def _ask_broker() -> None:
    if not settings.BROKER_URL:
        return
    from portal.celery import app

    with app.connection_for_write(connect_timeout=DEADLINE_SECONDS - 1) as broker:
        broker.connect()


class Unsealed(Exception):
    """Entries wait too long to be sealed, or heads to be exported: does a worker run?"""


def _ask_audit() -> None:
    left = backlog()
    if left.seconds(timezone.now()) > UNSEALED_SECONDS or left.heads_to_export > 1:
        raise Unsealed


def _ask_exchange() -> None:
    if not exchange_answers().ok:
        raise ConnectionError
