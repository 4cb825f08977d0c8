"""Payment references, and the events that the exchange sent about them."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from customers.models import Customer
from vault.envelope import DataKey
from vault.fields import EncryptedTextField


class PaymentReference(models.Model):
    """A deposit reference of a customer at the exchange (002:2684), and the webhook that belongs to it alone.

    `own_reference` names it in our own books. The address and its secret are sealed: who has both could tell
    us of money that never came.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="payment_references")
    own_reference = models.CharField(_("our reference"), max_length=64)
    currency = models.CharField(_("currency"), max_length=20)
    # Digits as the exchange is told them; empty where any amount may come. Text, since SQLite would round it.
    expected_amount = models.CharField(_("expected amount"), max_length=40, blank=True)

    # Whole and exact, as it was sent: the exchange echoes it, so it tells this reference from all others.
    webhook_url = EncryptedTextField(editable=False)
    webhook_secret = EncryptedTextField(editable=False)
    # SHA-256 of the address's token, hex. The token has 128 random bits, so nobody guesses it from this.
    hook_digest = models.CharField(max_length=64, unique=True, editable=False)

    # What the exchange gave. None, not "", until then: it is unique.
    exchange_id = models.CharField(_("id at the exchange"), max_length=255, null=True, unique=True)  # noqa: DJ001
    # The code that the payer writes beside the deposit.
    code = models.CharField(_("code for the payer"), max_length=255, blank=True)

    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("requested"), default=timezone.now, editable=False)
    at_exchange_at = models.DateTimeField(_("created at the exchange"), null=True, editable=False)

    class Meta:
        verbose_name = _("payment reference")
        verbose_name_plural = _("payment references")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "own_reference"], name="one_payment_reference_per_own_reference"
            ),
            models.CheckConstraint(
                condition=~Q(own_reference=""), name="a_payment_reference_has_a_name_of_ours"
            ),
        ]

    def __str__(self) -> str:
        return self.own_reference

    def vault_key(self) -> DataKey:
        return self.customer.vault_key()


class WebhookEvent(models.Model):
    """One event that the exchange sent, byte for byte: once it was answered it is sent no more."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.ForeignKey(PaymentReference, on_delete=models.CASCADE, related_name="events")
    # Keyed, over the bytes: the exchange repeats an event until it is answered, the same bytes each time.
    digest = models.CharField(max_length=64, editable=False)
    # The exchange's JSON, its bytes as Latin-1, which gives each its own character.
    body = EncryptedTextField(editable=False)
    received_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        constraints = [
            models.UniqueConstraint(fields=["reference", "digest"], name="one_event_per_body"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def vault_key(self) -> DataKey:
        return self.reference.vault_key()
