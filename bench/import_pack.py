"""How fast a pack of individuals is imported, and in how much memory, beside django-import-export and COPY.

    python -m bench.import_pack [--rows 50000] [--peer-rows 50000] [--server postgres://root@127.0.0.1/postgres]

A database of its own is made on the PostgreSQL server and dropped again; 100,000 customers of 500 merchants
are in it before anything is measured. Goals: at least 10 times the rate of import-export's `use_bulk`; at
least 35 % of the rate of a floor that writes the same encrypted rows and indexes by COPY, unchecked; at
most 64 MiB over the start; from 10,000 to 50,000 rows at most 1.2 times the memory and 5.5 times the time.

The peer looks up and cleans row by row, and takes minutes: it is measured once, on as many rows.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[1]
PEER_RATIO, FLOOR_RATIO, MOST_MIB, MEMORY_RATIO, TIME_RATIO = 10, 0.35, 64, 1.2, 5.5
SEED_ROWS, SEED_MERCHANTS = 100_000, 500
ROUNDS = 3

SEED = """
INSERT INTO customers_merchant (id, uid, is_self, name, email, exchange_state, wrapped_key, settings,
                                created_at)
SELECT gen_random_uuid(), 'SEED' || n, false, '', '', '', '', '{{}}', now()
FROM generate_series(1, {merchants}) n;
INSERT INTO customers_customer ({columns})
SELECT {values}
FROM generate_series(1, {rows}) n
JOIN (SELECT id, row_number() OVER () - 1 AS place FROM customers_merchant) m ON m.place = n % {merchants};
ANALYZE;
"""


def write_pack(path: Path, rows: int, run: int) -> None:
    """A lone customers.csv of `rows` individuals nobody has seen: half South Africans, half from Britain."""
    from customers.lists import OCCUPATIONS, SOURCES_OF_FUNDS
    from kyc.pack.columns import CUSTOMERS, TABLES

    chance = random.Random(run)
    columns = [name for name in TABLES[CUSTOMERS].columns if not name.startswith("business_profile.")]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        for place in range(rows):
            number = run * 100_000 + place  # a pack has fewer rows than that
            born = f"{chance.randint(1950, 2000)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
            is_african = place % 2 == 0
            country = "ZA" if is_african else "GB"
            writer.writerow(
                {
                    "reference": f"BENCH-{run}-{place}",
                    "entity_type": "individual",
                    "email": f"person.{run}.{place}@example.com",
                    "phone_number": f"+2782{number % 10_000_000:07}" if is_african else f"+4474{number:08}",
                    "first_name": chance.choice(("Thandi", "Zoë", "James", "Nomvula", "Amélie", "John")),
                    "last_name": chance.choice(("Nkosi", "O'Brien", "Müller", "van der Merwe", "Smith")),
                    "dob": born,
                    "address": f"{place} Long Street",
                    "postcode": "8001",
                    "city": "Cape Town",
                    "country": country,
                    "nationality": country,
                    "country_of_residence": country,
                    "id_number": south_african_id(born, number) if is_african else f"P{number:09}",
                    "occupation": chance.choice(OCCUPATIONS),
                    "source_of_funds": chance.choice(SOURCES_OF_FUNDS),
                    "doc_type": "Passport",
                    "doc_number": f"A{number:08}",
                    "doc_expire": "2035-01-01",
                    "doc_country": country,
                    "is_pep_occupation": "false",
                    "is_pep_related": "no",
                    "is_pip": "0",
                }
            )


def south_african_id(born: str, number: int) -> str:
    digits = born[2:4] + born[5:7] + born[8:10] + f"{number % 10_000:04}" + "08"
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(digits)]
    return digits + str(-sum(d // 10 + d % 10 for d in doubled) % 10)


def seed(url: str) -> None:
    """Fill the tables so that indexes have a size. What is sealed is left empty, and nothing reads it."""
    import django

    django.setup()
    from customers.models import Customer

    given = {
        "id": "gen_random_uuid()",
        "merchant_id": "m.id",
        "reference": "'SEED-' || n",
        "email": "'seed' || n || '@example.com'",
        "email_key": "'seed' || n || '@example.com'",
        "token": "left(md5(n::text), 16)",
        "entity_type": "'individual'",
        "stage": "'draft'",
        "origin": "'pack'",
        "wrapped_key": "'\\x00'",
        "first_name": "md5(n::text)",
        "last_name": "md5((n + 1)::text)",
        "phone_index": "md5('p' || n)",
        "id_number_index": "md5('i' || n)",
        "version": "1",
        "created_at": "now() - n * interval '1 minute'",
        "updated_at": "now()",
    }
    columns, values = [], []
    for field in Customer._meta.concrete_fields:
        columns.append(field.column)
        plain = "NULL" if field.null else "false" if field.get_internal_type() == "BooleanField" else "''"
        values.append(given.get(field.column, plain))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            SEED.format(
                merchants=SEED_MERCHANTS, rows=SEED_ROWS, columns=", ".join(columns), values=", ".join(values)
            )
        )


def measure(way: str, pack: Path) -> dict[str, float]:
    running = subprocess.Popen(
        [sys.executable, "-m", "bench._import_ways", way, str(pack)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    beside = 0.0
    while running.poll() is None:
        beside = max(beside, memory_of_children_mib(running.pid))
        time.sleep(0.2)
    said, failed = running.communicate()
    if running.returncode:
        raise SystemExit(f"{way} failed:\n{failed}")
    found = json.loads(said.splitlines()[-1])
    found["peak_mib"] += beside
    found["rate"] = found["rows"] / found["seconds"]
    found["over_start_mib"] = found["peak_mib"] - found["start_mib"]
    print(
        f"  {way:6} {found['rows']:>7,} rows {found['seconds']:>7.2f} s {found['rate']:>8,.0f} rows/s   "
        f"{found['start_mib']:.0f} -> {found['peak_mib']:.0f} MiB",
        flush=True,
    )
    return found


def memory_of_children_mib(pid: int) -> float:
    """What its child processes hold and do not share with it."""
    held = 0.0
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            lines = Path(f"/proc/{child}/smaps_rollup").read_text().splitlines()
            held += sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
    return held


def middle(results: list[dict[str, float]], name: str) -> float:
    return statistics.median(result[name] for result in results)


def compare(rows: int, peer_rows: int, folder: Path) -> bool:
    """Measure all ways, alternating; whether every goal was met."""
    run = 0

    def once(way: str, count: int) -> dict[str, float]:
        nonlocal run
        run += 1
        pack = folder / f"customers-{run}.csv"
        write_pack(pack, count, run)
        found = measure(way, pack)
        pack.unlink()
        return found

    once("ours", 1_000)  # wakes the server up; not counted
    small, large, floors, peers = [], [], [], []
    for turn in range(ROUNDS):
        if turn == ROUNDS // 2:
            peers.append(once("peer", peer_rows))
        floors.append(once("floor", rows))
        large.append(once("ours", rows))
        small.append(once("ours", rows // 5))
    rate = middle(large, "rate")
    goals = [
        ("times import-export's use_bulk", rate / middle(peers, "rate"), PEER_RATIO, ">="),
        ("of the floor by COPY", rate / middle(floors, "rate"), FLOOR_RATIO, ">="),
        ("MiB over the start", middle(large, "over_start_mib"), MOST_MIB, "<="),
        (f"times the memory of {rows // 5:,} rows", middle(large, "peak_mib") / middle(small, "peak_mib"),
         MEMORY_RATIO, "<="),
        (f"times the time of {rows // 5:,} rows", middle(large, "seconds") / middle(small, "seconds"),
         TIME_RATIO, "<="),
    ]  # fmt: skip
    print(f"\n{rows:,} rows, PostgreSQL, into {SEED_ROWS:,}: {rate:,.0f} rows/s (medians of {ROUNDS})")
    is_met = True
    for label, value, goal, sign in goals:
        met = value >= goal if sign == ">=" else value <= goal
        is_met = is_met and met
        print(f"  {'met   ' if met else 'MISSED'} {value:8.2f} {label} (goal {sign} {goal})")
    return is_met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--peer-rows", type=int, default=50_000)
    parser.add_argument("--server", default="postgresql://root@127.0.0.1:5432/postgres")
    options = parser.parse_args()
    name = f"bench_import_{uuid.uuid4().hex[:8]}"
    url = f"{options.server.rpartition('/')[0]}/{name}"
    with psycopg.connect(options.server, autocommit=True) as server, tempfile.TemporaryDirectory() as folder:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            os.environ.update(
                DJANGO_SETTINGS_MODULE="portal.settings",
                DATABASE_URL=url,
                MEDIA_ROOT=folder,
                PORTAL_KEYS=f"1:{base64.b64encode(os.urandom(32)).decode()}",
                SECRET_KEY=uuid.uuid4().hex,
            )
            subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
            seed(url)
            return 0 if compare(options.rows, options.peer_rows, Path(folder)) else 1
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


if __name__ == "__main__":
    sys.exit(main())
