"""Telling workers that something is due. Losing a ring loses nothing: they look by themselves too."""

import logging

from django.conf import settings
from django.utils.module_loading import import_string

log = logging.getLogger(__name__)


def ring() -> None:
    """Call what OUTBOX_DOORBELL names (a dotted path of a function without arguments), if anything.

    A broker that can't be reached must not undo or fail the change that was just committed.
    """
    path = getattr(settings, "OUTBOX_DOORBELL", "")
    if not path:
        return
    try:
        import_string(path)()
    except Exception as error:
        log.warning("doorbell_failed error=%s", type(error).__name__)
