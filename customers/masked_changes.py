"""What a change does to a customer's record, field by field, as the audit trail may hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.masking import changes
from customers.candidates import Candidate
from customers.models import Customer, Ubo
from customers.records import PROFILE, differing, differing_ubo

# Written down as they are: choices of closed lists, flags, numbers, dates that are nobody's birthday.
# Whatever is not named is masked.
SHOWN = frozenset(
    {
        "country", "country_of_residence", "nationality", "occupation", "source_of_funds", "deposit_action",
        "doc_type", "doc_expire", "doc_country", "is_pep_occupation", "is_pep_related", "is_pip",
        "registration_country", "industry", "expected_monthly_volume_usd", "jurisdictions_of_operation",
        "employee_count", "license_status", "license_jurisdictions", "ownership_percentage", "is_director",
        "is_authorized_signatory", "ubos",
    }
)  # fmt: skip

Pairs = dict[str, tuple[Any, Any]]


def pairs_of(customer: Customer, held: Sequence[Ubo], candidate: Candidate) -> Pairs:
    """Before and after of each field for which the candidate says something else. Asked before it is taken
    over."""
    # The owners' ids in their order; who they are afterwards is known when they are written.
    pairs: Pairs = {"ubos": ([str(ubo.pk) for ubo in held], [])} if candidate.is_business else {}
    for name in differing(customer, candidate):
        row = customer.business_profile if name.startswith(PROFILE) else customer
        pairs[name] = (getattr(row, name.removeprefix(PROFILE)), candidate.values[name])
    by_key = {ubo.email_key: ubo for ubo in held}
    for values in candidate.ubos:
        if ubo := by_key.get(str(values["email_key"])):
            pairs |= _ubo_pairs(ubo, values)
    return pairs


def _ubo_pairs(ubo: Ubo, values: Mapping[str, Any]) -> Pairs:
    return {
        f"ubo:{ubo.pk}.{name}": (getattr(ubo, name), values[name])
        for name in differing_ubo(ubo, dict(values))
    }


def masked_changes(customer: Customer, pairs: Pairs) -> dict[str, tuple[Any, Any]]:
    """`pairs` masked, after the change was written."""
    if "ubos" in pairs:
        before, after = pairs.pop("ubos")[0], [str(ubo.pk) for ubo in customer.ubos.all()]
        pairs |= {"ubos": (before, after)} if before != after else {}
    return changes(pairs, shown=SHOWN, digest=customer.vault_key().digest)
