"""Merchants, their customers, and who stands behind a business.

Field names are the exchange's (002:1718-1998).
"""

import uuid
from decimal import Decimal

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.policy import merchant_scope
from accounts.roles import Eyes, by_second_person
from customers.choices import EDITABLE_STAGES, EntityType, Origin, Stage
from vault.data_keys import HoldsDataKey, owner_of
from vault.envelope import DataKey
from vault.fields import EncryptedDateField, EncryptedTextField

# The uid under which the aggregator's own merchant row is known here; the exchange is never told it.
SELF_UID = "self"


class MerchantQuerySet(models.QuerySet["Merchant"]):
    def visible_to(self, user: User | AnonymousUser, action: str = "merchant.view") -> "MerchantQuerySet":
        """The merchants for which `user` may do `action`."""
        scope = merchant_scope(user, action)
        return self if scope is None else self.filter(uid__in=scope)

    def own(self) -> "Merchant":
        """The aggregator itself, as a merchant; made on first use."""
        return self.get_or_create(uid=SELF_UID, defaults={"is_self": True, "name": "Aggregator"})[0]


class Merchant(HoldsDataKey):
    """A merchant under the aggregator, pulled from the exchange; contact, notes and settings are ours."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    uid = models.CharField(_("uid"), max_length=100, unique=True)
    is_self = models.BooleanField(_("is the aggregator itself"), default=False)
    name = models.CharField(_("name"), max_length=255, blank=True)
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    exchange_state = models.CharField(_("state at the exchange"), max_length=50, blank=True)
    # Made when something is noted (`customers.merchant_contacts`); empty until then.
    wrapped_key = models.BinaryField(default=bytes, editable=False)
    contact_name = EncryptedTextField(_("contact"))
    contact_email = EncryptedTextField(_("contact's e-mail"))
    contact_phone = EncryptedTextField(_("contact's phone"))
    notes = EncryptedTextField(_("notes"))
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    pulled_at = models.DateTimeField(_("last seen at the exchange"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = MerchantQuerySet.as_manager()

    class Meta:
        verbose_name = _("merchant")
        verbose_name_plural = _("merchants")
        constraints = [
            models.UniqueConstraint(
                fields=["is_self"], condition=Q(is_self=True), name="one_merchant_is_ourselves"
            ),
            models.CheckConstraint(condition=~Q(uid=""), name="a_merchant_has_a_uid"),
        ]

    def __str__(self) -> str:
        return self.name or self.uid

    @property
    def exchange_uid(self) -> str | None:
        """What the exchange is told as `merchant_uid`: nothing for the aggregator itself."""
        return None if self.is_self else self.uid


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: User | AnonymousUser, action: str = "customer.view") -> "CustomerQuerySet":
        """The customers of the merchants for which `user` may do `action`."""
        scope = merchant_scope(user, action)
        return self if scope is None else self.filter(merchant__uid__in=scope)

    def going_on(self) -> "CustomerQuerySet":
        """Those with whom the relationship has not ended."""
        return self.filter(ended_at__isnull=True)


class PersonFields(models.Model):
    """What 002 asks of a person, be it a customer or a UBO."""

    first_name = models.CharField(_("first name"), max_length=255, blank=True)
    last_name = models.CharField(_("last name"), max_length=255, blank=True)
    dob = EncryptedDateField(_("date of birth"))
    address = EncryptedTextField(_("address"))
    postcode = EncryptedTextField(_("postcode"))
    city = models.CharField(_("city"), max_length=255, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    nationality = models.CharField(_("nationality"), max_length=2, blank=True)
    id_number = EncryptedTextField(_("ID number"))
    id_number_index = models.CharField(max_length=32, blank=True, editable=False)
    phone_number = EncryptedTextField(_("phone number"))
    phone_index = models.CharField(max_length=32, blank=True, editable=False)
    # Under which version of PORTAL_KEYS both indexes are; None: the lowest of before a first rotation.
    index_version = models.IntegerField(null=True, editable=False)
    occupation = models.CharField(_("occupation"), max_length=255, blank=True)
    source_of_funds = models.CharField(_("source of funds"), max_length=255, blank=True)
    is_pep_occupation = models.BooleanField(_("PEP by occupation"), default=False)
    pep_occupation_data = EncryptedTextField(_("PEP by occupation: details"))
    is_pep_related = models.BooleanField(_("related to a PEP"), default=False)
    pep_related_data = EncryptedTextField(_("related to a PEP: details"))
    is_pip = models.BooleanField(_("prominent influential person"), default=False)
    pip_data = EncryptedTextField(_("prominent influential person: details"))

    class Meta:
        abstract = True


class Customer(HoldsDataKey, PersonFields):
    """An individual or a business under a merchant. Frozen from submission on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # No index of its own, nor for who made or submitted: it would be written for each row and read for none.
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="customers", db_index=False)
    reference = models.CharField(_("reference"), max_length=100, unique=True)
    entity_type = models.CharField(_("kind"), max_length=10, choices=EntityType.choices)
    origin = models.CharField(_("came by"), max_length=10, choices=Origin.choices, default=Origin.PACK)
    # The customer's data key, wrapped by the portal's. Emptying it makes everything sealed unreadable.
    wrapped_key = models.BinaryField(editable=False)

    email = models.CharField(_("e-mail"), max_length=254)
    email_key = models.CharField(max_length=254, editable=False)
    account_name = models.CharField(_("account name"), max_length=255, blank=True)
    country_of_residence = models.CharField(_("country of residence"), max_length=2, blank=True)
    deposit_action = models.CharField(_("deposit action"), max_length=40, blank=True)
    external_verification_url = models.CharField(_("external verification URL"), max_length=2048, blank=True)
    doc_type = models.CharField(_("identity document"), max_length=40, blank=True)
    doc_number = EncryptedTextField(_("document number"))
    doc_expire = models.DateField(_("document expires"), null=True, blank=True)
    doc_country = models.CharField(_("document's country"), max_length=2, blank=True)

    stage = models.CharField(_("stage"), max_length=20, choices=Stage.choices, default=Stage.DRAFT)
    # Written into `account_name` at the exchange; how a lost reply is found again.
    token = models.CharField(max_length=16, editable=False)
    # None, not "", until the exchange has given one: it is unique.
    uid = models.CharField(_("uid at the exchange"), max_length=100, null=True, blank=True)  # noqa: DJ001
    exchange_state = models.CharField(_("state at the exchange"), max_length=50, blank=True)
    kyc_status = models.CharField(_("verification at the exchange"), max_length=50, blank=True)
    # A keyed digest over the canonical fields as submitted: what is sent again must match it.
    submitted_digest = models.CharField(max_length=64, blank=True, editable=False)
    # Who registered it, or changed it or its documents last before it was submitted; who did before that:
    # `customers.makers`.
    made_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    submitted_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", editable=False, db_index=False
    )
    submitted_eyes = models.CharField(max_length=10, choices=Eyes.choices, blank=True, editable=False)

    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)
    submitted_at = models.DateTimeField(_("submitted"), null=True, editable=False)
    at_exchange_at = models.DateTimeField(_("created at the exchange"), null=True, editable=False)
    documents_sent_at = models.DateTimeField(_("documents sent"), null=True, editable=False)
    verdict_at = models.DateTimeField(_("verdict"), null=True, editable=False)
    # The relationship is over: nothing is changed or sent any more, and the retention clock runs.
    ended_at = models.DateTimeField(_("relationship ended"), null=True, editable=False)
    polled_at = models.DateTimeField(_("last looked up"), null=True, editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            # The address first: who has it under another merchant is asked as well.
            models.UniqueConstraint(
                fields=["email_key", "merchant"], name="one_customer_per_email_and_merchant"
            ),
            models.UniqueConstraint(fields=["token"], name="one_customer_per_token"),
            # Not on the field: that would bring a second index, for searches by the beginning of a uid.
            models.UniqueConstraint(fields=["uid"], name="one_customer_per_uid"),
            models.CheckConstraint(condition=~Q(reference=""), name="a_customer_has_a_reference"),
            # The exchange's details of a person carry none (002:4065): who is only read may be without.
            models.CheckConstraint(
                condition=~Q(email="") | Q(origin=Origin.EXCHANGE), name="a_customer_has_an_email"
            ),
            models.CheckConstraint(
                condition=Q(entity_type__in=EntityType.values), name="a_customer_is_of_a_known_kind"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=Stage.values), name="a_customer_is_at_a_known_stage"
            ),
            models.CheckConstraint(
                condition=Q(stage__in=EDITABLE_STAGES)
                | Q(submitted_at__isnull=False)
                | Q(origin=Origin.EXCHANGE),
                name="only_a_submitted_customer_moves_on",
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=("at_exchange", "documents_sent", "verified")) | Q(uid__isnull=False),
                name="a_customer_at_the_exchange_has_a_uid",
            ),
            models.CheckConstraint(
                condition=Q(submitted_by__isnull=True)
                | by_second_person("submitted_by", "made_by", "submitted_eyes"),
                name="a_second_person_submits_a_customer",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="customers_newest_first"),
            models.Index(
                fields=["merchant", "stage", "-created_at", "-id"], name="customers_by_merchant_stage"
            ),
            models.Index(fields=["stage", "-created_at", "-id"], name="customers_by_stage"),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="customers_by_end"),
            models.Index(fields=["phone_index"], condition=~Q(phone_index=""), name="customers_by_phone"),
            models.Index(
                fields=["id_number_index"], condition=~Q(id_number_index=""), name="customers_by_id_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference}"

    @property
    def is_business(self) -> bool:
        return self.entity_type == EntityType.BUSINESS

    @property
    def is_editable(self) -> bool:
        return self.stage in EDITABLE_STAGES and self.ended_at is None

    @property
    def is_erased(self) -> bool:
        """Its data was destroyed: what is left is a reference and dates."""
        return not self.wrapped_key

    @property
    def display_name(self) -> str:
        """The name to show: the account name, else the person's, else the reference."""
        return self.account_name or f"{self.first_name} {self.last_name}".strip() or self.reference


def vault_owner(customer_id: uuid.UUID) -> str:
    """What a customer's wrapped key is bound to."""
    return owner_of(Customer, customer_id)


class BusinessProfile(models.Model):
    """A business customer's `business_profile` (002:1950-1969)."""

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, primary_key=True, related_name="business_profile"
    )
    company_name = models.CharField(_("company name"), max_length=255)
    registration_number = models.CharField(_("registration number"), max_length=100)
    registration_country = models.CharField(_("country of registration"), max_length=3)
    industry = models.CharField(_("industry"), max_length=255)
    purpose_of_account = models.TextField(_("purpose of the account"))
    expected_monthly_volume_usd = models.DecimalField(
        _("expected monthly volume, USD"), max_digits=20, decimal_places=2
    )
    jurisdictions_of_operation = models.JSONField(_("operates in"), default=list, blank=True)
    website = models.CharField(_("website"), max_length=2048, blank=True)
    employee_count = models.PositiveIntegerField(_("employees"), null=True, blank=True)
    address = EncryptedTextField(_("address"))
    city = models.CharField(_("city"), max_length=255, blank=True)
    postcode = EncryptedTextField(_("postcode"))
    country = models.CharField(_("country"), max_length=2, blank=True)
    license_status = models.CharField(_("licence"), max_length=20, blank=True)
    license_number = models.CharField(_("licence number"), max_length=100, blank=True)
    license_jurisdictions = models.JSONField(_("licensed in"), default=list, blank=True)

    class Meta:
        verbose_name = _("business profile")
        verbose_name_plural = _("business profiles")

    def __str__(self) -> str:
        return self.company_name

    def vault_key(self) -> DataKey:
        return self.customer.vault_key()


