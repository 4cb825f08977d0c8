"""G9: telling the exchange, one create, one update and four uploads of 500 KB a customer.

The exchange is a stub that waits 50, 50 and 80 ms, so C lanes can do C / 0.42 customers a second and no more.
The peer is the same calls by plain `requests` on a pool of threads, a task a customer, with no database,
no encryption, no evidence. Goals: 80 % of the bound at 16 lanes, 65 % at 32, 15 ms CPU a customer.

Milliseconds of another hour mean nothing: what each row is beside the peer is told with it.

    .venv/bin/python bench/delivery.py [CUSTOMERS_A_LANE]

SQLite in a temporary folder, and PostgreSQL at 127.0.0.1 (BENCH_POSTGRES names another server).
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS_A_CUSTOMER = 0.050 + 0.050 + 4 * 0.080
GOALS = {16: 0.80, 32: 0.65}
CPU_GOAL_MS = 15.0
# Customers a lane: so many that opening connections and the last lanes, which end alone, are a small part.
ROUNDS = 25
POSTGRES = os.environ.get("BENCH_POSTGRES", "postgres://root@127.0.0.1:5432")
DATABASE = f"bench_delivery_{os.getpid()}"


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    met, sent = True, 0
    with subprocess.Popen(
        [sys.executable, "-m", "bench._stub_exchange"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as stub:
        assert stub.stdout is not None
        assert stub.stdin is not None
        port = stub.stdout.readline().strip()
        for lanes in GOALS:
            # Turn by turn, so that a machine that is busy for a while is so for the peer as well.
            for name, run in (("SQLite", in_sqlite), ("PostgreSQL", in_postgres)):
                theirs = measure("peer", lanes, rounds, port, "")
                ours = run(partial(measure, "ours", lanes, rounds, port))
                met &= tell(name, ours, theirs)
                sent += 2 * lanes * rounds
        stub.stdin.close()
        cpu = float(stub.stdout.readline())
    print(
        f"load of the machine at the end: {os.getloadavg()[0]:.1f}; the stub: {cpu / sent * 1000:.1f} ms CPU"
    )
    return 0 if met else 1


def tell(name: str, ours: dict, theirs: dict) -> bool:
    """Print two lines; whether the goals were met."""
    lanes = ours["lanes"]
    share = ours["per_second"] * SECONDS_A_CUSTOMER / lanes
    beside, cpu = ours["per_second"] / theirs["per_second"], ours["cpu_ms"] / theirs["cpu_ms"]
    is_met = share >= GOALS[lanes] and ours["cpu_ms"] <= CPU_GOAL_MS
    print(
        f"{name:10} {lanes} lanes: {ours['per_second']:5.1f} customers/s, {share:4.0%} of the bound "
        f"(goal {GOALS[lanes]:.0%}), {ours['cpu_ms']:4.1f} ms CPU (goal {CPU_GOAL_MS:.0f}), "
        f"{ours['commits']:.1f} commits a customer; peer {theirs['per_second']:5.1f}/s, "
        f"{theirs['cpu_ms']:4.1f} ms\n"
        f"{'':11}beside it: {beside:.2f} of its customers/s, {cpu:.2f} of its CPU: "
        f"{'met' if is_met else 'MISSED'}",
        flush=True,
    )
    return is_met


def measure(way: str, lanes: int, rounds: int, port: str, database: str) -> dict:
    with tempfile.TemporaryDirectory() as media:
        environment = {
            **os.environ,
            "DATABASE_URL": database or "sqlite://:memory:",
            "MEDIA_ROOT": media,
            "PORTAL_KEYS": "1:" + base64.b64encode(bytes(32)).decode(),
            "EXCHANGE_BASE_URL": f"http://127.0.0.1:{port}",
            "EXCHANGE_API_KEY": "bench",
            "EXCHANGE_API_SECRET": "bench",
            "EXCHANGE_RATE_PER_SECOND": "100000",
            "LOG_LEVEL": "WARNING",
        }
        done = subprocess.run(
            [sys.executable, "-m", "bench._delivery_ways", way, str(lanes * rounds), str(lanes)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def in_sqlite(call) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        return call(f"sqlite:///{folder}/bench.sqlite3")


def in_postgres(call) -> dict:
    import psycopg

    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{DATABASE}"')
        try:
            return call(f"{POSTGRES}/{DATABASE}")
        finally:
            server.execute(f'DROP DATABASE "{DATABASE}" WITH (FORCE)')


if __name__ == "__main__":
    sys.exit(main())
