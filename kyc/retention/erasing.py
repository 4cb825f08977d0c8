"""Erasing a customer: the data key is destroyed, what stands in clear is overwritten, the files go.

What is left says that there was a customer with this reference and when it came and went: the row, the
intents and attempts (ids and outcomes), the audit rows (pseudonyms), the erasure. Nothing of it leads back to
the person but the exchange's uid, under which the exchange keeps its own copy: no call takes that away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.four_eyes import Lapsed, eyes_on, lapse_of_customers, propose
from accounts.models import Proposal, User
from accounts.roles import Eyes
from customers.models import BusinessProfile, Customer, Ubo
from customers.problems import Refused
from kyc.document_copies import names_of
from kyc.models import AcceptedWarning, Document, Waiver
from kyc.retention import ledger
from kyc.retention.clock import due_day
from kyc.retention.holding import is_held
from kyc.retention.refusing import refused
from kyc.retention.rows import Ending, Erasure, LegalHold
from vault import files
from vault.fields import EncryptedTextField

ACTION = "customer.erase"
# What stands where a person wrote a sentence: it may have named somebody.
ERASED = "(erased)"


def propose_erasure(*, customer: Customer, reason: str, actor: User, today: date | None = None) -> Proposal:
    """Propose it to a second person. Raises NotAllowed, AlreadyProposed, ReasonNeeded; Refused before the
    data is due or while a legal hold is in force."""
    with transaction.atomic():
        locked = _locked(customer.pk)
        _check(locked, today)
        return propose(
            action=ACTION,
            subject_type="customer",
            subject_id=locked.pk,
            merchant_uid=locked.merchant.uid,
            customer_id=locked.pk,
            actor=actor,
            reason=reason,
        )


def erase(*, customer: Customer, actor: User, today: date | None = None) -> Erasure:
    """Erase it by one person. Raises NotAllowed, SecondPersonNeeded, Refused as above; OSError where the
    ledger can't be written: then nothing was erased."""
    policy.require(actor, ACTION, customer.merchant.uid)
    eyes = eyes_on(ACTION, maker_id=None, actor=actor)
    with transaction.atomic():
        locked = _locked(customer.pk)
        _check(locked, today)
        return _destroy(locked, actor, eyes)


def erase_again(*, customer_id: UUID, actor: User) -> bool:
    """Erase a customer whom the ledger names and a restored backup brought back; whether there was anything.

    Two people had approved it: neither the clock nor a second person is asked again.
    """
    policy.require(actor, "customer.erase_again")
    with transaction.atomic():
        customer = Customer.objects.filter(pk=customer_id).exclude(wrapped_key=b"").first()
        if customer is None:
            return False
        _destroy(_locked(customer_id), actor, Eyes.COMMAND)
    return True


def carry_out(proposal: Proposal, *, actor: User, eyes: Eyes) -> None:
    """Erase as proposed, in the caller's transaction. Raises Lapsed where it is not due any more, or done."""
    if not Customer.objects.filter(pk=proposal.subject_id).exists():
        raise Lapsed
    locked = _locked(proposal.subject_id)
    try:
        _check(locked, None)
    except Refused:
        raise Lapsed from None
    _destroy(locked, actor, eyes, proposal.made_by)


def titles(proposals: Sequence[Proposal]) -> Mapping[UUID, str]:
    """What each proposes; whose data is destroyed already is left out."""
    left = set(
        Customer.objects.filter(pk__in={row.subject_id for row in proposals})
        .exclude(wrapped_key=b"")
        .values_list("pk", flat=True)
    )
    return {row.pk: _("Destroy the customer's data") for row in proposals if row.subject_id in left}


def _locked(customer_id: UUID) -> Customer:
    rows = Customer.objects.select_for_update(of=("self",)).select_related("merchant")
    return rows.get(pk=customer_id)


