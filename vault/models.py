"""What the database keeps about the portal's own keys: sealed where it is a key, and never PORTAL_KEYS."""

from django.db import models
from django.db.models import F, Q


class LastingKey(models.Model):
    """A key that must stay the same, sealed under a version of PORTAL_KEYS and bound to its purpose.

    There are none until a rotation needs them (`vault.lasting`).
    """

    purpose = models.CharField(primary_key=True, max_length=60)
    sealed = models.TextField()

    class Meta:
        verbose_name = "lasting key"
        verbose_name_plural = "lasting keys"

    def __str__(self) -> str:
        return self.purpose


class IndexKey(models.Model):
    """Under which version of PORTAL_KEYS keyed indexes are written: one row, or none before a first rotation.

    `first`: what a row without a version of its own is indexed under; `newest`: what is written.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    first = models.PositiveIntegerField()
    newest = models.PositiveIntegerField()

    class Meta:
        verbose_name = "index key"
        verbose_name_plural = "index keys"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_version_indexes_are_written_under"),
            models.CheckConstraint(
                condition=Q(newest__gt=F("first")), name="indexes_go_on_to_a_newer_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} to {self.newest}"
