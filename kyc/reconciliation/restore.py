"""After a restore: what was open may have been sent after the backup was made.

docs/restore.md is the operator's side of it.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db.models import Q

from accounts.models import User
from exchange.client import ExchangeClient
from exchange.outbox.choices import LOOKED_FOR, LOOKS_FIRST, UNKNOWN_REASONS, IntentState, Reason, Topic
from exchange.outbox.database import now_ms, short_transaction
from exchange.outbox.handlers import handler_for
from exchange.outbox.looks import pace_of
from exchange.outbox.models import Intent
from exchange.outbox.recovery import begin_recovery, note_recovery
from exchange.outbox.resolving import doubt, take_lane
from kyc.reconciliation.orphans import find_orphans

log = logging.getLogger(__name__)

# Staff may have had one sent that waits for them in the backup.
_MAY_HAVE_BEEN_SENT = Q(state__in=(IntentState.PENDING, IntentState.SENDING, IntentState.WAITING_FOR_STAFF))


def recover(client: ExchangeClient, worker: str) -> bool:
    """Mark what was open, then scan every list whole; whether sending may go on.

    Killed, it is taken up again. Raises ExchangeError where a list can't be read.
    """
    begun_ms, is_marked = begin_recovery()
    if not is_marked:
        if not mark_open_intents(begun_ms, worker):
            return False
        note_recovery("marked_ms")
    # Nothing is sent until the lists are read, so they may have all of the rate.
    found = find_orphans(client, actor=User.objects.machine(), turn=lambda: None)
    if not found.is_whole:
        log.warning("recovery_waits reason=list_not_whole")
        return False
    note_recovery("scanned_ms")
    log.warning("recovered rows=%s orphans=%s", found.rows, found.orphans)
    return True


def mark_open_intents(begun_ms: int, worker: str) -> bool:
    """Doubt what is open from before the epoch and may have been sent; False where a lane was held."""
    epoch_ms = settings.RECOVERY_EPOCH_MS or begun_ms
    # What was marked already carries a later time than the start: a second run leaves it alone.
    before = Intent.objects.filter(created_ms__lt=epoch_ms, updated_ms__lt=begun_ms)
    may_be_sent = Q(state__in=(IntentState.PENDING, IntentState.SENDING, IntentState.UNKNOWN))
    now = now_ms()
    looked_for = 0
    for topic in LOOKED_FOR:
        looked_for += before.filter(may_be_sent, topic=topic).update(
            state=IntentState.UNKNOWN,
            reason=UNKNOWN_REASONS[topic],
            error_code=LOOKS_FIRST,
            unknown_ms=epoch_ms,
            clean_ms=None,
            look_ms=now,
            updated_ms=now,
        )
    # Those that wait for a uid are doubted when their customer is found at the exchange.
    uploads = list(before.filter(_MAY_HAVE_BEEN_SENT, topic=Topic.UPLOAD, is_ready=True))
    for intent in uploads:
        if not _mark_upload(intent, epoch_ms, worker):
            return False
    log.warning("recovery_began looked_for=%s uploads=%s", looked_for, len(uploads))
    return True


def _mark_upload(intent: Intent, epoch_ms: int, worker: str) -> bool:
    """Flag its document. What was to be sent waits; what staff must decide about stays with them.

    False where a worker holds the lane.
    """
    with short_transaction():
        claim = take_lane(intent, worker)
        if claim is None:
            return False
        if intent.state == IntentState.SENDING:
            Intent.objects.filter(pk=intent.pk).update(state=IntentState.PENDING)
        if not doubt(intent, claim, "restored"):
            return True
        handler_for(intent.topic).unknown(intent, claim)
        if intent.state != IntentState.WAITING_FOR_STAFF:
            Intent.objects.filter(pk=intent.pk).update(
                state=IntentState.UNKNOWN,
                reason=Reason.UPLOAD_OUTCOME_UNKNOWN,
                unknown_ms=epoch_ms,
                look_ms=epoch_ms + pace_of(settings.OUTBOX_SETTLE_SECONDS).settle_ms,
            )
    return True
