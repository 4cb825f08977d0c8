"""Who works here, and what was done.

Roles granted per merchant and the audit trail's chain are added to these tables later; their
doors are `accounts.policy` and `accounts.audit`, and everything already goes through them.
"""

import uuid
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

# The account that commands and the scheduler act for, unless `--as` names another.
MACHINE_EMAIL = "machine@portal.invalid"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user with `email` (kept lower-case); without a password nobody can sign in as them."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def machine(self) -> "User":
        """The machine's own account; made on first use, can't sign in."""
        user = self.filter(email=MACHINE_EMAIL).first()
        return (
            user
            or self.get_or_create(
                email=MACHINE_EMAIL, defaults={"name": "Portal", "is_machine": True, "password": "!"}
            )[0]
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person, or the machine's own account, that signs in by e-mail."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    is_staff = models.BooleanField(_("may open the configuration pages"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    is_machine = models.BooleanField(_("is a machine account"), default=False)
    date_joined = models.DateTimeField(_("joined"), auto_now_add=True)

    objects = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_user_per_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name or self.email


class AuditEntry(models.Model):
    """One thing that was done: append-only. Holds ids and codes; personal data never."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=60)
    merchant_uid = models.CharField(max_length=100, blank=True)
    subject_type = models.CharField(max_length=30)
    subject_id = models.UUIDField(null=True)
    # A customer's entries are read together, its UBOs' and documents' too.
    customer_id = models.UUIDField(null=True)
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [models.Index(fields=["customer_id", "at"], name="audit_by_customer")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_type}"
