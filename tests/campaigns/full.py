"""All campaigns at full size, and each again without its guard, when it must fail: one table at the end.

    python -m tests.campaigns.full              all of it (hours); `make campaign` is this
    python -m tests.campaigns.full c4 c6        those whose name begins so
    python -m tests.campaigns.full --list       what there is, with the command that runs it alone

SEED=7 chooses the chance. PostgreSQL at TEST_DATABASE_URL, RabbitMQ at TEST_RABBITMQ_URL; the programs of
PostgreSQL and Redis on this machine; a full disk needs root. What each run says goes to var/campaigns/.
Exit 0: every campaign holds, and every one without its guard fails as it should.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from tests.campaigns.proxy_process import ROOT

RABBITMQ = os.environ.get("TEST_RABBITMQ_URL") or "amqp://guest:guest@127.0.0.1:5672//"
LOGS = ROOT / "var" / "campaigns"


@dataclass(frozen=True)
class Run:
    """`words`: what follows `python -m tests.campaigns`. `without`: the guard that is off; then at least one
    of `breaks` must be found broken."""

    name: str
    words: str
    without: str = ""
    breaks: tuple[str, ...] = ()

    def command(self, seed: int) -> list[str]:
        guard = ["--guard-off", self.without] if self.without else []
        return [*self.words.split(), *guard, "--seed", str(seed)]


ONCE, COPIES = "p1_everybody_is_there_once", "p2_documents_arrive_and_doubt_is_flagged"
PAYMENTS = "p3_payment_references_are_there_once"
OVERLAP = "i10_no_two_send_for_one_customer_at_once"
# Without a guard a small load shows what happens.
SMALL = "--customers 40 --merchants 3 --workers 2 --as-rows --duration 40 --haste 5"

RUNS = (
    Run("c1 sqlite", "c1 --customers 2000 --database sqlite --workers 8 --duration 1800"),
    Run("c1 postgresql", "c1 --customers 2000 --database postgresql --workers 8 --duration 1800"),
    Run("c1 unguarded 1", f"c1 {SMALL}", "resend_unknown", (ONCE, COPIES)),
    Run("c1 unguarded 2", f"c1 {SMALL}", "no_token_scan", (ONCE,)),
    Run("c1 unguarded 3", f"c1 {SMALL} --unkilled", "no_lease", (OVERLAP,)),
    Run("c1 unguarded 4", f"c1 {SMALL} --unkilled", "no_webhook_match", (PAYMENTS,)),
    Run("c2 lines", "c2 --customers 1 --workers 2 --duration 7200"),
    # Most lines run a dozen times here, or ran above: each line of the source, its first time and its last.
    Run("c2 lost reply", "c2 --customers 1 --workers 4 --duration 7200 --lost-reply --each-source-line"),
    Run("c2 business", "c2 --customers 2 --workers 4 --duration 7200 --each-source-line"),
    Run("c2 pairs", "c2 --customers 1 --workers 2 --duration 7200 --pairs"),
    Run("c2 payment", "c2 --customers 1 --workers 2 --duration 7200 --payment"),
    Run("c2 payment lost reply", "c2 --customers 1 --workers 2 --duration 7200 --payment --lost-reply"),
    Run("c2 unguarded", "c2 --customers 1 --workers 2 --duration 600 --points", "resend_unknown", (COPIES,)),
    Run("c3 sqlite", "c3 --customers 500"),
    Run("c3 postgresql", "c3 --customers 500 --database postgresql"),
    Run("c3 unguarded 1", "c3 --customers 40 --duration 60", "answers_first", ("every true event is kept",)),
    Run("c3 unguarded 2", "c3 --customers 10 --duration 60", "any_signature", ("nothing forged is kept",)),
    Run("c4 sqlite", "c4 --customers 50000 --workers 32 --database sqlite"),
    Run("c4 postgresql", "c4 --customers 50000 --workers 32 --database postgresql"),
    Run("c4 unguarded", "c4 --customers 2000 --workers 8", "own_nonce", ("no nonce twice",)),
    Run("c5", "c5 --customers 5000 --rate 20 --duration 900"),
    Run(
        "c5 unguarded",
        "c5 --customers 400 --merchants 5 --rate 100 --duration 90",
        "first_come_first_served",
        ("fairness",),
    ),
    Run("c6 database", "c6 --what database --customers 300 --times 5 --workers 2"),
    Run("c6 redis emptied", "c6 --what broker_emptied --customers 300 --times 5 --workers 2"),
    Run("c6 redis gone", "c6 --what broker_gone --customers 300 --times 5 --workers 2"),
    Run(
        "c6 rabbitmq emptied",
        f"c6 --what broker_emptied --broker-url {RABBITMQ} --customers 300 --times 5 --workers 2",
    ),
    Run("c6 disk", "c6 --what disk --customers 300 --times 5 --workers 2"),
    Run("c6 exchange", "c6 --what exchange --customers 300 --times 5 --workers 2"),
    Run(
        "c6 unguarded 1",
        "c6 --what database --customers 20 --times 1 --workers 1 --duration 5",
        "no_retry_after_outage",
        ("recovery",),
    ),
    Run(
        "c6 unguarded 2",
        "c6 --what broker_emptied --customers 20 --times 1 --workers 1 --duration 5",
        "deaf_to_the_clock",
        ("recovery",),
    ),
    Run(
        "c6 unguarded 3",
        "c6 --what disk --customers 40 --times 1 --workers 1 --duration 5",
        "no_retry_after_outage",
        ("recovery",),
    ),
    Run(
        "c6 unguarded 4",
        "c6 --what exchange --customers 40 --times 1 --workers 1 --duration 5",
        "never_probes",
        ("recovery",),
    ),
    Run(
        "c6 unguarded 5",
        "c6 --what broker_gone --customers 20 --times 1 --workers 1 --duration 5",
        "deaf_to_the_clock",
        ("recovery",),
    ),
    Run("c7", "c7 --customers 2000 --rate 20 --workers 2"),
    Run("c7 503", "c7 --customers 2000 --rate 20 --workers 2 --answering"),
    Run(
        "c7 unguarded 1",
        "c7 --customers 400 --merchants 5 --rate 40 --workers 2 --duration 60",
        "no_circuit",
        ("the circuit opens",),
    ),
    Run(
        "c7 503 unguarded",
        "c7 --customers 400 --merchants 5 --rate 40 --workers 2 --duration 60 --answering",
        "no_circuit",
        ("the circuit opens",),
    ),
    Run(
        "c7 unguarded 2",
        "c7 --customers 100 --merchants 5 --rate 40 --workers 2 --duration 60",
        "no_poll",
        ("the poll converges",),
    ),
    Run("c8 sqlite", "c8 --database sqlite --duration 60"),
    Run("c8 postgresql", "c8 --database postgresql --duration 60"),
    Run(
        "c8 unguarded",
        "c8 --database postgresql --duration 15",
        "last_write_wins",
        ("no update lost", "no fault, no 5xx"),
    ),
    Run("c9 sqlite", "c9 --customers 400 --database sqlite"),
    Run("c9 postgresql", "c9 --customers 400 --database postgresql"),
    Run("c9 unguarded", "c9 --customers 60 --as-rows", "epoch_forgotten", (COPIES, ONCE)),
    Run("c10 sqlite", "c10 --customers 5000 --database sqlite --duration 120"),
    Run("c10 postgresql", "c10 --customers 5000 --database postgresql --duration 120"),
    Run("c10 unguarded", "c10 --customers 60 --duration 5", "no_uniqueness", ("each row once",)),
    Run("c11 sqlite", "c11 --customers 400 --database sqlite"),
    Run("c11 postgresql", "c11 --customers 400 --database postgresql"),
    Run(
        "c11 unguarded",
        "c11 --customers 20 --merchants 3 --workers 2 --as-rows --duration 30 --haste 5",
        "writers_keep_their_version",
        ("old keys unused",),
    ),
    Run("quirks", "quirks"),
    Run("quirks unguarded", "quirks --only masking", "masks_taken_at_their_word", ("masking=True",)),
    Run("twenty kills sqlite", "twenty_kills --customers 200 --times 20 --database sqlite"),
    Run("twenty kills postgresql", "twenty_kills --customers 200 --times 20 --database postgresql"),
    Run("twenty kills unguarded", "twenty_kills --customers 40 --times 6", "resend_unknown", (ONCE, COPIES)),
)
SHOWN = (
    "lost",
    "doubled",
    "wrong_adoptions",
    "kills",
    "repeats",
    "jain",
    "slowest_recovery_seconds",
    "seconds",
)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.campaigns.full", description=__doc__.split("\n")[0]
    )
    parser.add_argument("names", nargs="*", help="only those whose name begins so")
    parser.add_argument("--list", action="store_true", help="say what there is and do nothing")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or 7))
    options = parser.parse_args()
    chosen = [run for run in RUNS if not options.names or run.name.startswith(tuple(options.names))]
    if options.list or not chosen:
        for run in RUNS:
            print(f"{run.name:24} python -m tests.campaigns {' '.join(run.command(options.seed))}")
        return 0 if options.list else 2
    LOGS.mkdir(parents=True, exist_ok=True)
    rows = []
    for run in chosen:
        print(f"{time.strftime('%H:%M:%S')} {run.name}: {' '.join(run.command(options.seed))}", flush=True)
        rows.append(_row(run, _told(run, options.seed)))
        print("  " + " | ".join(rows[-1]), flush=True)
    print("\n" + table([("campaign", "verdict", "without", *SHOWN), *rows]))
    return 0 if all(row[1] in ("holds", "fails, as it must") for row in rows) else 1


def _told(run: Run, seed: int) -> dict[str, Any]:
    """Run it as a process of its own; its report, or what became of it instead."""
    name = run.name.replace(" ", "-").replace(",", "")
    told = LOGS / f"{name}.json"
    told.unlink(missing_ok=True)
    with (LOGS / f"{name}.log").open("w") as log:
        code = subprocess.run(
            [sys.executable, "-m", "tests.campaigns", *run.command(seed), "--json", str(told)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        ).returncode
    if not told.exists():
        return {"holds": False, "figures": {}, "broken": {"ended": [f"with exit code {code}"]}}
    return json.loads(told.read_text())


def _row(run: Run, told: dict[str, Any]) -> tuple[str, ...]:
    if not run.without:
        verdict = "holds" if told["holds"] else "BROKEN: " + ", ".join(told["broken"])
    elif told["holds"]:
        verdict = "HOLDS WITHOUT ITS GUARD"
    elif set(run.breaks) & set(told["broken"]):
        verdict = "fails, as it must"
    else:
        verdict = "FAILS OTHERWISE: " + ", ".join(told["broken"])
    return (run.name, verdict, run.without, *(str(told["figures"].get(name, "")) for name in SHOWN))


def table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


if __name__ == "__main__":
    sys.exit(main())
