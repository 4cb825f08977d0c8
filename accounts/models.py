"""Who works here, in which roles, and what was done.

The doors to these tables are `accounts.policy`, `accounts.granting` and `accounts.audit`.
"""

import uuid
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.audit_rows import AuditEntry, AuditHead, AuditLink, AuditSeal
from accounts.proposal_rows import Decision, Proposal
from accounts.roles import Eyes, Role, by_second_person
from accounts.sign_in.models import Invitation, LastCode, Session, Tries

__all__ = [
    "AuditEntry",
    "AuditHead",
    "AuditLink",
    "AuditSeal",
    "Decision",
    "Invitation",
    "LastCode",
    "Proposal",
    "RoleGrant",
    "Session",
    "Tries",
    "User",
]

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
        """What Django's own command asks for. Its flags mean nothing here: rights come by roles."""
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
            models.CheckConstraint(
                condition=Q(is_machine=False) | Q(email=MACHINE_EMAIL), name="one_account_is_the_machine"
            ),
        ]

    def __str__(self) -> str:
        return gettext("the portal itself") if self.is_machine else self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name or self.email


class RoleGrant(models.Model):
    """A role that somebody holds: for one merchant, or (`merchant_uid` empty) for all of them.

    What is taken away is deleted; the audit trail tells that it was there.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    # Merchants are named by their uid: this room does not know them.
    merchant_uid = models.CharField(_("merchant"), max_length=100, null=True, blank=True)  # noqa: DJ001
    # Whoever asked for it, and whoever made it so.
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(default=timezone.now)
    eyes = models.CharField(max_length=10, choices=Eyes.choices)

    class Meta:
        verbose_name = _("role held")
        verbose_name_plural = _("roles held")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "merchant_uid"],
                condition=Q(merchant_uid__isnull=False),
                name="a_role_is_held_once_per_merchant",
            ),
            models.UniqueConstraint(
                fields=["user", "role"],
                condition=Q(merchant_uid__isnull=True),
                name="a_role_is_held_once_for_all_merchants",
            ),
            models.CheckConstraint(
                condition=Q(merchant_uid__isnull=True) | ~Q(merchant_uid=""),
                name="a_role_is_for_a_named_merchant_or_all",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="a_role_is_one_we_know"),
            models.CheckConstraint(
                condition=~Q(role=Role.ADMINISTRATOR) | Q(merchant_uid__isnull=True),
                name="an_administrator_is_one_for_all_merchants",
            ),
            # Not narrowed to the first administrators: people still hold what commands gave before.
            models.CheckConstraint(
                condition=by_second_person("granted_by"),
                name="a_role_is_granted_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(eyes=Eyes.COMMAND) | ~Q(granted_by=F("user")),
                name="nobody_grants_themselves_a_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} ({self.merchant_uid or '*'})"
