"""The ways of telling the exchange that bench/delivery.py measures, each in a process of its own.

    python -m bench._delivery_ways ours CUSTOMERS LANES...    into the database of DATABASE_URL
    python -m bench._delivery_ways peer CUSTOMERS LANES...

Prints one JSON object per number of lanes: customers a second, CPU and, for ours, commits a customer.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

DOCUMENTS = ("Driver license", "Drivers license back", "Selfie", "Proof of Address")
SIZE = 500_000


class Commits:
    """Counts what is made durable: committed transactions, and single statements that write."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self.count += 1

    def watch(self) -> None:
        from django.db.backends.base.base import BaseDatabaseWrapper
        from django.db.backends.utils import CursorWrapper

        from exchange.outbox import database

        commit, execute, run = BaseDatabaseWrapper._commit, CursorWrapper.execute, database.run
        writing = ("UPDATE", "INSERT", "DELETE", "WITH W")

        def counted_commit(wrapper):
            self.add()
            return commit(wrapper)

        def counted_execute(cursor, sql, params=None):
            if sql.lstrip()[:6].upper() in writing and not cursor.db.in_atomic_block:
                self.add()
            return execute(cursor, sql, params)

        def counted_run(sql, params=()):
            # The outbox's own statements go round Django's cursor; those of a nonce are commits of their own.
            wrapper = database.this_connection()
            is_open = wrapper.in_atomic_block or getattr(wrapper.connection, "in_transaction", False)
            if sql == "COMMIT" or (sql.lstrip()[:6].upper() in writing and not is_open):
                self.add()
            return run(sql, params)

        BaseDatabaseWrapper._commit = counted_commit
        CursorWrapper.execute = counted_execute
        for name in ("database", "key_clock", "claiming", "settling", "together", "workers", "circuits"):
            import_module(f"exchange.outbox.{name}").run = counted_run


def ours(customers: int, lanes_to_try: list[int]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from exchange.outbox.crew import Crew
    from exchange.outbox.models import Intent
    from tests.factories import make_submitted_individual

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)

    def make(count: int) -> None:
        for _ in range(count):
            make_submitted_individual(documents=DOCUMENTS, document_size=SIZE)

    def deliver(lanes: int) -> tuple[float, float]:
        with Crew(lanes) as crew:
            wall, cpu = time.perf_counter(), time.process_time()
            crew.run(until="idle")
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        assert not Intent.objects.exclude(state="done").exists()
        return wall, cpu

    timed = []
    for lanes in lanes_to_try:
        make(customers)
        timed.append(deliver(lanes))
    # Counted in a second run: counting takes time.
    commits = Commits()
    commits.watch()
    for lanes, (wall, cpu) in zip(lanes_to_try, timed, strict=True):
        some = min(customers, 3 * lanes)
        make(some)
        before = commits.count
        deliver(lanes)
        report(lanes, customers, wall, cpu, (commits.count - before) * customers / some)


def peer(customers: int, lanes_to_try: list[int]) -> None:
    """A task a customer on a pool of threads, a session a thread, the files on disk: no database at all."""
    import tempfile
    from pathlib import Path

    import requests

    origin, key, secret = (os.environ[f"EXCHANGE_{name}"] for name in ("BASE_URL", "API_KEY", "API_SECRET"))
    local, last = threading.local(), itertools.count(time.time_ns() // 1_000_000)
    folder = Path(tempfile.mkdtemp())
    for number, _ in enumerate(DOCUMENTS):
        (folder / str(number)).write_bytes(os.urandom(SIZE))

    def headers() -> dict[str, str]:
        nonce = str(next(last))
        text = hmac.new(secret.encode(), (nonce + key).encode(), hashlib.sha256).hexdigest()
        return {"X-Auth-Apikey": key, "X-Auth-Nonce": nonce, "X-Auth-Signature": text}

    def one(number: int) -> None:
        session = getattr(local, "session", None)
        if session is None:
            session = local.session = requests.Session()
        base = f"{origin}/api/v2/persona/resource/customers"
        created = session.post(base, json={"email": f"{number}@example.com"}, headers=headers())
        uid = created.json()["uid"]
        session.put(f"{base}/{uid}", json={"custom_id": str(number)}, headers=headers()).raise_for_status()
        for place, doc_type in enumerate(DOCUMENTS):
            session.post(
                f"{origin}/api/v2/verification/customers/documents",
                data={"customer_uid": uid, "doc_type": doc_type},
                files={"upload": ("a.jpg", (folder / str(place)).read_bytes(), "image/jpeg")},
                headers=headers(),
            ).raise_for_status()

    for lanes in lanes_to_try:
        with ThreadPoolExecutor(lanes) as pool:
            wall, cpu = time.perf_counter(), time.process_time()
            list(pool.map(one, range(customers)))
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        report(lanes, customers, wall, cpu, 0)


def report(lanes: int, customers: int, wall: float, cpu: float, commits: int) -> None:
    figures = {
        "lanes": lanes,
        "per_second": customers / wall,
        "cpu_ms": cpu / customers * 1000,
        "commits": commits / customers,
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    {"ours": ours, "peer": peer}[sys.argv[1]](int(sys.argv[2]), [int(lanes) for lanes in sys.argv[3:]])