class Ubo(PersonFields):
    """An ultimate beneficial owner of a business customer (002:1971-1998). Frozen with its customer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="ubos")
    # The order in which they were entered; nothing is ever matched by it.
    position = models.PositiveSmallIntegerField()
    email = models.CharField(_("e-mail"), max_length=254)
    email_key = models.CharField(max_length=254, editable=False)
    ownership_percentage = models.DecimalField(_("ownership, %"), max_digits=7, decimal_places=4)
    is_director = models.BooleanField(_("director"), default=False)
    is_authorized_signatory = models.BooleanField(_("authorised signatory"), default=False)
    uid = models.CharField(_("uid at the exchange"), max_length=100, null=True, blank=True, unique=True)

    class Meta:
        verbose_name = _("beneficial owner")
        verbose_name_plural = _("beneficial owners")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "email_key"], name="one_ubo_per_email_and_business"),
            models.UniqueConstraint(fields=["customer", "position"], name="one_ubo_per_position"),
            models.CheckConstraint(
                condition=Q(ownership_percentage__gte=Decimal(5)) & Q(ownership_percentage__lte=Decimal(100)),
                name="a_ubo_owns_5_to_100_percent",
            ),
        ]
        indexes = [
            models.Index(fields=["email_key"], name="ubos_by_email"),
            models.Index(fields=["phone_index"], condition=~Q(phone_index=""), name="ubos_by_phone"),
            models.Index(
                fields=["id_number_index"], condition=~Q(id_number_index=""), name="ubos_by_id_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}"

    def vault_key(self) -> DataKey:
        return self.customer.vault_key()