def _check(locked: Customer, today: date | None) -> None:
    if locked.is_erased:
        raise refused("erased", _("This customer's data was destroyed already."))
    day = due_day(locked)
    if day is None:
        raise refused(
            "not_ended",
            _("The relationship goes on, so the data is kept."),
            _("End the relationship first; the retention clock runs from then on."),
        )
    if (today or timezone.localdate()) < day:
        raise refused("not_due", _("The data has to be kept until %(day)s.") % {"day": day.isoformat()})
    if is_held(locked):
        raise refused(
            "on_hold",
            _("A legal hold is in force, so nothing may be destroyed."),
            _("Have the hold lifted by whoever placed it, if its cause is gone."),
        )


def _destroy(locked: Customer, actor: User, eyes: Eyes, proposed_by: User | None = None) -> Erasure:
    pk, merchant_uid = locked.pk, locked.merchant.uid
    due = due_day(locked) or timezone.localdate()
    documents = Document.objects.filter(customer_id=pk)
    names = [name for document in documents for name in files_of(document)]
    owners = Ubo.objects.filter(customer_id=pk)
    counts = {"documents": documents.count(), "owners": owners.count()}
    documents.delete()
    owners.delete()
    AcceptedWarning.objects.filter(customer_id=pk).delete()
    Waiver.objects.filter(customer_id=pk).delete()
    for path in settings.ERASED_WITH_A_CUSTOMER:
        import_string(path)(pk)
    Ending.objects.filter(customer_id=pk).update(reason=ERASED)
    LegalHold.objects.filter(customer_id=pk).update(reason=ERASED)
    LegalHold.objects.filter(customer_id=pk).exclude(lift_reason="").update(lift_reason=ERASED)
    BusinessProfile.objects.filter(customer_id=pk).update(**_emptied(BusinessProfile))
    aside = f"erased-{pk.hex}@erased.invalid"
    Customer.objects.filter(pk=pk).update(
        **_emptied(Customer),
        **{"wrapped_key": b"", "email": aside, "email_key": aside},
        **{"ended_at": locked.ended_at or timezone.now(), "updated_at": timezone.now()},
    )
    lapse_of_customers([pk], actor=actor)
    Proposal.objects.filter(customer_id=pk).update(reason=ERASED)
    Proposal.objects.filter(customer_id=pk).exclude(decision_reason="").update(decision_reason=ERASED)
    erasure, _is_new = Erasure.objects.get_or_create(
        customer_id=pk,
        defaults={"due_on": due, "erased_by": actor, "proposed_by": proposed_by, "eyes": eyes, **counts},
    )
    audit.record(
        actor=actor,
        action=ACTION,
        subject_type="customer",
        subject_id=pk,
        customer_id=pk,
        merchant_uid=merchant_uid,
        details={**counts, "eyes": str(eyes), "due_on": due.isoformat()},
    )
    # The last thing before the commit: see the ledger.
    ledger.write(pk)
    # A file that can't be removed now is one that no row names: the nightly sweep takes it.
    transaction.on_commit(lambda: _remove(names))
    return erasure


def files_of(document: Document) -> list[str]:
    """Every stored file that belongs to a document."""
    return [document.file, *names_of(document)]


# Columns of the customer that say nothing about anybody.
_KEPT = frozenset(
    {
        *("id", "merchant", "reference", "entity_type", "origin", "stage", "token", "uid", "exchange_state"),
        *("kyc_status", "made_by", "submitted_by", "submitted_eyes", "version", "created_at", "updated_at"),
        *("submitted_at", "at_exchange_at", "documents_sent_at", "verdict_at", "polled_at", "ended_at"),
        *("wrapped_key", "email", "email_key", "customer"),
    }
)


def _emptied(model: type[Customer] | type[BusinessProfile]) -> dict[str, Any]:
    """Every column that may say something about somebody, as it stands when it says nothing."""
    changes: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.name in _KEPT:
            continue
        if field.null or isinstance(field, EncryptedTextField):
            changes[field.name] = None
        elif field.has_default():
            changes[field.name] = field.get_default()
        else:
            changes[field.name] = 0 if field.get_internal_type() == "DecimalField" else ""
    return changes


def _remove(names: Sequence[str]) -> None:
    for name in names:
        try:
            files.remove(name)
        except OSError:
            continue
