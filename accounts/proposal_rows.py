"""What one person proposed and a second one decides."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.roles import BY_COMMAND, NARROWED_AT, WAIVERS_NARROWED_AT, Eyes


class Decision(models.TextChoices):
    """What became of a proposal; none yet: it is open."""

    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Taken back")
    # What it was about has changed or gone meanwhile.
    LAPSED = "lapsed", _("Lapsed")

    @property
    def tone(self) -> str:
        return {"approved": "good", "refused": "bad"}.get(self.value, "neutral")


class Proposal(models.Model):
    """One thing that needs a second person. Holds ids and codes; personal data never.

    `action` is the policy's name of what is done when it is approved, and of the right that takes. `key` says
    which of the subject's it is, where there may be several (one of its warnings, say).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=30)
    subject_id = models.UUIDField()
    key = models.CharField(max_length=200, blank=True)
    # "" where it is about no merchant's.
    merchant_uid = models.CharField(max_length=100, blank=True)
    customer_id = models.UUIDField(null=True)
    details = models.JSONField(default=dict)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    reason = models.TextField()
    decision = models.CharField(max_length=10, choices=Decision.choices, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.TextField(blank=True)
    eyes = models.CharField(max_length=10, choices=Eyes.choices, blank=True)

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        constraints = [
            models.UniqueConstraint(
                fields=["action", "subject_type", "subject_id", "key"],
                condition=Q(decision=""),
                name="one_open_proposal_per_subject",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_proposal_has_a_reason"),
            models.CheckConstraint(
                condition=Q(decision="", decided_by__isnull=True, decided_at__isnull=True, eyes="")
                | Q(decision__in=Decision.values, decided_by__isnull=False, decided_at__isnull=False),
                name="a_proposal_is_open_or_decided_by_somebody",
            ),
            # The named exception: onboarding by a command, while FOUR_EYES_COMMANDS is off.
            models.CheckConstraint(
                condition=~Q(decision__in=(Decision.APPROVED, Decision.REFUSED))
                | (
                    Q(eyes=Eyes.COMMAND)
                    & (
                        Q(action__in=sorted(BY_COMMAND))
                        | Q(decided_at__lt=NARROWED_AT)
                        | Q(action="document.waive", decided_at__lt=WAIVERS_NARROWED_AT)
                    )
                )
                | (Q(eyes=Eyes.TWO) & ~Q(decided_by=F("made_by"))),
                name="whoever_proposed_does_not_decide",
            ),
            models.CheckConstraint(
                condition=~Q(decision=Decision.WITHDRAWN) | Q(decided_by=F("made_by")),
                name="only_whoever_proposed_takes_it_back",
            ),
        ]
        indexes = [
            models.Index(fields=["made_at"], condition=Q(decision=""), name="proposals_open"),
            models.Index(fields=["customer_id", "made_at"], name="proposals_by_customer"),
            models.Index(fields=["subject_id", "made_at"], name="proposals_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type}"

    @property
    def is_open(self) -> bool:
        return not self.decision
