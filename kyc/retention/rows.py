"""Ends of relationships, legal holds and erasures: the evidence, which outlives the data."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import NARROWED_AT, Eyes, by_second_person
from customers.models import Customer


class How(models.TextChoices):
    """Why we have nothing more to do with a customer."""

    REJECTED = "rejected", _("Rejected by us")
    WITHDRAWN = "withdrawn", _("Withdrawn by the customer")
    CLOSED = "closed", _("Relationship closed")


class Ending(models.Model):
    """The end of a relationship, from which the retention clock runs. Reopened: it was a mistake."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="endings")
    how = models.CharField(max_length=10, choices=How.choices)
    reason = models.TextField()
    ended_at = models.DateTimeField(default=timezone.now)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    eyes = models.CharField(max_length=10, choices=Eyes.choices)
    reopened_at = models.DateTimeField(null=True)
    reopened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(reopened_at__isnull=True), name="a_customer_has_one_end"
            ),
            models.CheckConstraint(condition=Q(how__in=How.values), name="an_end_is_of_a_known_kind"),
            models.CheckConstraint(condition=~Q(reason=""), name="an_end_has_a_reason"),
            models.CheckConstraint(
                condition=by_second_person("ended_by", by_one=(Eyes.ONE,))
                | Q(eyes=Eyes.COMMAND, ended_at__lt=NARROWED_AT),
                name="a_second_person_ends_a_relationship",
            ),
        ]

    def __str__(self) -> str:
        return self.how


class LegalHold(models.Model):
    """While one is in force nothing of the customer is erased, whatever the clock says."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="legal_holds")
    reason = models.TextField()
    placed_at = models.DateTimeField(default=timezone.now)
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    lift_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(lifted_at__isnull=True), name="a_customer_has_one_legal_hold"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_legal_hold_has_a_reason"),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | (Q(lifted_at__isnull=False, lifted_by__isnull=False) & ~Q(lift_reason="")),
                name="a_legal_hold_is_lifted_by_somebody_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.placed_at:%Y-%m-%d}"


class Erasure(models.Model):
    """That a customer's data was destroyed, when and by whom. Holds nothing of it."""

    customer = models.OneToOneField(
        Customer, on_delete=models.PROTECT, primary_key=True, related_name="erasure"
    )
    due_on = models.DateField()
    erased_at = models.DateTimeField(default=timezone.now)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    erased_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    eyes = models.CharField(max_length=10, choices=Eyes.choices)
    documents = models.PositiveIntegerField()
    owners = models.PositiveIntegerField()

    class Meta:
        constraints = [
            # A command erases alone only what two had erased before a restore: manage.py erase_again.
            models.CheckConstraint(
                condition=by_second_person("erased_by"), name="a_second_person_erases_a_customer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.erased_at:%Y-%m-%d}"
