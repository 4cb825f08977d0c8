"""With which of the portal's keys this database was written: fingerprints, which tell nothing of a key."""

from django.db import models
from django.utils import timezone


class KeyFingerprint(models.Model):
    """A key that a start with this database has had: a version of PORTAL_KEYS by its number, or "lasting":
    what its digests and tokens are made with for good."""

    name = models.CharField(primary_key=True, max_length=20)
    fingerprint = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "key's fingerprint"
        verbose_name_plural = "keys' fingerprints"

    def __str__(self) -> str:
        return f"{self.name} {self.fingerprint[:8]}"
