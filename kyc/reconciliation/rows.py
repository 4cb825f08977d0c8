"""That people vouched for an account at the exchange: the evidence, where nothing there shows whose it is."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.roles import Eyes, by_second_person
from customers.models import Customer


class Confirmation(models.Model):
    """An officer's word that the account `uid` is this customer. What was said stands in the proposal and in
    the audit row; here is who said it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="confirmations")
    uid = models.CharField(max_length=100)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(default=timezone.now)
    eyes = models.CharField(max_length=10, choices=Eyes.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["uid"], name="an_account_is_confirmed_once"),
            models.CheckConstraint(condition=~Q(uid=""), name="a_confirmation_names_an_account"),
            # No command confirms anything.
            models.CheckConstraint(
                condition=by_second_person("confirmed_by", by_one=(Eyes.ONE,)),
                name="a_second_person_confirms_an_account",
            ),
        ]

    def __str__(self) -> str:
        return self.uid
