"""One process that forks a delivery again and again, kills it at a chosen point, lets another finish, judges.

    python -m tests.campaigns.crashing '{"template": …, "sandbox_port": …, "kills": [[{"line": 1}], …], …}'

A kill is {"line": k}: at the k-th executed line of the delivery's code; {"source": "file:line", "nth": n}:
at the n-th time that this line of it is executed; or {"point": name, "nth": n}: at the n-th time a named
point is reached. Several in one list follow each other: killed, started, killed again. One JSON object a line
is printed for each list: whether the delivery ended by itself first, and what is broken.

With `"each_source_line": true` the kills are made here: each line of the source that a delivery which nobody
kills executes, at its first time and at its last.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

KILLED = 137
# Whose lines count: what delivers and reconciles. The heartbeat's rounds depend on the clock alone.
TRACED = ("/exchange/outbox/", "/exchange/client/", "/kyc/delivery/", "/kyc/reconciliation/", "/payments/")
UNTRACED = ("/exchange/outbox/workers.py",)
# name: (module, attribute, killed before or after it)
_DELIVERING, _CREATE, _UPLOAD = (
    "exchange.outbox.delivering",
    "kyc.delivery.create_customer",
    "kyc.delivery.upload_document",
)
_PAYMENT = "payments.delivery"
POINTS = {
    "before_claim": ("exchange.outbox.crew", "claim_lanes", False),
    "after_claim": ("exchange.outbox.crew", "claim_lanes", True),
    "before_attempt": (_DELIVERING, "start_attempt", False),
    "after_attempt": (_DELIVERING, "start_attempt", True),
    "before_nonce": (_DELIVERING, "wait_and_take", False),
    "after_nonce": (_DELIVERING, "wait_and_take", True),
    "after_create_answer": ("exchange.client.client", "ExchangeClient.create_customer", True),
    "after_update_answer": ("exchange.client.client", "ExchangeClient.update_customer", True),
    "after_upload_answer": ("exchange.client.client", "ExchangeClient.upload_document", True),
    "before_settle": (_DELIVERING, "settle", False),
    "after_settle": (_DELIVERING, "settle", True),
    "within_create_settling": (_CREATE, "applied", True),
    "within_upload_settling": (_UPLOAD, "applied", True),
    "within_opening": (_CREATE, "open_intents", True),
    "before_release": (_DELIVERING, "release_claim", False),
    "after_end_of_claim": ("exchange.outbox.settling", "end_claim", True),
}
PAYMENT_POINTS = {
    **{name: POINTS[name] for name in POINTS if "upload" not in name and "create" not in name},
    "after_payment_answer": ("exchange.client.client", "ExchangeClient.create_payment_reference", True),
    "within_payment_settling": (_PAYMENT, "applied", True),
    "within_payment_adoption": ("payments.reconciliation", "bind", True),
}


def trace(on_line: Callable[[str, int], object]) -> None:
    """Call `on_line` with file and number of each line of the delivery's code, in whichever thread, before it
    is executed."""
    wanted: dict[str, bool] = {}

    def in_function(frame, event: str, _argument):
        if event == "line":
            on_line(frame.f_code.co_filename, frame.f_lineno)
        return in_function

    def on_call(frame, _event: str, _argument):
        name = frame.f_code.co_filename
        if name not in wanted:
            wanted[name] = any(part in name for part in TRACED) and not name.endswith(UNTRACED)
        return in_function if wanted[name] else None

    threading.settrace(on_call)
    sys.settrace(on_call)


def arm_line(number: int) -> list[int]:
    """End the process at the `number`-th executed line. What is returned holds how many were executed."""
    executed = [0]

    def on_line(_file: str, _line: int) -> None:
        executed[0] += 1
        if executed[0] >= number:
            os._exit(KILLED)

    trace(on_line)
    return executed


def arm_source(source: str, nth: int) -> None:
    """End the process at the `nth` time that a line of the source, "file:line", is executed."""
    file, _, line = source.rpartition(":")
    wanted, reached = (file, int(line)), count(1)

    def on_line(name: str, number: int) -> None:
        if (name, number) == wanted and next(reached) >= nth:
            os._exit(KILLED)

    trace(on_line)


def count_lines(to: Path) -> None:
    """Deliver, and write how often each line of the source was executed: {"file:line": times}."""
    times: Counter[str] = Counter()
    trace(lambda name, number: times.update((f"{name}:{number}",)))
    deliver(None)
    sys.settrace(None)
    to.write_text(json.dumps(times))


def arm_point(name: str, nth: int) -> None:
    """End the process the `nth` time that a named point is reached."""
    module_name, path, after = {**POINTS, **PAYMENT_POINTS}[name]
    owner: Any = import_module(module_name)
    *holders, attribute = path.split(".")
    for holder in holders:
        owner = getattr(owner, holder)
    plain, reached = getattr(owner, attribute), count(1)

    def stopping(*args: object, **kwargs: object) -> object:
        is_it = next(reached) >= nth
        if is_it and not after:
            os._exit(KILLED)
        result = plain(*args, **kwargs)
        if is_it:
            os._exit(KILLED)
        return result

    setattr(owner, attribute, stopping)


def in_a_fork(work: Callable[[], object], log: Path) -> int:
    """Run `work` in a forked process; its exit code."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        with log.open("a") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        code = 0 if work() is None else 2
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.settrace(None)
        os._exit(code)


