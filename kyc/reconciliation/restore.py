"""After a restore: what was open may have been sent after the backup was made.

docs/restore.md is the operator's side of it.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db.models import Q

from accounts.models import User
from exchange.client import ExchangeClient
from exchange.outbox.choices import LOOKS_FIRST, IntentState, Reason, Topic
from exchange.outbox.database import now_ms, short_transaction
from exchange.outbox.handlers import handler_for
from exchange.outbox.looks import pace_of
from exchange.outbox.models import Intent
from exchange.outbox.recovery import begin_recovery, note_recovery
from exchange.outbox.resolving import doubt, take_lane
from kyc.reconciliation.orphans import find_orphans

log = logging.getLogger(__name__)


def recover(client: ExchangeClient, worker: str) -> bool:
    """Mark what was open, then scan every list whole; whether sending may go on.

    Killed, it is taken up again. Raises ExchangeError where a list can't be read.
    """
    begun_ms, is_marked = begin_recovery()
    if not is_marked:
        if not mark_open_intents(begun_ms, worker):
            return False
        note_recovery("marked_ms")
    found = find_orphans(client, actor=User.objects.machine())
    if not found.is_whole:
        log.warning("recovery_waits reason=list_not_whole")
        return False
    note_recovery("scanned_ms")
    log.warning("recovered rows=%s orphans=%s", found.rows, found.orphans)
    return True


def mark_open_intents(begun_ms: int, worker: str) -> bool:
    """Every open create and upload from before the epoch becomes unknown; False where a lane was held."""
    epoch_ms = settings.RECOVERY_EPOCH_MS or begun_ms
    # What was marked already carries a later time than the start: a second run leaves it alone.
    before = Intent.objects.filter(created_ms__lt=epoch_ms, updated_ms__lt=begun_ms)
    may_be_sent = Q(state__in=(IntentState.PENDING, IntentState.SENDING, IntentState.UNKNOWN))
    now = now_ms()
    creates = before.filter(may_be_sent, topic=Topic.CREATE).update(
        state=IntentState.UNKNOWN,
        reason=Reason.CREATE_OUTCOME_UNKNOWN,
        error_code=LOOKS_FIRST,
        unknown_ms=epoch_ms,
        clean_ms=None,
        look_ms=now,
        updated_ms=now,
    )
    # Those that wait for a uid are doubted when their customer is found at the exchange.
    uploads = list(
        before.filter(topic=Topic.UPLOAD, is_ready=True, state__in=(IntentState.PENDING, IntentState.SENDING))
    )
    settle_ms = pace_of(settings.OUTBOX_SETTLE_SECONDS).settle_ms
    for intent in uploads:
        with short_transaction():
            claim = take_lane(intent, worker)
            if claim is None:
                return False
            Intent.objects.filter(pk=intent.pk).update(state=IntentState.PENDING)
            if doubt(intent, claim, "restored"):
                handler_for(intent.topic).unknown(intent, claim)
                Intent.objects.filter(pk=intent.pk).update(
                    state=IntentState.UNKNOWN,
                    reason=Reason.UPLOAD_OUTCOME_UNKNOWN,
                    unknown_ms=epoch_ms,
                    look_ms=epoch_ms + settle_ms,
                )
    log.warning("recovery_began creates=%s uploads=%s", creates, len(uploads))
    return True
