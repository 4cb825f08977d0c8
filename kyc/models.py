"""Documents and their bytes, and the decisions staff took about them."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import WAIVERS_NARROWED_AT, Eyes, by_second_person
from customers.models import Customer, Ubo
from kyc.choices import Delivery, Scan
from kyc.drift.models import DriftRow, DriftRun
from kyc.reconciliation.rows import Confirmation
from kyc.retention.rows import Ending, Erasure, LegalHold
from vault.envelope import DataKey
from vault.fields import EncryptedTextField

__all__ = [
    "AcceptedWarning",
    "Confirmation",
    "Document",
    "DriftRow",
    "DriftRun",
    "Ending",
    "Erasure",
    "LegalHold",
    "Waiver",
]


class Document(models.Model):
    """One version of one document. A new file for a type supersedes the old row; nothing is overwritten."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="documents")
    ubo = models.ForeignKey(Ubo, on_delete=models.CASCADE, related_name="documents", null=True, blank=True)
    doc_type = models.CharField(_("document type"), max_length=40)
    version = models.PositiveIntegerField(default=1)
    is_current = models.BooleanField(default=True)

    doc_number = EncryptedTextField(_("document number"))
    doc_number_index = models.CharField(max_length=32, blank=True, editable=False)
    doc_expire = models.DateField(_("expires"), null=True, blank=True)
    doc_issued = models.DateField(_("issued"), null=True, blank=True)

    # The user's own file name may name a person: sealed, and used for nothing but display.
    original_name = EncryptedTextField(_("file name"))
    file = models.CharField(max_length=200, editable=False)
    content_type = models.CharField(_("kind of file"), max_length=40)
    size = models.PositiveIntegerField(_("size, bytes"))
    sha256 = EncryptedTextField("SHA-256")
    # Keyed, so that a dump does not tell who holds a given picture.
    content_digest = models.CharField(max_length=64, editable=False)
    # Under which version of PORTAL_KEYS both indexes are; None: the lowest of before a first rotation.
    index_version = models.IntegerField(null=True, editable=False)
    # Of a PDF; None for a picture, and for what was handed in before pages were counted.
    pages = models.PositiveSmallIntegerField(_("pages"), null=True, editable=False)
    # What the gate doubted about the file: a list of {"code", "message", "remedy"}.
    file_warnings = models.JSONField(default=list, blank=True, editable=False)

    scan = models.CharField(
        _("virus scan"), max_length=12, choices=Scan.choices, default=Scan.NOT_SCANNED, editable=False
    )
    # The scanner's own name for what it found.
    scan_found = models.CharField(max_length=100, blank=True, editable=False)
    scanned_at = models.DateTimeField(null=True, editable=False)

    delivery = models.CharField(
        _("delivery"), max_length=10, choices=Delivery.choices, default=Delivery.NOT_SENT
    )
    sent_at = models.DateTimeField(_("sent"), null=True, editable=False)
    # The outcome of a send was unknown at least once: the exchange may hold it twice, or not at all.
    is_flagged = models.BooleanField(_("may be missing or doubled there"), default=False)

    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(_("added"), default=timezone.now, editable=False)
    superseded_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "doc_type"],
                condition=Q(is_current=True, ubo__isnull=True),
                name="one_current_document_per_type_and_customer",
            ),
            models.UniqueConstraint(
                fields=["ubo", "doc_type"],
                condition=Q(is_current=True, ubo__isnull=False),
                name="one_current_document_per_type_and_ubo",
            ),
            models.UniqueConstraint(
                fields=["customer", "doc_type", "version"],
                condition=Q(ubo__isnull=True),
                name="one_document_per_version_and_customer",
            ),
            models.UniqueConstraint(
                fields=["ubo", "doc_type", "version"],
                condition=Q(ubo__isnull=False),
                name="one_document_per_version_and_ubo",
            ),
            models.CheckConstraint(
                condition=Q(delivery__in=Delivery.values), name="a_document_has_a_known_delivery"
            ),
            models.CheckConstraint(condition=~Q(file=""), name="a_document_has_a_file"),
            models.CheckConstraint(condition=Q(scan__in=Scan.values), name="a_document_has_a_known_scan"),
            models.CheckConstraint(
                condition=~Q(scan=Scan.INFECTED) | Q(is_current=False, delivery=Delivery.NOT_SENT),
                name="an_infected_document_goes_nowhere",
            ),
            models.CheckConstraint(
                condition=Q(size__gte=1, size__lte=4_000_000), name="a_document_has_at_most_4_mb"
            ),
        ]
        indexes = [
            models.Index(fields=["content_digest"], name="documents_by_content"),
            models.Index(fields=["added_at"], condition=Q(scan=Scan.PENDING), name="documents_to_scan"),
            models.Index(
                fields=["doc_number_index"], condition=~Q(doc_number_index=""), name="documents_by_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.doc_type} v{self.version}"

    def vault_key(self) -> DataKey:
        return self.customer.vault_key()


class AcceptedWarning(models.Model):
    """A doubt that a person looked at and accepted, with a reason. Bound to what was seen."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="accepted_warnings")
    # As in Problem: "", "ubo:<uuid>", "document:<uuid>"; ids instead of names.
    subject = models.CharField(max_length=100, blank=True)
    code = models.CharField(max_length=60)
    field = models.CharField(max_length=60, blank=True)
    # A keyed digest of the value that was doubted: another value is another doubt.
    value_digest = models.CharField(max_length=64, blank=True)
    reason = models.TextField(_("reason"))
    # Whoever proposed it, where a second person approved.
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    accepted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    eyes = models.CharField(max_length=10, choices=Eyes.choices, default=Eyes.ONE)
    accepted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "subject", "code", "field", "value_digest"],
                name="a_warning_is_accepted_once",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_warning_is_accepted_with_a_reason"),
            models.CheckConstraint(
                condition=by_second_person("accepted_by"), name="a_second_person_accepts_a_warning"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Waiver(models.Model):
    """A document that a business need not hand in, with the reason (002:2457, 002:2462)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="waivers")
    doc_type = models.CharField(max_length=40)
    reason = models.TextField(_("reason"))
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    waived_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    eyes = models.CharField(max_length=10, choices=Eyes.choices, default=Eyes.ONE)
    waived_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "doc_type"], name="one_waiver_per_customer_and_type"),
            models.CheckConstraint(condition=~Q(reason=""), name="a_document_is_waived_with_a_reason"),
            models.CheckConstraint(
                condition=by_second_person("waived_by", by_one=(Eyes.ONE,))
                | Q(eyes=Eyes.COMMAND, waived_at__lt=WAIVERS_NARROWED_AT),
                name="a_second_person_waives_a_document",
            ),
        ]

    def __str__(self) -> str:
        return self.doc_type
