"""An event that the exchange sends about a payment reference: proved to be its own, kept, and answered.

It is kept byte for byte before it is answered: after eight deliveries without an answer of 2xx it is gone for
good (002:2716). What it says is read later, from what was kept.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
from enum import Enum

from django.db import IntegrityError, transaction

from payments.models import PaymentReference, WebhookEvent
from payments.webhook_address import digest_of
from vault.indexes import keyed_digest

log = logging.getLogger(__name__)


class Received(Enum):
    """What became of a delivery."""

    KEPT = "kept"
    REPEATED = "repeated"  # the same bytes were kept before
    FORGED = "forged"  # not signed with the secret of this address
    UNKNOWN = "unknown"  # nobody has this address, or not any more


def receive(*, token: str, raw: bytes, signature: str) -> Received:
    """Keep one event that came to the address with this token.

    `raw`: the body as it came; `signature`: base64 of its HMAC-SHA256 under the address's own secret
    (002:2699). Whoever gets KEPT or REPEATED may answer 2xx: the event is committed. Raises CannotOpen where
    the keys that this process was given don't open the secret, and the database's own errors.
    """
    reference = (
        PaymentReference.objects.select_related("customer").filter(hook_digest=digest_of(token)).first()
    )
    if reference is None or reference.customer.is_erased:
        return Received.UNKNOWN
    expected = hmac.digest(reference.webhook_secret.encode(), raw, "sha256")
    if not hmac.compare_digest(expected, _decoded(signature)):
        log.warning("webhook_forged reference=%s bytes=%s", reference.pk, len(raw))
        return Received.FORGED
    digest = keyed_digest("webhook", raw)
    if WebhookEvent.objects.filter(reference=reference, digest=digest).exists():
        return Received.REPEATED
    event = WebhookEvent(reference=reference, digest=digest, body=raw.decode("latin-1"))
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except IntegrityError:
        # The same delivery came twice at once, and the other one was faster; or the customer's data was
        # destroyed meanwhile.
        is_kept = WebhookEvent.objects.filter(reference=reference, digest=digest).exists()
        return Received.REPEATED if is_kept else Received.UNKNOWN
    log.info("webhook_kept reference=%s event=%s", reference.pk, event.pk)
    return Received.KEPT


def _decoded(signature: str) -> bytes:
    """The signature's bytes; none where it can't be one."""
    try:
        return base64.b64decode(signature.strip().encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""
