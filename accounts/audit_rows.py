"""The tables of the audit trail: what was done, the chain over it, and the signed heads of the chain.

All but `AuditSeal` are append-only: the database itself refuses UPDATE, DELETE and TRUNCATE (see the
migration `audit_append_only`). docs/security.md says what the chain proves.
"""

import json
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class CanonicalJSON(json.JSONEncoder):
    """JSON in one spelling: the same value is the same text, so it can be hashed as it stands."""

    def __init__(self, **_options: Any) -> None:
        super().__init__(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


class Outcome(models.TextChoices):
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")


class AuditEntry(models.Model):
    """One thing that was done or refused. Holds ids, codes and masked values; personal data never.

    Numbered by the database. On PostgreSQL the table has a column more, `txid`, which its default fills with
    the number of the writing transaction: the sealer asks by it what is new.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("when"))
    # No foreign key in the database: it would have 32 lanes lock one account's row with every entry. People
    # are never deleted.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("who"),
    )
    # As held then, comma-separated.
    roles = models.CharField(_("in which roles"), max_length=120, blank=True)
    action = models.CharField(_("what"), max_length=60)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default=Outcome.DONE)
    channel = models.CharField(_("by which way"), max_length=10)
    request_id = models.CharField(_("in the course of"), max_length=32)
    merchant_uid = models.CharField(_("merchant"), max_length=100, blank=True)
    subject_type = models.CharField(_("about what"), max_length=30)
    subject_id = models.UUIDField(null=True)
    # A customer's entries are read together, its UBOs' and documents' too.
    customer_id = models.UUIDField(null=True)
    reason = models.TextField(_("reason"), blank=True)
    details = models.JSONField(default=dict, encoder=CanonicalJSON)
    # What changed: field -> [before, after], masked (`accounts.masking`).
    changes = models.JSONField(default=dict, encoder=CanonicalJSON)

    class Meta:
        db_table = "accounts_audit"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome__in=Outcome.values), name="an_audit_outcome_is_one_we_know"
            ),
        ]
        indexes = [
            models.Index(fields=["customer_id", "id"], name="audit_of_customer"),
            models.Index(fields=["actor", "id"], name="audit_of_actor"),
            models.Index(fields=["merchant_uid", "id"], name="audit_of_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.action}"


class AuditLink(models.Model):
    """A link of the chain: which entry stands at this position, and the hash up to and with it.

    hash = SHA-256(hash of the position before | position | canonical bytes of the entry); 32 zero bytes
    stand before position 1.
    """

    position = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField()

    class Meta:
        verbose_name = _("link of the audit chain")
        verbose_name_plural = _("links of the audit chain")

    def __str__(self) -> str:
        return f"{self.position}"


class AuditHead(models.Model):
    """A signed statement of how far the chain reaches; the same text is exported (`AUDIT_HEADS`).

    `payload` is the exact text that was signed: see `accounts.sealing_heads`.
    """

    number = models.BigIntegerField(primary_key=True)
    payload = models.TextField()
    # Ed25519 over the payload's bytes, base64.
    signature = models.CharField(max_length=88)

    class Meta:
        verbose_name = _("signed head of the audit chain")
        verbose_name_plural = _("signed heads of the audit chain")

    def __str__(self) -> str:
        return f"{self.number}"


class AuditSeal(models.Model):
    """One row: where the sealer goes on. No evidence: to alter it delays sealing, which is seen."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    # PostgreSQL: entries of earlier transactions are all linked. 0: nothing is known.
    open_txid = models.BigIntegerField(default=0)
    # After a restore into a cluster that counts anew: entries up to this one are all linked.
    settled_id = models.BigIntegerField(default=0)
    # The newest head that was exported.
    exported = models.BigIntegerField(default=0)
    sealed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("state of the sealer")
        verbose_name_plural = _("states of the sealer")
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_sealer_state"),
        ]

    def __str__(self) -> str:
        return f"{self.exported}"
