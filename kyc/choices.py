"""States of documents, requirements and verdicts, each with its label and tone on one line."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Delivery(models.TextChoices):
    """Where a document stands on its way to the exchange."""

    NOT_SENT = "not_sent", _("Not sent")
    SENT = "sent", _("Sent")
    UNKNOWN = "unknown", _("Outcome unknown")
    REFUSED = "refused", _("Refused")


class Scan(models.TextChoices):
    """What the virus scanner said of a document's file."""

    NOT_SCANNED = "not_scanned", _("No scanner was asked")
    PENDING = "pending", _("Waits for the virus scanner")
    CLEAN = "clean", _("Passed by the virus scanner")
    INFECTED = "infected", _("Quarantined")


class RequirementState(models.TextChoices):
    """Whose move it is."""

    MISSING = "missing", _("Missing")
    INVALID = "invalid", _("Invalid")
    WAITING_FOR_CUSTOMER = "waiting_for_customer", _("Waiting for the customer")
    WAITING_FOR_STAFF = "waiting_for_staff", _("Waiting for staff")
    WAITING_FOR_EXCHANGE = "waiting_for_exchange", _("Waiting for the exchange")
    DONE = "done", _("Done")

    @property
    def tone(self) -> str:
        return _TONES[self.value]


_TONES = {
    "missing": "bad",
    "invalid": "bad",
    "waiting_for_customer": "warn",
    "waiting_for_staff": "warn",
    "waiting_for_exchange": "progress",
    "done": "good",
}
