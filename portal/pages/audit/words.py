"""The audit trail in plain words, for its page and for a customer's timeline."""

import json
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.audit_rows import AuditEntry, Outcome
from accounts.circumstances import Channel
from accounts.roles import MACHINE, Role
from exchange.outbox.choices import Reason

# Whatever is not here is shown by its own name.
WORDS = {
    "customer.register": _("Registered"),
    "customer.change": _("Data changed"),
    "customer.submit": _("Submitted to the exchange"),
    "customer.thaw": _("Opened for changes again"),
    "customer.created_at_exchange": _("Created at the exchange"),
    "customer.adopted": _("Found at the exchange and bound"),
    "customer.reference_set_at_exchange": _("Reference set at the exchange"),
    "customer.documents_sent": _("All documents sent"),
    "customer.verdict": _("The exchange said"),
    "customer.taken_in": _("Taken in from the exchange"),
    "customer.reveal": _("Masked value shown"),
    "customer.export": _("Everything held was handed out"),
    "customer.reject": _("Rejected"),
    "customer.withdraw": _("Withdrawn"),
    "customer.close": _("Relationship closed"),
    "customer.reopen": _("Relationship opened again"),
    "customer.hold": _("Legal hold"),
    "customer.lift_hold": _("Legal hold lifted"),
    "customer.erase": _("Data destroyed"),
    "customer.view": _("Customer looked at"),
    "pack.import": _("Pack handed in"),
    "document.add": _("Document handed in"),
    "document.sent": _("Document sent"),
    "document.refused": _("Document refused by the exchange"),
    "document.outcome_unknown": _("Document sent, outcome unknown"),
    "document.view": _("Document looked at"),
    "document.download": _("Document downloaded"),
    "document.waive": _("Document waived"),
    "document.turned_away": _("Document turned away"),
    "document.scan": _("Document scanned"),
    "document.quarantine": _("Document quarantined"),
    "warning.accept": _("Warning accepted"),
    "proposal.made": _("Proposed to a second person"),
    "proposal.approved": _("Proposal approved"),
    "proposal.refused": _("Proposal refused"),
    "proposal.withdrawn": _("Proposal taken back"),
    "proposal.lapsed": _("Proposal lapsed"),
    "intent.retry": _("Sent again"),
    "intent.look": _("Looked for at the exchange again"),
    "intent.hold": _("Held back, or let go"),
    "intent.give_up": _("Given up"),
    "intent.acknowledge": _("Marked as dealt with"),
    "intent.confirm": _("Account confirmed by word"),
    "orphan.found": _("Orphaned account found"),
    "payment_reference.request": _("Payment reference asked for"),
    "payment_reference.created_at_exchange": _("Payment reference created at the exchange"),
    "payment_reference.adopted": _("Payment reference found at the exchange and bound"),
    "drift.requested": _("Comparison asked for"),
    "drift.reconciled": _("Compared with the exchange"),
    "merchant.pull": _("Merchants pulled"),
    "merchant.new": _("Merchant new at the exchange"),
    "merchant.changed": _("Merchant changed at the exchange"),
    "merchant.change": _("Merchant's contact changed"),
    "merchant.configure": _("Merchant’s settings changed"),
    "user.created": _("Account made"),
    "user.disable": _("Account stopped"),
    "user.enable": _("Account let in again"),
    "user.invited": _("Invited"),
    "invitation.accepted": _("Invitation accepted"),
    "invitation.sent_again": _("Invitation sent again"),
    "invitation.withdrawn": _("Invitation withdrawn"),
    "sign_in.done": _("Signed in"),
    "sign_in.unlocked": _("Let in again after a lock-out"),
    "sign_out.done": _("Signed out"),
    "session.ended": _("Session ended"),
    "password.changed": _("Password changed"),
    "second_factor.added": _("Second factor enrolled"),
    "second_factor.removed": _("Second factor removed"),
    "second_factor.taken_away": _("Second factor taken away"),
    "recovery_codes.made": _("Recovery codes made"),
    "role.granted": _("Role granted"),
    "role.revoked": _("Role taken away"),
    "keys.rotate": _("Encrypted anew under the newest key"),
    "request.send": _("Request that was far too large"),
    "audit.export": _("Audit trail exported"),
    "audit.view": _("Audit trail looked at"),
}
# The first part of an action, to the group that the filter offers.
GROUPS = {
    "customer": _("Customers"),
    "document": _("Documents"),
    "warning": _("Warnings"),
    "intent": _("Deliveries"),
    "drift": _("Comparisons"),
    "merchant": _("Merchants"),
    "sign_in": _("Sign-in"),
    "session": _("Sessions"),
    "second_factor": _("Second factors"),
    "invitation": _("Invitations"),
    "user": _("Accounts"),
    "role": _("Roles"),
    "proposal": _("Proposals"),
    "keys": _("Keys"),
    "request": _("Requests"),
    "audit": _("The audit trail"),
}
CHANNELS = {
    Channel.PAGE.value: _("Page"),
    Channel.API.value: _("Program (API)"),
    Channel.ADMIN.value: _("Configuration"),
    Channel.COMMAND.value: _("Command"),
    Channel.TASK.value: _("Background work"),
}
_REFUSED = {
    "not_allowed": _("No role of theirs allows it."),
    "out_of_scope": _("It belongs to a merchant that is not theirs."),
    "too_large": _("It announced more than any form takes."),
}


def in_words(action: str) -> str:
    return str(WORDS.get(action, action))


def reason_in_words(entry: AuditEntry) -> str:
    """What the person gave as a reason, in quotes; or, in words, why it was refused or done by itself."""
    if entry.outcome == Outcome.REFUSED and entry.reason in _REFUSED:
        return str(_REFUSED[entry.reason])
    if entry.reason in Reason.values:
        return str(Reason(entry.reason).label)
    return f"“{entry.reason}”" if entry.reason else ""


def who(entry: AuditEntry) -> str:
    return str(entry.actor) if entry.actor else gettext("nobody who was signed in")


def roles_in_words(roles: str) -> str:
    labels = {role.value: str(role.label) for role in Role} | {MACHINE: ""}
    return ", ".join(label for role in roles.split(",") if (label := labels.get(role, role)))


def told(value: Any) -> str:
    """A value of `details` or `changes` as text."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(told(one) for one in value) or "—"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
