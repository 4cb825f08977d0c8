"""What runs by the clock, with Celery's beat or without: one list, and one way to run a job of it."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, connection

from accounts.audit_refusals import at_edge
from accounts.circumstances import Channel
from exchange.client import ExchangeError

log = logging.getLogger(__name__)

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
# How long what staff asked for on the drift page may lie before it is begun.
DRIFT_SECONDS = 5.0
# An entry proves nothing until it is sealed.
SEAL_SECONDS = 5.0
# Of two processes with the same schedule the second comes early; this share of the period is apart enough.
LEAST_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Job:
    """`seconds`: from one start to the next, for all processes together."""

    name: str
    seconds: float
    run: Callable[[], None]


def jobs() -> tuple[Job, ...]:
    return (
        Job("poll_verifications", settings.POLL_SECONDS, _poll_verifications),
        Job("pull_merchants", HOUR, _pull_merchants),
        Job("find_orphans", DAY, _find_orphans),
        Job("drift", DRIFT_SECONDS, _drift),
        Job("scan_documents", MINUTE, _scan_documents),
        Job("clear_sessions", DAY, _clear_sessions),
        Job("sweep_files", DAY, _sweep_files),
        Job("seal_audit", SEAL_SECONDS, _seal_audit),
    )


def run_job(name: str) -> bool:
    """Run a job unless some process started it within its period; whether it ran.

    It never raises for what the exchange or the database does: the next time comes.
    """
    job = next(job for job in jobs() if job.name == name)
    try:
        if not cache.add(f"job-{name}", 1, timeout=max(0.5, job.seconds * LEAST_SHARE)):
            return False
        with at_edge(Channel.TASK):
            job.run()
    except ExchangeError as error:
        log.warning("job_failed job=%s reason=%s status=%s", name, error.reason, error.status)
    except DatabaseError as error:
        log.error("job_failed job=%s error=%s", name, type(error).__name__)
        connection.close()
    return True


def run_schedule(stop: threading.Event) -> None:
    """Run all jobs when their time comes, until told to stop. For a thread of its own."""
    due = {job.name: time.monotonic() for job in jobs()}
    try:
        while not stop.wait(max(0.05, min(1.0, min(due.values()) - time.monotonic()))):
            for job in jobs():
                if time.monotonic() >= due[job.name] and not stop.is_set():
                    due[job.name] = time.monotonic() + job.seconds
                    try:
                        run_job(job.name)
                    except Exception as error:
                        # A fault of ours in one job must not end the others.
                        log.exception("job_failed job=%s error=%s", job.name, type(error).__name__)
    finally:
        connection.close()


def _poll_verifications() -> None:
    from accounts.models import User
    from exchange.connection import make_patient_client
    from kyc.verification import anything_open, poll_verifications

    if not anything_open():
        return
    client = make_patient_client()
    try:
        polled = poll_verifications(client, actor=User.objects.machine())
    finally:
        client.close()
    if polled.changed:
        log.info("verifications_polled seen=%s changed=%s", polled.seen, polled.changed)


def _pull_merchants() -> None:
    from accounts.models import User
    from customers.merchants import pull_merchants
    from exchange.connection import make_client

    client = make_client()
    try:
        pull_merchants(client, actor=User.objects.machine())
    finally:
        client.close()


def _find_orphans() -> None:
    from accounts.models import User
    from exchange.connection import make_client
    from kyc.reconciliation.orphans import find_orphans

    client = make_client()
    try:
        find_orphans(client, actor=User.objects.machine())
    finally:
        client.close()


def _drift() -> None:
    from kyc.drift.asked import do_what_was_asked, is_anything_asked

    if is_anything_asked():
        do_what_was_asked()


def _scan_documents() -> None:
    if not settings.CLAMAV_ADDRESS:
        return
    from accounts.models import User
    from kyc.scanning.rescanning import scan_waiting

    scanned = scan_waiting(actor=User.objects.machine())
    if scanned.left or scanned.infected:
        log.warning(
            "documents_scanned clean=%s infected=%s unreadable=%s left=%s",
            *(scanned.clean, scanned.infected, scanned.unreadable, scanned.left),
        )


def _seal_audit() -> None:
    from accounts.sealing import seal

    try:
        seal()
    except DatabaseError:
        raise
    except Exception as error:
        # Whatever the storage raises. The chain stands; the head is exported the next time.
        log.error("audit_head_not_exported error=%s", type(error).__name__)


def _clear_sessions() -> None:
    from accounts.lock_out import clear_old_counts

    call_command("clearsessions", verbosity=0)
    clear_old_counts()


def _sweep_files() -> None:
    from kyc.orphans import sweep_by_the_clock

    sweep_by_the_clock()
