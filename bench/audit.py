"""P27: the audit trail, a million entries: how fast they are sealed, and how fast all of it is verified.

Goal: a million entries are verified within 60 s. What writing an entry costs is told beside it.

    .venv/bin/python -m bench.audit [ENTRIES]

SQLite in a temporary folder, and PostgreSQL at 127.0.0.1 (BENCH_POSTGRES names another server).
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENTRIES = 1_000_000
GOAL_SECONDS = 60.0
# Entries that one transaction writes, as an import's chunk does.
CHUNK = 2_000
POSTGRES = os.environ.get("BENCH_POSTGRES", "postgres://root@127.0.0.1:5432")


def main() -> int:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    import psycopg

    met = True
    with tempfile.TemporaryDirectory() as folder:
        met &= tell("SQLite", measure(f"sqlite:///{folder}/bench.sqlite3", folder, entries), entries)
    name = f"bench_audit_{os.getpid()}"
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            with tempfile.TemporaryDirectory() as folder:
                met &= tell("PostgreSQL", measure(f"{POSTGRES}/{name}", folder, entries), entries)
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    return 0 if met else 1


def tell(name: str, found: dict[str, float], entries: int) -> bool:
    """Print one line; whether the goal was met."""
    goal = GOAL_SECONDS * max(1.0, entries / 1_000_000)
    met = found["verify"] <= goal
    print(
        f"{name:10} {entries:,} entries: written at {found['write'] / entries * 1e6:.0f} us each "
        f"({found['one'] * 1e6:.0f} us alone), sealed at {found['seal'] / entries * 1e6:.0f} us, verified in "
        f"{found['verify']:.1f} s (goal {goal:.0f}; {found['verify_cpu']:.1f} s of CPU here), "
        f"{found['peak_mib']:.0f} MiB "
        f"{'ok' if met else 'MISSED'}",
        flush=True,
    )
    return met


def measure(database: str, folder: str, entries: int) -> dict[str, float]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": database,
        "AUDIT_HEADS": f"{folder}/heads",
        "PORTAL_KEYS": "1:" + base64.b64encode(bytes(32)).decode(),
        "LOG_LEVEL": "WARNING",
    }
    program = f"from bench.audit import run; run({entries})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def run(entries: int) -> None:
    """Write, seal and verify in this process, and print the seconds of each as JSON."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction

    from accounts import audit
    from accounts.audit_exports import read_exports
    from accounts.audit_verifying import verify
    from accounts.models import User
    from accounts.sealing import seal
    from accounts.sealing_key import trusted_keys

    call_command("migrate", verbosity=0)
    machine = User.objects.machine()
    seconds = dict.fromkeys(("write", "one", "seal", "verify", "verify_cpu", "peak_mib"), 0.0)

    def entry(number: int):
        customer = uuid.uuid4()
        return audit.entry(
            actor=machine,
            action="customer.change" if number % 2 else "document.sent",
            merchant_uid="CCT0000000001",
            subject_type="customer",
            subject_id=customer,
            customer_id=customer,
            details={"fields": ["city"], "version": number % 5} if number % 2 else {},
            changes={"city": ["•••••• ~1f3a9c02", "•••••• ~7d41b0aa"]} if number % 2 else {},
        )

    written = 0
    while written < entries:
        rows = [entry(number) for number in range(min(CHUNK, entries - written))]
        written += len(rows)
        started = time.perf_counter()
        with transaction.atomic():
            audit.record_many(rows)
        seconds["write"] += time.perf_counter() - started
        if written % (50 * CHUNK) == 0:
            started = time.perf_counter()
            seal(signs=True)
            seconds["seal"] += time.perf_counter() - started
    started = time.perf_counter()
    seal(signs=True)
    seconds["seal"] += time.perf_counter() - started
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    # Both: on a machine that others use, the clock tells more of them than of this.
    started, worked = time.perf_counter(), time.process_time()
    found = verify(read_exports().heads, trusted=trusted_keys())
    seconds["verify"] = time.perf_counter() - started
    seconds["verify_cpu"] = time.process_time() - worked
    assert found.findings == []
    assert found.links == entries

    with transaction.atomic():
        few = [entry(number) for number in range(1_000)]
        started = time.perf_counter()
        for row in few:
            audit.record_many([row])
        seconds["one"] = (time.perf_counter() - started) / len(few)
    status = Path("/proc/self/status").read_text()
    seconds["peak_mib"] = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps(seconds))


if __name__ == "__main__":
    sys.exit(main())
