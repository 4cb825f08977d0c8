"""Comparisons and what they found. No personal data: uids, references, names of fields, codes."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from kyc.drift.choices import Code, Kind, Obstacle, RunState, TakeIn, action_for


class DriftRun(models.Model):
    """One comparison. `error_code`: the client's reason, where it failed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # "" compares all merchants.
    merchant_uid = models.CharField(_("merchant"), max_length=100, blank=True)
    is_full = models.BooleanField(_("with details"), default=False)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.REQUESTED)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    # Moves while the run does; a run whose beat is old was killed.
    beat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=60, blank=True)
    merchants = models.PositiveIntegerField(default=0)
    here = models.PositiveIntegerField(default=0)
    there = models.PositiveIntegerField(default=0)
    # Of customers whose create is not settled yet: the outbox looks for them itself.
    under_way = models.PositiveIntegerField(default=0)
    details = models.PositiveIntegerField(default=0)
    unread = models.PositiveIntegerField(default=0)
    # The uids of merchants whose list could not be had whole: nothing is said to be missing from it.
    incomplete = models.JSONField(default=list)

    class Meta:
        verbose_name = _("comparison with the exchange")
        verbose_name_plural = _("comparisons with the exchange")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=RunState.values), name="a_comparison_is_in_a_known_state"
            ),
        ]
        indexes = [models.Index(fields=["state", "-requested_at"], name="comparisons_by_state")]

    def __str__(self) -> str:
        return f"{self.requested_at:%Y-%m-%d %H:%M} {self.state}"

    @property
    def is_complete(self) -> bool:
        """Everything that was to be read was read."""
        return self.state == RunState.DONE and not self.incomplete and not self.unread


class DriftRow(models.Model):
    """One subject on which the two sides don't agree."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(DriftRun, on_delete=models.CASCADE, related_name="rows")
    merchant_uid = models.CharField(_("merchant"), max_length=100)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    code = models.CharField(max_length=20, choices=Code.choices)
    uid = models.CharField(_("uid at the exchange"), max_length=100)
    # Of the customer here; empty for what is only there.
    reference = models.CharField(_("reference"), max_length=100, blank=True)
    customer_id = models.UUIDField(null=True)
    fields = models.JSONField(default=list)
    take_in = models.CharField(max_length=12, choices=TakeIn.choices, blank=True)
    take_in_asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    obstacle = models.CharField(max_length=20, choices=Obstacle.choices, blank=True)

    class Meta:
        verbose_name = _("drift")
        verbose_name_plural = _("drift")
        ordering = ["kind", "merchant_uid", "uid"]
        constraints = [
            models.UniqueConstraint(fields=["run", "uid"], name="one_finding_per_run_and_uid"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="a_drift_is_of_a_known_kind"),
            models.CheckConstraint(condition=Q(code__in=Code.values), name="a_drift_has_a_known_code"),
        ]
        indexes = [
            models.Index(fields=["take_in"], condition=Q(take_in="asked"), name="drift_to_take_in"),
        ]

    def __str__(self) -> str:
        return f"{self.uid} {self.code}"

    @property
    def action(self) -> str:
        return action_for(self.code, self.fields)

    @property
    def is_open(self) -> bool:
        """Still a difference: nothing that was taken in since."""
        return self.take_in != TakeIn.DONE

    @property
    def may_be_taken_in(self) -> bool:
        return Code(self.code).may_be_taken_in and self.take_in not in (TakeIn.ASKED, TakeIn.DONE)
