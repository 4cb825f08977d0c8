"""What staff asked for on a page, done by the worker's schedule."""

import logging

from accounts.policy import NotAllowed
from exchange.client import ExchangeError
from exchange.connection import make_patient_client
from kyc.drift.choices import RunState, TakeIn
from kyc.drift.models import DriftRow, DriftRun
from kyc.drift.reconciling import carry_out, end_silent_runs, requested_runs
from kyc.drift.taking_in import take_in_asked

log = logging.getLogger(__name__)


def is_anything_asked() -> bool:
    """Two short queries."""
    return (
        DriftRun.objects.filter(state=RunState.REQUESTED).exists()
        or DriftRow.objects.filter(take_in=TakeIn.ASKED).exists()
    )


def do_what_was_asked() -> None:
    """Carry out the requested comparisons and takings-in. What fails is kept with its run."""
    end_silent_runs()
    client = make_patient_client()
    try:
        for run in requested_runs():
            try:
                carry_out(client, run)
            except (ExchangeError, NotAllowed) as error:
                log.warning("drift_not_compared run=%s error=%s", run.pk, type(error).__name__)
        take_in_asked(client)
    finally:
        client.close()
