"""What is found only at the exchange becomes a read-only record here, where its details allow it."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterable

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit, policy
from accounts.models import User
from accounts.policy import NotAllowed
from customers.choices import EntityType, Origin, Stage
from customers.models import Customer, Merchant, vault_owner
from exchange.client import Customer as ExchangeCustomer
from exchange.client import ExchangeClient
from exchange.outbox.choices import IntentState, Reason, Topic
from exchange.outbox.models import Intent
from exchange.outbox.recovery import is_recovering
from kyc.drift.asking import NoSuchAccount, details_of
from kyc.drift.choices import Code, Obstacle, TakeIn
from kyc.drift.models import DriftRow
from kyc.verdicts import stage_said
from vault.envelope import new_data_key
from vault.tokens import correlation_token

log = logging.getLogger(__name__)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_TAKEABLE = [code.value for code in Code if code.may_be_taken_in]


class NothingIsTakenIn(Exception):
    """Not just now, whatever account it is. `obstacle` says why."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(str(obstacle.label))
        self.obstacle = obstacle


def obstacle_to_all() -> Obstacle | None:
    """Why nothing at all is taken in just now, if so. A read-only record in the place of a customer whom the
    restored database forgot would keep that customer out for good.

    Scanned to the end, those are known by the token of ours in their names; a bare reference that nobody here
    has could be anybody's.
    """
    if is_recovering():
        return Obstacle.RECOVERING
    if settings.RECOVERY_EPOCH and settings.OUTBOX_TOKEN_FORM == "reference":  # noqa: S105 - a form
        return Obstacle.RESTORED
    return None


def ask_to_take_in(rows: Iterable[DriftRow], *, actor: User) -> int:
    """Have the worker take these in; how many of them it will try. Raises NotAllowed, NothingIsTakenIn."""
    wanted = [row for row in rows if row.may_be_taken_in]
    for uid in {row.merchant_uid for row in wanted}:
        policy.require(actor, "drift.take_in", uid)
    if obstacle := obstacle_to_all():
        raise NothingIsTakenIn(obstacle)
    with transaction.atomic():
        return (
            DriftRow.objects.filter(pk__in=[row.pk for row in wanted], code__in=_TAKEABLE)
            .exclude(take_in__in=(TakeIn.ASKED, TakeIn.DONE))
            .update(take_in=TakeIn.ASKED, take_in_asked_by=actor, obstacle="")
        )


def take_in_asked(client: ExchangeClient) -> int:
    """Take in everything that staff asked for; how many records were made. Raises ExchangeError."""
    made = 0
    for row in DriftRow.objects.filter(take_in=TakeIn.ASKED).select_related("take_in_asked_by"):
        assert row.take_in_asked_by is not None
        try:
            made += take_in(client, row, actor=row.take_in_asked_by)
        except NotAllowed:
            DriftRow.objects.filter(pk=row.pk).update(take_in=TakeIn.NOT_ASKED)
            log.warning("take_in_not_allowed row=%s", row.pk)
    return made


def take_in(client: ExchangeClient, row: DriftRow, *, actor: User) -> bool:
    """Make a read-only record of the account; False, with the obstacle kept, where none can be made.

    Frozen from the start: nothing of it is ever sent. What the exchange does not tell stays empty: the e-mail
    of a person, which no details carry (002:4065), beneficial owners and the business's profile, since their
    shares and volumes are not to be had. ExchangeError.
    """
    policy.require(actor, "drift.take_in", row.merchant_uid)
    if not Code(row.code).may_be_taken_in:
        return _not_possible(row, Obstacle.OUR_TOKEN) if row.code == Code.UNKNOWN_TOKEN else False
    # Asked for again by the worker: the restored database may hold what was asked for before the backup.
    if waits := obstacle_to_all():
        return _not_possible(row, waits)
    if _may_be_a_create_of_ours(row):
        return _not_possible(row, Obstacle.CREATE_UNKNOWN)
    try:
        there = details_of(client, row.uid)
    except NoSuchAccount:
        return _not_possible(row, Obstacle.GONE)
    if there is None:
        return _not_possible(row, Obstacle.UNREADABLE)
    merchant = Merchant.objects.get(uid=row.merchant_uid)
    obstacle = _obstacle(there, merchant, row.uid)
    if obstacle is None and _may_be_a_create_of_ours(row):
        # Its reply was lost while the details were read.
        obstacle = Obstacle.CREATE_UNKNOWN
    if obstacle is not None:
        return _not_possible(row, obstacle)
    try:
        with transaction.atomic():
            customer = _new_customer(there, merchant, row.uid)
            customer.save(force_insert=True)
            audit.record(
                actor=actor,
                action="customer.taken_in",
                subject_type="customer",
                subject_id=customer.pk,
                customer_id=customer.pk,
                merchant_uid=merchant.uid,
                details={
                    "uid": row.uid,
                    "stage": customer.stage,
                    "ubos_there": len(there.ubos),
                    "has_email": bool(customer.email),
                },
            )
            _settle(row, TakeIn.DONE, "", customer)
    except IntegrityError:
        # Somebody registered or bound it since it was looked up.
        return _not_possible(row, Obstacle.HELD_HERE)
    log.info("taken_in customer=%s", customer.pk)
    return True


