"""A comparison from its request to its stored result."""

from __future__ import annotations

import datetime
import logging
import time
from collections.abc import Callable, Sequence

from django.db import transaction
from django.utils import timezone

from accounts import audit, policy
from accounts.models import User
from accounts.policy import NotAllowed
from customers.models import Merchant
from exchange.client import ExchangeClient, ExchangeError
from kyc.drift.choices import Kind, RunState
from kyc.drift.findings import Comparison, Finding, compare
from kyc.drift.models import DriftRow, DriftRun

log = logging.getLogger(__name__)

# Longer than any one call may take with its waits: a run that is silent for so long was killed.
SILENT = datetime.timedelta(minutes=20)
# Calls may be many a second: a sign of life is written no oftener.
BEAT_SECONDS = 10.0
RUNS_KEPT = 20
UNDER_WAY = (RunState.REQUESTED, RunState.RUNNING)


def request_run(*, actor: User, merchant: Merchant | None = None) -> tuple[DriftRun, bool]:
    """Ask the worker for a comparison of the lists; the run, and whether it is a new one.

    While one is asked for or running there is no second.
    """
    _require(actor, merchant.uid if merchant else "")
    end_silent_runs()
    with transaction.atomic():
        known = DriftRun.objects.filter(state__in=UNDER_WAY).order_by("requested_at").first()
        if known is not None:
            return known, False
        run = DriftRun.objects.create(requested_by=actor, merchant_uid=merchant.uid if merchant else "")
        _note(run, actor, "drift.requested", {})
    return run, True


def requested_runs() -> list[DriftRun]:
    """What the worker is to do, the oldest first."""
    return list(DriftRun.objects.filter(state=RunState.REQUESTED).order_by("requested_at"))


def end_silent_runs() -> int:
    """Runs whose process was killed are failed; how many."""
    now = timezone.now()
    return DriftRun.objects.filter(state=RunState.RUNNING, beat_at__lt=now - SILENT).update(
        state=RunState.FAILED, error_code="interrupted", finished_at=now
    )


def reconcile(
    client: ExchangeClient,
    *,
    actor: User,
    merchant: Merchant | None = None,
    is_full: bool = False,
) -> DriftRun:
    """Compare now and store the result. Raises ExchangeError; the failed run stands stored all the same."""
    _require(actor, merchant.uid if merchant else "")
    run = DriftRun.objects.create(
        requested_by=actor, merchant_uid=merchant.uid if merchant else "", is_full=is_full
    )
    carry_out(client, run)
    return run


def carry_out(client: ExchangeClient, run: DriftRun) -> bool:
    """Carry out a requested run; False where another process took it. Raises as `reconcile`."""
    now = timezone.now()
    taken = DriftRun.objects.filter(pk=run.pk, state=RunState.REQUESTED).update(
        state=RunState.RUNNING, started_at=now, beat_at=now
    )
    if not taken:
        return False
    try:
        _require(run.requested_by, run.merchant_uid)
        merchants = Merchant.objects.filter(uid=run.merchant_uid) if run.merchant_uid else _all_merchants()
        found = compare(client, list(merchants), is_full=run.is_full, beat=_beating(run))
        _keep(run, found)
    except ExchangeError as error:
        _fail(run, error.reason)
        raise
    except NotAllowed:
        _fail(run, "not_allowed")
        raise
    except BaseException:
        _fail(run, "interrupted")
        raise
    return True


def _require(actor: User, merchant_uid: str) -> None:
    """The right to compare one merchant's, or ("") everybody's."""
    if merchant_uid:
        policy.require(actor, "drift.reconcile", merchant_uid)
    else:
        policy.require(actor, "drift.reconcile_all")


def _all_merchants() -> Sequence[Merchant]:
    """Every merchant known, and ourselves: the own list shows what no other does."""
    Merchant.objects.own()
    return list(Merchant.objects.all())


def _beating(run: DriftRun) -> Callable[[], None]:
    """What writes down that the run goes on, to be called before each call of the exchange."""
    told = time.monotonic()

    def beat() -> None:
        nonlocal told
        if time.monotonic() - told >= BEAT_SECONDS:
            told = time.monotonic()
            DriftRun.objects.filter(pk=run.pk).update(beat_at=timezone.now())

    return beat


def _fail(run: DriftRun, code: str) -> None:
    DriftRun.objects.filter(pk=run.pk).update(
        state=RunState.FAILED, error_code=code[:60], finished_at=timezone.now()
    )
    run.refresh_from_db()
    log.warning("drift_failed run=%s reason=%s", run.pk, code)


def _keep(run: DriftRun, found: Comparison) -> None:
    counts = {kind.value: 0 for kind in Kind}
    for finding in found.findings.values():
        counts[finding.kind.value] += 1
    with transaction.atomic():
        DriftRow.objects.bulk_create([_row(run, finding) for finding in found.findings.values()], 500)
        DriftRun.objects.filter(pk=run.pk).update(
            state=RunState.DONE,
            finished_at=timezone.now(),
            merchants=found.merchants,
            here=len(found.held),
            there=len(found.seen),
            under_way=found.under_way,
            details=found.details,
            unread=found.unread,
            incomplete=sorted(found.incomplete),
        )
        _note(run, run.requested_by, "drift.reconciled", counts)
        old = DriftRun.objects.exclude(state__in=UNDER_WAY).order_by("-requested_at")
        DriftRun.objects.filter(pk__in=list(old.values_list("pk", flat=True)[RUNS_KEPT:])).delete()
    run.refresh_from_db()
    log.info(
        "drift_compared run=%s here=%s there=%s found=%s", run.pk, run.here, run.there, sum(counts.values())
    )


def _row(run: DriftRun, finding: Finding) -> DriftRow:
    return DriftRow(
        run=run,
        merchant_uid=finding.merchant_uid,
        kind=finding.kind,
        code=finding.code,
        uid=finding.uid[:100],
        reference=finding.reference,
        customer_id=finding.customer_id,
        fields=list(finding.fields),
    )


def _note(run: DriftRun, actor: User, action: str, counts: dict[str, int]) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject_type="drift_run",
        subject_id=run.pk,
        merchant_uid=run.merchant_uid,
        details={"is_full": run.is_full, **counts},
    )
