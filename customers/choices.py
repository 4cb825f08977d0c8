"""The states of a customer, each with its label and its tone on one line."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EntityType(models.TextChoices):
    INDIVIDUAL = "individual", _("Individual")
    BUSINESS = "business", _("Business")


class Stage(models.TextChoices):
    """Where a customer stands, in the order it is passed through."""

    DRAFT = "draft", _("Draft")
    COMPLETE = "complete", _("Complete")
    SUBMITTED = "submitted", _("Submitted")
    AT_EXCHANGE = "at_exchange", _("At the exchange")
    DOCUMENTS_SENT = "documents_sent", _("In review")
    VERIFIED = "verified", _("Verified")
    REJECTED = "rejected", _("Rejected")

    @property
    def tone(self) -> str:
        """How it is coloured: neutral, info, progress, good or bad."""
        return _TONES[self.value]


_TONES = {
    "draft": "neutral",
    "complete": "info",
    "submitted": "progress",
    "at_exchange": "progress",
    "documents_sent": "progress",
    "verified": "good",
    "rejected": "bad",
}

# Before these are left, data may still be changed; afterwards the record is frozen.
EDITABLE_STAGES = (Stage.DRAFT, Stage.COMPLETE)
# The exchange has the customer, and has not said its last word.
OPEN_AT_EXCHANGE_STAGES = (Stage.AT_EXCHANGE, Stage.DOCUMENTS_SENT)


class Origin(models.TextChoices):
    """How a customer came to us."""

    PACK = "pack", _("Onboarding pack")
    FORM = "form", _("Form")
    API = "api", _("API")
    EXCHANGE = "exchange", _("Found at the exchange")