def deliver(kill: dict[str, Any] | None) -> None:
    from exchange.outbox.crew import Crew

    if kill and "line" in kill:
        executed = arm_line(kill["line"])
    elif kill and "source" in kill:
        arm_source(kill["source"], kill["nth"])
    elif kill:
        arm_point(kill["point"], kill.get("nth", 1))
    crew = Crew(1)
    with crew:
        crew.run(until="idle")
    if kill and "line" in kill:
        print(f"executed {executed[0]} lines", flush=True)


def main(
    *,
    template: str,
    database: str,
    sandbox_port: int,
    kills: list[list[dict]],
    log: str,
    lost_reply: bool = False,
    each_source_line: bool = False,
    has_payees: bool = False,
    share: int = 0,
    shares: int = 1,
) -> None:
    from django.conf import settings

    from exchange.sandbox.testing import SandboxProcess
    from tests.campaigns.invariants import judge
    from tests.campaigns.scene import Scene

    sandbox = SandboxProcess("unused", port=sandbox_port)
    merchants = sandbox.state()["merchants"]
    said, facts_file = Path(log), Path(f"{database}.facts")

    def begin_anew() -> None:
        for suffix in ("-wal", "-shm"):
            Path(database + suffix).unlink(missing_ok=True)
        shutil.copyfile(template, database)
        # The heads of the trail that was thrown away.
        shutil.rmtree(settings.AUDIT_HEADS, ignore_errors=True)
        sandbox.reset()
        for merchant in merchants:
            sandbox.add_merchant(name=merchant["account_name"], uid=merchant["uid"], email=merchant["email"])
        if has_payees:
            _hand_over_payees(database, sandbox)
        if lost_reply:
            route = "payments.create" if has_payees else "customers.create"
            sandbox.set_faults({"kind": "reset_after", "route": route, "count": 1})

    if each_source_line:
        begin_anew()
        counted = Path(f"{database}.lines")
        if in_a_fork(lambda: count_lines(counted), said):
            raise RuntimeError("the delivery that counts its lines did not end")
        times = sorted(json.loads(counted.read_text()).items())
        kills += [[{"source": line, "nth": nth}] for line, most in times for nth in sorted({1, most})]
    for number, plan in enumerate(kills[share::shares]):
        begin_anew()
        codes = []
        for kill in [*plan, None]:
            codes.append(in_a_fork(lambda kill=kill: deliver(kill), said))
            _forget_heartbeats(database)
        gathered = in_a_fork(lambda: _write_facts(facts_file), said)
        broken: dict[str, list[str]] = {}
        if gathered or codes[-1] != 0:
            broken["delivery"] = [f"ended with {codes}, gathering with {gathered}"]
        else:
            facts = json.loads(facts_file.read_text())
            held = {**sandbox.state(), "payments": sandbox.payment_references()}
            broken = judge(Scene(facts, held, sandbox.oracle())).broken
        ended = all(code == 0 for code in codes[:-1])
        print(json.dumps({"kill": plan, "number": number, "ended": ended, "broken": broken}), flush=True)
        if ended and all("line" in kill for kill in plan):
            return


def _write_facts(to: Path) -> None:
    from tests.campaigns.facts import gather

    to.write_text(json.dumps(gather(), default=str))


def _hand_over_payees(database: str, sandbox) -> None:
    """Everybody here is there, under the uid that the exchange gives them this time."""
    from tests.campaigns.strangers import open_accounts

    connection = sqlite3.connect(database, timeout=30)
    with connection:
        emails = [row[0] for row in connection.execute("SELECT email FROM customers_customer")]
        for email, uid in open_accounts(sandbox, [(None, email) for email in emails]).items():
            connection.execute("UPDATE customers_customer SET uid = ? WHERE email = ?", (uid, email))
    connection.close()


def _forget_heartbeats(database: str) -> None:
    """As if ten seconds had gone by: what a dead worker held may be taken over."""
    connection = sqlite3.connect(database, timeout=30)
    with connection:
        connection.execute("UPDATE exchange_worker SET beat_ms = 0")
    connection.close()


if __name__ == "__main__":
    from tests.campaigns.launch import prepare

    prepare()
    # Everything that a delivery loads is loaded before the first fork.
    for name in (
        "exchange.outbox.crew",
        _CREATE,
        _UPLOAD,
        "kyc.delivery.set_custom_id",
        _PAYMENT,
        "payments.reconciliation",
        "tests.campaigns.facts",
    ):
        import_module(name)
    main(**json.loads(Path(sys.argv[1]).read_text()))
