"""The rows after submission: what the exchange was told, and what it decided."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from customers.choices import Stage
from customers.rules.dates import EXPIRES_SOON_DAYS
from exchange.outbox.choices import UNKNOWN_REASONS, IntentState, Reason, Topic
from kyc.choices import Delivery
from kyc.choices import RequirementState as State
from kyc.doc_types import IDENTITY_FRONTS
from kyc.requirements.documents import find
from kyc.requirements.facts import Facts, IntentFacts, OwnerFacts
from kyc.requirements.rows import Blocks, Link, Requirement

_STUCK_STATES = (IntentState.WAITING_FOR_STAFF,)


def delivery_rows(facts: Facts) -> list[Requirement]:
    """create, custom_id, documents, each stuck upload; while editable only what the exchange turned down."""
    create = _intent(facts, Topic.CREATE)
    if facts.is_editable:
        return [_told(facts, create, "create", _("Create the customer"))] if _is_stuck(create) else []
    if facts.is_found_there:
        return []
    rows = [_told(facts, create, "create", _("Created at the exchange"), is_done=facts.owner.is_known_there)]
    set_custom_id = _intent(facts, Topic.SET_CUSTOM_ID)
    rows.append(_told(facts, set_custom_id, "custom_id", _("Our reference set at the exchange")))
    return rows + _document_rows(facts)


def verdict_rows(facts: Facts) -> list[Requirement]:
    """What the exchange decided, or that it has not yet; and identity documents that are running out."""
    if facts.is_editable:
        return []
    if facts.stage == Stage.VERIFIED:
        state, remedy = State.DONE, ""
    elif facts.stage == Stage.REJECTED and facts.is_found_there:
        state = State.WAITING_FOR_EXCHANGE
        remedy = _(
            "The exchange rejected the customer. It was not handed over here, and nothing is sent for it from"
            " here: whoever handed it over to the exchange mends it there."
        )
    elif facts.stage == Stage.REJECTED:
        state = State.WAITING_FOR_STAFF
        remedy = _(
            "The exchange rejected the customer. Ask it for the reason; a better document can be handed in"
            " here and is sent at once."
        )
    else:
        state = State.WAITING_FOR_EXCHANGE
        remedy = (
            _("The exchange reviews businesses by hand. Nothing to do until it answers.")
            if facts.is_business
            else _("Nothing to do: the exchange's answer is looked up by itself.")
        )
    title = {
        Stage.VERIFIED: _("Verified"),
        Stage.REJECTED: _("Rejected by the exchange"),
    }.get(Stage(facts.stage), _("Verification by the exchange"))
    row = Requirement("verification", "", state, "verification", title, remedy, links=_here(facts))
    return [row, *_expiry_rows(facts)]


def _intent(facts: Facts, topic: str) -> IntentFacts | None:
    return next((intent for intent in facts.intents if intent.topic == topic), None)


def _is_stuck(intent: IntentFacts | None) -> bool:
    return intent is not None and intent.state in _STUCK_STATES


def _here(facts: Facts) -> tuple[Link, ...]:
    return (Link("customer-detail", {"customer_id": str(facts.customer_id)}),)


def _why(intent: IntentFacts) -> tuple[str, str]:
    """The plain words for why an intent is stuck, and what to do about it."""
    # An unknown outcome carries its reason by what was sent, should the intent itself name none yet.
    name = intent.reason or UNKNOWN_REASONS.get(Topic(intent.topic), "")
    if name not in Reason.values:
        return _("The outcome is unknown"), _("It is sent again by itself, since that can do no harm.")
    reason = Reason(name)
    return str(reason.label), reason.remedy_for(intent.code)


def _told(
    facts: Facts, intent: IntentFacts | None, code: str, title: str, *, is_done: bool = False
) -> Requirement:
    is_settled = is_done and not _is_stuck(intent)
    if is_settled or (intent is not None and intent.state == IntentState.DONE):
        return Requirement(code, "", State.DONE, "verification", title)
    if intent is not None and _is_stuck(intent):
        why, remedy = _why(intent)
        # While the customer can be mended again, the row reminds and holds nothing.
        blocks: Blocks = "nothing" if facts.is_editable else "verification"
        return Requirement(
            code, "", State.WAITING_FOR_STAFF, blocks, f"{title}: {why}", remedy, links=_here(facts)
        )
    remedy = _("Nothing to do: it is sent by itself.")
    if intent is not None and intent.state == IntentState.UNKNOWN:
        remedy = _("Nothing to do: the reply was lost, and the exchange is looked at by itself.")
    return Requirement(code, "", State.WAITING_FOR_EXCHANGE, "verification", title, remedy)


def _document_rows(facts: Facts) -> list[Requirement]:
    uploads = {intent.subject_id: intent for intent in facts.intents if intent.topic == Topic.UPLOAD}
    special, stuck, sent, total = [], 0, 0, 0
    for owner in facts.owners:
        for document in owner.documents:
            total += 1
            intent = uploads.get(document.id)
            if document.delivery == Delivery.SENT or (intent and intent.state == IntentState.DONE):
                sent += 1
                if document.is_flagged:
                    special.append(_flagged_upload(facts, owner, document.doc_type))
            elif intent is not None and _is_stuck(intent):
                stuck += 1
                special.append(_stuck_upload(facts, owner, document.doc_type, intent))
    if sent == total:
        state, remedy = State.DONE, ""
    elif sent + stuck == total:
        state, remedy = State.WAITING_FOR_STAFF, _("Deal with the documents that could not be sent.")
    else:
        state, remedy = State.WAITING_FOR_EXCHANGE, _("Nothing to do: they are sent by themselves.")
    title = _("Documents sent: %(sent)d of %(total)d") % {"sent": sent, "total": total}
    return [Requirement("documents", "", state, "verification", title, remedy, links=_here(facts)), *special]


def _subject(owner: OwnerFacts, doc_type: str) -> str:
    return f"{owner.subject}/document:{doc_type}" if owner.subject else f"document:{doc_type}"


def _flagged_upload(facts: Facts, owner: OwnerFacts, doc_type: str) -> Requirement:
    return Requirement(
        code="flagged",
        subject=_subject(owner, doc_type),
        state=State.WAITING_FOR_STAFF,
        blocks="nothing",
        title=_("%(doc_type)s: may be missing or doubled at the exchange") % {"doc_type": doc_type},
        remedy=_("The reply was lost. Ask the exchange what it holds; if it lacks it, hand it in again."),
        links=_here(facts),
        doc_type=doc_type,
    )


def _stuck_upload(facts: Facts, owner: OwnerFacts, doc_type: str, intent: IntentFacts) -> Requirement:
    why, remedy = _why(intent)
    return Requirement(
        code=f"intent:{intent.topic}",
        subject=_subject(owner, doc_type),
        state=State.WAITING_FOR_STAFF,
        blocks="verification",
        title=f"{doc_type}: {why}",
        remedy=remedy,
        links=_here(facts),
        doc_type=doc_type,
    )


def _expiry_rows(facts: Facts) -> list[Requirement]:
    """Once submitted, an identity document that expires within 30 days reminds, and holds nothing."""
    rows = []
    for owner in facts.owners:
        front = find(owner.documents, IDENTITY_FRONTS)
        if front is None or front.doc_expire is None:
            continue
        if front.doc_expire > facts.today + timedelta(days=EXPIRES_SOON_DAYS):
            continue
        title = (
            _("The identity document has expired")
            if front.doc_expire < facts.today
            else _("The identity document expires soon")
        )
        rows.append(
            Requirement(
                code="expiry",
                subject=owner.subject,
                state=State.WAITING_FOR_CUSTOMER,
                blocks="nothing",
                title=title,
                remedy=_("Ask for the new document, so that it is at hand when the exchange asks for it."),
                due=front.doc_expire,
                links=_here(facts),
                doc_type=front.doc_type,
            )
        )
    return rows
