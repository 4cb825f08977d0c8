"""What is needed of one customer now, each row with what can be done about it here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from accounts.four_eyes import MATTERS, is_needed
from accounts.models import User
from accounts.policy import may
from customers.models import Customer, Ubo
from kyc.choices import RequirementState
from kyc.doc_types import DOC_TYPES, IDENTITY_FRONTS, backs_of, types_for
from kyc.requirements import Requirement
from kyc.submission import own_change
from kyc.waivers import waivable_types
from kyc.warnings import OpenWarning
from portal.pages.customer.forms import UploadForm


@dataclass(slots=True)
class Need:
    """One requirement and its doors: upload forms, each with whose it is ("" for the customer's own), the key
    of the warning to accept, the type to waive.

    `is_proposal`: accepting or waiving takes a second person, so it is proposed; `is_proposed`: that was
    done. `why_not`: why the reader can't submit.
    """

    row: Requirement
    whose: str = ""
    uploads: list[tuple[str, UploadForm]] = field(default_factory=list)
    warning_key: str = ""
    shown: str = ""
    waive: str = ""
    is_proposal: bool = False
    is_proposed: bool = False
    may_submit: bool = False
    why_not: str = ""
    doubt: str = ""
    anchor: str = field(default="")


def needs_of(
    customer: Customer,
    rows: Sequence[Requirement],
    warnings: Sequence[OpenWarning],
    ubos: Sequence[Ubo],
    proposed: Collection[tuple[str, str]],
    *,
    user: User,
    doubt: str = "",
    is_own: bool = False,
) -> list[Need]:
    """The open rows in their order. A door is there only where `user` may go through it.

    `doubt`: why submitting may be in vain. `proposed`: action and key of what waits for a second person
    already. `is_own`: `user` had a hand in it, so that somebody else submits it.
    """
    merchant_uid, stage = customer.merchant.uid, customer.stage
    by_email = {f"ubo:{ubo.email}": ubo for ubo in ubos}
    keys = {
        (warning.problem.code, warning.problem.subject, warning.problem.message): warning
        for warning in warnings
    }
    needs = []
    for number, row in enumerate(row for row in rows if not row.is_done):
        need = Need(row, whose=_whose(row, by_email), anchor=f"need-{number}")
        if row.code.startswith("warning:"):
            warning = keys.get((row.code.removeprefix("warning:"), row.subject, row.title))
            if warning is not None:
                need.shown = warning.problem.shown
                if _is_offered(need, "warning.accept", warning.key, proposed, user, merchant_uid, stage):
                    need.warning_key = warning.key
        if may(user, "document.add", merchant_uid, stage):
            if row.asks_for_a_file:
                need.uploads = [("", _upload(customer, row, by_email.get(row.subject), f"{number}"))]
            elif row.code == "verification" and row.state == RequirementState.WAITING_FOR_STAFF:
                # Only the exchange knows which document would do: any of anybody's is taken.
                need.uploads = [
                    (_name_of(owner) if owner else "", _upload(customer, row, owner, f"{number}-{place}"))
                    for place, owner in enumerate((None, *ubos))
                ]
        if _can_be_waived(customer, row) and _is_offered(
            need, "document.waive", row.doc_type, proposed, user, merchant_uid, stage
        ):
            need.waive = row.doc_type
        if row.code == "submit" and may(user, "customer.submit", merchant_uid, stage):
            if is_needed("customer.submit") and is_own:
                need.why_not = own_change()
            else:
                need.may_submit, need.doubt = True, doubt
        needs.append(need)
    return needs


def _is_offered(
    need: Need,
    action: str,
    key: str,
    proposed: Collection[tuple[str, str]],
    user: User,
    merchant_uid: str,
    stage: str,
) -> bool:
    """Whether `user` may accept or waive it, or else propose that; which of the two stands on the need."""
    if (action, key) in proposed:
        need.is_proposed = True
        return False
    decides = may(user, action, merchant_uid, stage) and not is_needed(action)
    need.is_proposal = not decides
    return decides or may(user, MATTERS[action].propose, merchant_uid, stage)


def _can_be_waived(customer: Customer, row: Requirement) -> bool:
    is_asked_of_the_business = row.code.removeprefix("document:") in waivable_types() and not row.subject
    return is_asked_of_the_business and customer.is_editable and row.state == RequirementState.MISSING


def _whose(row: Requirement, by_email: Mapping[str, Ubo]) -> str:
    """The beneficial owner the row is about, by name; "" for the customer itself."""
    ubo = by_email.get(row.subject.partition("/")[0])
    return _name_of(ubo) if ubo else ""


def _name_of(ubo: Ubo) -> str:
    return f"{ubo.first_name} {ubo.last_name}".strip()


def _upload(customer: Customer, row: Requirement, ubo: Ubo | None, number: str) -> UploadForm:
    kind = "ubo" if ubo else customer.entity_type
    return UploadForm(
        types=_types_that_serve(row, kind),
        first=row.doc_type,
        owner=ubo.pk if ubo else None,
        auto_id=f"upload-{number}-%s",
    )


def _types_that_serve(row: Requirement, kind: str) -> list[str]:
    offered = types_for(kind, settings.EXCHANGE_DIALECT)
    if row.code == "document:identity":
        return [name for name in offered if name in IDENTITY_FRONTS]
    if row.code == "document:identity_back":
        siblings = next((backs for backs in map(backs_of, IDENTITY_FRONTS) if row.doc_type in backs), ())
        return list(siblings) or [row.doc_type]
    return [row.doc_type] if row.doc_type in DOC_TYPES else list(offered)
