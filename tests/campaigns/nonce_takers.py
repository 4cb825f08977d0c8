"""Many processes that take nonces of one key while the database's clock steps.

    python -m tests.campaigns.nonce_takers '{"processes": 8, "takes": 99, "steps": [-3000, 0], "folder": "…"}'

Each process writes what it got to a file in `folder`: nonce, the exchange's time when it was used, and
whether the exchange would have taken it. The exchange's time is the real one; the database's has the steps.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

WINDOW_MS = 5_000
STEP_SECONDS = 0.8


def step_the_clock() -> None:
    """Have the outbox's statements read the database's clock plus an offset that one row holds."""
    from django.db import connection

    from exchange.outbox import database

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS campaign_clock (offset_ms BIGINT NOT NULL)")
        cursor.execute("DELETE FROM campaign_clock")
        cursor.execute("INSERT INTO campaign_clock VALUES (0)")
    plain = database._NOW_MS[connection.vendor]
    database._NOW_MS[connection.vendor] = f"({plain} + (SELECT offset_ms FROM campaign_clock))"


def take(number: int, takes: int, folder: Path, rate: float) -> None:
    from exchange.outbox.key_clock import Grant, KeyClock

    clock, lines, failures = KeyClock(rate=rate), [], 0
    while len(lines) < takes:
        try:
            answer = clock.grant()
        except Exception as error:  # the database was busy or is being killed: ask again
            from django.db import connection

            failures += 1
            if failures > 500:
                raise RuntimeError("the database does not come back") from error
            connection.close()
            time.sleep(0.05)
            continue
        if not isinstance(answer, Grant):
            time.sleep(min(answer.wait, 0.5))
            continue
        if answer.wait:
            time.sleep(answer.wait)
        now = time.time_ns() // 1_000_000
        is_taken = abs(now - answer.nonce) < WINDOW_MS
        lines.append(f"{answer.nonce} {now} {int(is_taken)}")
        if is_taken:
            clock.accepted()
        else:
            clock.clock_problem(datetime.fromtimestamp(now / 1000, UTC), "authz.nonce_expired")
    (folder / f"taker-{number}").write_text("\n".join(lines))


def main(*, processes: int, takes: int, steps: list[int], folder: str, rate: float = 100_000) -> int:
    from django.db import connection, connections

    from portal.database import ensure_ready

    ensure_ready()
    step_the_clock()
    connections.close_all()
    takers = []
    for number in range(processes):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                take(number, -(-takes // processes), Path(folder), rate)
                code = 0
            finally:
                os._exit(code)
        takers.append(pid)
    for offset in steps:
        time.sleep(STEP_SECONDS)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE campaign_clock SET offset_ms = %s", [offset])
    return max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in takers)


if __name__ == "__main__":
    from tests.campaigns.launch import prepare

    prepare()
    sys.exit(main(**json.loads(sys.argv[1])))
