"""Change a customer that is not submitted yet."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, policy
from accounts.models import User
from customers.candidates import Candidate, judge
from customers.contention import gives_way
from customers.indexes import index_people
from customers.known import check_candidates
from customers.masked_changes import masked_changes, pairs_of
from customers.models import Customer, Ubo
from customers.problems import ERROR, Problem, Refused, shown_safely
from customers.records import differing, differing_ubo, take_over
from vault.index_versions import Writing, writing
from vault.tokens import correlation_token

# Where a UBO stands while the others take their new places.
_ASIDE = 10_000


class Frozen(Exception):
    """The customer was submitted: its data and its UBOs' stay as they are."""

    def __init__(self) -> None:
        super().__init__(_("This customer was submitted and can't be changed any more."))


class StaleVersion(Exception):
    """Somebody else changed the customer since it was shown."""

    def __init__(self) -> None:
        super().__init__(_("Somebody else changed this customer meanwhile. Look at it again."))


@dataclass(frozen=True, slots=True)
class Changed:
    """`fields`: the exchange's names of what changed (a UBO's as `ubo.<field>`); none: nothing written."""

    customer: Customer
    fields: tuple[str, ...]
    problems: list[Problem]


def change_customer(
    *,
    customer: Customer,
    data: Mapping[str, object],
    ubos: Sequence[Mapping[str, object]] = (),
    actor: User,
    expected_version: int | None = None,
    today: datetime.date | None = None,
) -> Changed:
    """Make the customer what `data` and `ubos` say (all of its fields, all of its UBOs).

    Raises Frozen, StaleVersion, or Refused with every problem. UBOs are matched by e-mail: one that is
    not named any more is taken away with its documents. Nothing differs: nothing is written.
    """
    data = {"reference": customer.reference, "entity_type": customer.entity_type, **data}
    candidate = judge(data, ubos, merchant=customer.merchant, today=today or timezone.localdate())
    candidate.customer_id = customer.pk
    check_candidates([candidate])
    return apply_candidate(customer, candidate, actor=actor, expected_version=expected_version)


@gives_way
def apply_candidate(
    customer: Customer, candidate: Candidate, *, actor: User, expected_version: int | None = None
) -> Changed:
    """The same for a candidate that was judged and compared with the database."""
    policy.require(actor, "customer.change", customer.merchant.uid)
    problems = [*candidate.problems, *identity_problems(customer, candidate)]
    if any(problem.is_error for problem in problems):
        raise Refused(problems)
    indexing = writing()
    row = Customer.objects.select_for_update(of=("self",)).select_related("merchant").get(pk=customer.pk)
    if not row.is_editable:
        raise Frozen
    if expected_version is not None and row.version != expected_version:
        raise StaleVersion
    held = list(row.ubos.all())
    fields = [*differing(row, candidate), *_differing_ubos(held, candidate)]
    if not fields:
        return Changed(row, (), problems)
    pairs = pairs_of(row, held, candidate)
    take_over(row, candidate)
    index_people([row], indexing)
    row.token = correlation_token(row.merchant.uid, row.entity_type, row.email)
    row.version += 1
    row.made_by = actor
    row.updated_at = timezone.now()
    row.save()
    if candidate.is_business:
        row.business_profile.save()
        _save_ubos(row, held, candidate, indexing)
    audit.record(
        actor=actor,
        action="customer.change",
        merchant_uid=row.merchant.uid,
        subject_type="customer",
        subject_id=row.pk,
        customer_id=row.pk,
        details={"fields": sorted(set(fields)), "version": row.version},
        changes=masked_changes(row, pairs),
    )
    return Changed(row, tuple(sorted(set(fields))), problems)


def identity_problems(customer: Customer, candidate: Candidate) -> list[Problem]:
    """What a change can't touch: whose customer it is, and of which kind."""
    problems = []
    if candidate.merchant is not None and candidate.merchant.pk != customer.merchant_id:
        problems.append(
            Problem(
                "registered_elsewhere",
                "",
                "merchant_uid",
                ERROR,
                _("This reference is registered under another merchant."),
                _("Use another reference, or the merchant that the customer is registered under."),
                shown_safely("merchant_uid", candidate.merchant.uid),
            )
        )
    if candidate.entity_type and candidate.entity_type != customer.entity_type:
        problems.append(
            Problem(
                "other_kind",
                "",
                "entity_type",
                ERROR,
                _("This reference is registered as the other kind of customer."),
                _("Use another reference, or correct entity_type."),
                shown_safely("entity_type", candidate.entity_type),
            )
        )
    return problems


def differs(customer: Customer, candidate: Candidate) -> bool:
    """Whether the candidate says anything that the record doesn't. `ubos` and profile should be loaded."""
    held = list(customer.ubos.all()) if customer.is_business else []
    return bool(differing(customer, candidate) or _differing_ubos(held, candidate))


def _differing_ubos(held: Sequence[Ubo], candidate: Candidate) -> list[str]:
    by_key = {ubo.email_key: ubo for ubo in held}
    in_order = [ubo.email_key for ubo in sorted(held, key=lambda ubo: ubo.position)]
    fields = ["ubos"] if in_order != [values["email_key"] for values in candidate.ubos] else []
    for values in candidate.ubos:
        if ubo := by_key.get(str(values["email_key"])):
            fields += [f"ubo.{name}" for name in differing_ubo(ubo, values)]
    return fields


def _save_ubos(row: Customer, held: Sequence[Ubo], candidate: Candidate, indexing: Writing) -> None:
    left = {ubo.email_key: ubo for ubo in held}
    ordered = []
    for place, values in enumerate(candidate.ubos):
        ubo = left.pop(str(values["email_key"]), None) or Ubo()
        ubo.customer = row
        for name, value in values.items():
            setattr(ubo, name, value)
        ubo.position = place
        ordered.append(ubo)
    for ubo in left.values():
        ubo.delete()
    index_people(ordered, indexing)
    # Positions are unique within the business at every moment, so they are freed first.
    Ubo.objects.filter(customer=row).update(position=F("position") + _ASIDE)
    for ubo in ordered:
        ubo.save()
