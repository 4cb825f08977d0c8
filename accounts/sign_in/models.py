"""What signing in needs to remember."""

import datetime
import uuid

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Session(AbstractBaseSession):
    """A browser that is known to us. `session_key` is a digest of what its cookie holds, and
    `session_data` is sealed: a copy of this table opens no session and shows nothing of one."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="sessions"
    )


class Tries(models.Model):
    """How often a sign-in was tried: for an account, from an address, by a known device."""

    class Kind(models.TextChoices):
        ACCOUNT = "account"
        ADDRESS = "address"
        DEVICE = "device"
        STEP_UP = "step_up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # A keyed index: an e-mail address that was typed, or an internet address, is not kept in clear.
    key = models.CharField(max_length=32)
    count = models.PositiveSmallIntegerField(default=0)
    counted_at = models.DateTimeField(default=timezone.now)
    is_told = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="tries_are_counted_in_one_place")]
        indexes = [models.Index(fields=["counted_at"], name="tries_by_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.count}"


class LastCode(models.Model):
    """The time step of the last code of an authenticator app that somebody used: none counts twice."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE)
    step = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.step)


class Invitation(models.Model):
    """Somebody was asked to work here; their account waits for the first password."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="invitations")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    # Each letter that is sent holds a link of its own; only the last one is good.
    letters = models.PositiveSmallIntegerField(default=1)
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="one_open_invitation_per_person",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(withdrawn_at__isnull=True),
                name="an_invitation_ends_in_one_way",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def is_open(self, now: datetime.datetime) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None and now < self.expires_at
