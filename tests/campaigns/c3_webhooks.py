"""C3: the exchange's events, each delivered up to eight times, in any order, some forged or cut short, while
the web server is killed and the database goes away: each true one is kept once, and no other."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from exchange.sandbox.testing import SandboxProcess
from tests.campaigns.databases import PostgresCluster, PostgresDatabase, SqliteDatabase
from tests.campaigns.fleet import Install, end
from tests.campaigns.payees import REFERENCES
from tests.campaigns.telling import Report
from tests.campaigns.web import free_port, start_web_server

# 002:2855: what the exchange tells of, in the order in which it happens; nobody promises that order.
KINDS = ("deposit_matched", "completed", "failed", "duplicate_deposit")
DELIVERIES_AT_MOST = 8
# Of all deliveries; they stand beside the true ones.
FORGED, CUT_SHORT = 0.2, 0.05
# So soon a delivery must be answered by a server that is there (S: the exchange waits for five seconds).
ACKNOWLEDGED_WITHIN = 0.5
TRUE, FORGERY, CUT = "true", "forged", "cut short"


@dataclass
class WebhookPlan:
    """`payees`: customers, each with two payment references. `kill_every`: seconds. `senders`: side by side.
    `outage`: seconds for which the database is away, once, where it is PostgreSQL."""

    seed: int = 7
    payees: int = 500
    database: str = "sqlite"
    duration: float = 600.0
    kill_every: float = 2.5
    senders: int = 8
    outage: float = 3.0
    haste: float = 1.0
    guard_off: str = ""
    is_timed: bool = True


@dataclass(frozen=True)
class Delivery:
    path: str
    body: bytes
    signature: str
    kind: str


@dataclass
class Told:
    """What the senders met. `kept`: bodies that were answered with 200; `seconds`: until an answer, of those
    that were sent to a server that was there; `never`: deliveries that were not answered at all."""

    answers: Counter = field(default_factory=Counter)
    kept: set[bytes] = field(default_factory=set)
    is_there: threading.Event = field(default_factory=threading.Event)
    seconds: list[float] = field(default_factory=list)
    never: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def run(plan: WebhookPlan) -> Report:
    report = Report("C3 webhooks", plan.seed)
    with _scenery(plan) as (install, cluster):
        asked = install.ask_for_payments(
            seed=plan.seed, payees=plan.payees, merchants=["self"], is_handed_over=False
        )
        assert asked == plan.payees * REFERENCES
        payments = install.facts()["payments"]
        events, deliveries = _drawn(payments, random.Random(plan.seed))
        told, port = Told(), free_port()
        started = time.monotonic()
        kills = _deliver(plan, install, cluster, port, deliveries, told)
        seconds = time.monotonic() - started
        _judge(report, events, told, install.facts()["payments"])
        wrong = {
            f"{kind} {status}": count
            for (kind, status), count in told.answers.items()
            if status not in (503, 200 if kind == TRUE else 401)
        }
        report.require(not wrong, "answers", f"{wrong}: a true event is 200, any other 401, or 503 for now")
        report.require(told.never == 0, "acknowledged", f"{told.never} deliveries were never answered")
        slowest = sorted(told.seconds)[int(len(told.seconds) * 0.99)] if told.seconds else 0.0
        if plan.is_timed:
            report.require(
                slowest <= ACKNOWLEDGED_WITHIN, "in time", f"of a hundred one took {slowest:.2f} s"
            )
        report.figures |= {
            "references": len(payments),
            "events": sum(map(len, events.values())),
            "deliveries": len(deliveries),
            "answers": {f"{kind} {status}": count for (kind, status), count in sorted(told.answers.items())},
            "p99_seconds": round(slowest, 3),
            "kills": kills,
            "seconds": round(seconds, 1),
            "database": plan.database,
        }
        if not report.holds:
            report.figures["log"] = install.last_words()[-1500:]
    return report


@contextlib.contextmanager
def _scenery(plan: WebhookPlan) -> Iterator[tuple[Install, PostgresCluster | None]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="campaign-")))
        sandbox = stack.enter_context(SandboxProcess())
        cluster = None
        if plan.database == "postgresql":
            folder.chmod(0o755)
            cluster = stack.enter_context(PostgresCluster(folder))
            database = stack.enter_context(PostgresDatabase(cluster.url))
        else:
            database = stack.enter_context(SqliteDatabase(folder))
        yield (
            Install(
                folder,
                database,
                sandbox.base_url,
                sandbox=sandbox,
                guard_off=plan.guard_off,
                haste=plan.haste,
            ),
            cluster,
        )


def _drawn(payments: list[dict], chance: random.Random) -> tuple[dict[str, set[str]], list[Delivery]]:
    """The digests of each reference's true events, and all deliveries in the order in which they are made."""
    events: dict[str, set[str]] = {}
    deliveries: list[Delivery] = []
    for number, payment in enumerate(payments):
        path = urlsplit(payment["webhook_url"]).path
        secret = payment["webhook_secret"]
        for kind in KINDS:
            body = _body(kind, number, chance)
            events.setdefault(payment["id"], set()).add(hashlib.sha256(body).hexdigest())
            proof = _signed(secret, body)
            for _ in range(chance.randint(1, DELIVERIES_AT_MOST)):
                deliveries.append(Delivery(path, body, proof, TRUE))
                if chance.random() < FORGED:
                    forged = _body(kind, number, chance)
                    deliveries.append(Delivery(path, forged, _signed("another secret", forged), FORGERY))
                if chance.random() < CUT_SHORT:
                    deliveries.append(Delivery(path, body[: len(body) // 2], proof, CUT))
    chance.shuffle(deliveries)
    return events, deliveries


def _body(kind: str, number: int, chance: random.Random) -> bytes:
    return json.dumps(
        {
            "event": f"payment_reference.{kind}",
            "payment_reference_id": number,
            "deposit_id": chance.randrange(10**9),
            "amount": f"{chance.randrange(1, 10**6) / 100:.2f}",
            "txid": f"{chance.getrandbits(256):064x}",
        }
    ).encode()


def _signed(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _deliver(
    plan: WebhookPlan,
    install: Install,
    cluster: PostgresCluster | None,
    port: int,
    deliveries: list[Delivery],
    told: Told,
) -> int:
    """All of them, while the server is killed; how often it was."""
    deadline = time.monotonic() + plan.duration
    server = start_web_server(install, port)
    told.is_there.set()
    kills, is_out = 0, cluster is None
    try:
        with ThreadPoolExecutor(plan.senders) as senders:
            parts = [deliveries[number :: plan.senders] for number in range(plan.senders)]
            under_way = [senders.submit(_send_all, part, port, deadline, told) for part in parts]
            next_kill = time.monotonic() + plan.kill_every
            while not all(part.done() for part in under_way):
                time.sleep(0.05)
                if time.monotonic() < next_kill:
                    continue
                if not is_out and cluster is not None and kills:
                    cluster.crash(plan.outage)
                    is_out = True
                else:
                    told.is_there.clear()
                    end(server)
                    kills += 1
                    server = start_web_server(install, port)
                    told.is_there.set()
                next_kill = time.monotonic() + plan.kill_every
            for part in under_way:
                part.result()
    finally:
        end(server)
    return kills


def _send_all(deliveries: list[Delivery], port: int, deadline: float, told: Told) -> None:
    import requests

    session = requests.Session()
    session.trust_env = False
    for delivery in deliveries:
        while not _is_answered(session, delivery, port, told):
            if time.monotonic() > deadline:
                with told.lock:
                    told.never += 1
                break
            time.sleep(0.1)


def _is_answered(session, delivery: Delivery, port: int, told: Told) -> bool:
    """One delivery, as the exchange makes it; whether it needs no other try."""
    import requests

    began, was_there = time.monotonic(), told.is_there.is_set()
    try:
        answer = session.post(
            f"http://127.0.0.1:{port}{delivery.path}",
            data=delivery.body,
            headers={"X-Auth-Webhook": delivery.signature, "Content-Type": "application/json"},
            timeout=10,
        )
    except requests.RequestException:
        return False
    with told.lock:
        told.answers[delivery.kind, answer.status_code] += 1
        if answer.status_code == 200:
            told.kept.add(delivery.body)
        if answer.status_code < 500 and was_there:
            told.seconds.append(time.monotonic() - began)
    return answer.status_code < 500


def _judge(report: Report, events: dict[str, set[str]], told: Told, payments: list[dict]) -> None:
    answered = {hashlib.sha256(body).hexdigest() for body in told.kept}
    lost = doubled = forged = 0
    for payment in payments:
        kept, true = Counter(payment["events"]), events[payment["id"]]
        lost += len(true & answered - set(kept))
        forged += len(set(kept) - true)
        doubled += sum(count > 1 for count in kept.values())
    report.figures |= {"lost": lost, "doubled": doubled, "forged_kept": forged}
    report.require(not lost, "every true event is kept", f"{lost} were answered and are not there")
    report.require(not doubled, "each once", f"{doubled} are there more than once")
    report.require(not forged, "nothing forged is kept", f"{forged} are there")