def _may_be_a_create_of_ours(row: DriftRow) -> bool:
    """Whether a create of the merchant may have made the account: one whose outcome nobody knows, or whose
    answer is awaited since before the lists were read to their end. An exchange that shows neither token nor
    reference shows it as a stranger."""
    creates = Intent.objects.filter(merchant_uid=row.merchant_uid, topic=Topic.CREATE)
    read_ms = int((row.run.finished_at or timezone.now()).timestamp() * 1000)
    return creates.filter(
        Q(state=IntentState.UNKNOWN)
        | Q(state=IntentState.WAITING_FOR_STAFF, reason=Reason.CREATE_OUTCOME_UNKNOWN)
        | Q(state=IntentState.SENDING, updated_ms__lte=read_ms)
    ).exists()


def _obstacle(there: ExchangeCustomer, merchant: Merchant, uid: str) -> Obstacle | None:
    email = _email(there)
    if Customer.objects.filter(uid=uid).exists():
        return Obstacle.HELD_HERE
    if (there.entity_type or "").strip().lower() not in EntityType.values:
        return Obstacle.KIND_NOT_GIVEN
    if email and Customer.objects.filter(merchant=merchant, email_key=email.casefold()).exists():
        return Obstacle.EMAIL_HELD_HERE
    return None


def _email(there: ExchangeCustomer) -> str:
    """The e-mail as far as the exchange tells it: a mask is none, it would be taken for an address."""
    email = (there.email or "").strip()
    return email if _EMAIL.fullmatch(email) and "*" not in email and len(email) <= 254 else ""


def _new_customer(there: ExchangeCustomer, merchant: Merchant, uid: str) -> Customer:
    entity_type, email = (there.entity_type or "").strip().lower(), _email(there)
    # No address begins so: it stands for one where it must be unique, and for no other account's.
    key = email.casefold() or f"uid:{uid}"[:254]
    state, status, now, pk = there.state or "", there.kyc_status or "", timezone.now(), uuid.uuid4()
    stage = stage_said(entity_type, state, status) or Stage.AT_EXCHANGE
    _key, wrapped = new_data_key(vault_owner(pk))
    profile = there.business_profile
    names = (there.account_name, profile.get("trading_name"), profile.get("legal_name"))
    return Customer(
        id=pk,
        merchant=merchant,
        reference=_free_reference(there.custom_id, uid),
        entity_type=entity_type,
        origin=Origin.EXCHANGE,
        wrapped_key=wrapped,
        email=email,
        email_key=key,
        account_name=next((name[:255] for name in names if isinstance(name, str) and name.strip()), ""),
        first_name=_told(there, "first_name"),
        last_name=_told(there, "last_name"),
        stage=stage,
        token=correlation_token(merchant.uid, entity_type, email or key),
        uid=uid,
        exchange_state=state[:50],
        kyc_status=status[:50],
        at_exchange_at=there.created_at or now,
        verdict_at=now if stage in (Stage.VERIFIED, Stage.REJECTED) else None,
        polled_at=now,
    )


def _told(there: ExchangeCustomer, name: str) -> str:
    value = there.profile.get(name)
    return value.strip()[:255] if isinstance(value, str) and "*" not in value else ""


def _free_reference(custom_id: str | None, uid: str) -> str:
    """Its own name there, where nobody here has that; else its uid."""
    wanted = (custom_id or "").strip()
    if wanted and len(wanted) <= 100 and not Customer.objects.filter(reference=wanted).exists():
        return wanted
    return uid[:100]


def _not_possible(row: DriftRow, obstacle: Obstacle) -> bool:
    _settle(row, TakeIn.NOT_POSSIBLE, obstacle.value, None)
    return False


def _settle(row: DriftRow, take_in: TakeIn, obstacle: str, customer: Customer | None) -> None:
    row.take_in, row.obstacle = take_in.value, obstacle
    if customer is not None:
        row.customer_id, row.reference = customer.pk, customer.reference
    row.save(update_fields=["take_in", "obstacle", "customer_id", "reference"])
