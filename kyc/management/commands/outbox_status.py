"""`manage.py outbox_status`: how many intents stand where, and each thing that needs a person."""

import json
from typing import Any

from django.core.management.base import CommandParser

from accounts import policy
from accounts.acting import ActingCommand
from accounts.models import User
from exchange.outbox.choices import IntentState, Reason, Topic
from kyc.reconciliation.status import Item, Status, outbox_status


class Command(ActingCommand):
    action = "sync.view"
    help = (
        "Show the outbox: counts by topic and state, what waits for a person, documents that may be missing "
        "or doubled at the exchange, and orphaned accounts there. docs/operations.md has the JSON's schema."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
        parser.add_argument("--merchant", action="append", metavar="UID", help="of this merchant only")

    def act(self, actor: User, **options: Any) -> None:
        scope = policy.merchant_scope(actor, self.action)
        for uid in options["merchant"] or ():
            policy.require(actor, self.action, uid)
        status = outbox_status(options["merchant"] or (None if scope is None else sorted(scope)))
        if options["json"]:
            self.stdout.write(json.dumps(status.as_json(), ensure_ascii=False, indent=2))
        else:
            self._tell(status)

    def _tell(self, status: Status) -> None:
        write = self.stdout.write
        for topic in Topic:
            states = status.counts.get(topic, {})
            told = [
                f"{states[state]} {IntentState(state).label}" for state in IntentState if states.get(state)
            ]
            write(f"{topic.label}: {', '.join(told).lower() or 'nothing yet'}")
        for item in status.items:
            write(f"{_subject(item)}: {_why(item)}")
        for orphan in status.orphans:
            of = f" of {orphan['reference']}" if orphan["reference"] else ""
            write(f"Orphaned at the exchange: {orphan['uid']} ({orphan['kind']}{of})")
        if not status.items and not status.orphans:
            write("Nothing needs a person.")


def _subject(item: Item) -> str:
    return " ".join(part for part in (item.reference, item.ubo_email, item.doc_type) if part)


def _why(item: Item) -> str:
    if item.is_flagged and item.state != IntentState.WAITING_FOR_STAFF:
        return "may be missing or doubled at the exchange; ask it what it holds."
    reason = Reason(item.reason)
    code = f" ({item.code})" if item.code else ""
    return f"{reason.label}{code}. {reason.remedy_for(item.code, item.topic)}"
