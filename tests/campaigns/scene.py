"""All that a campaign is judged by, laid out for the invariants."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass
class Scene:
    """All that is judged. `facts`: tests.campaigns.facts; `held`: the sandbox's state; `effects`: its log.

    `strangers`: e-mails that someone else holds at the exchange: their customers must end with staff.
    `struck_pids`: workers that were killed or frozen. `status`: `outbox_status --json`, where it exists.
    `excused`: reasons for which a document may wait for staff unsent, since the exchange itself denies it.
    `forgotten`: copies of documents that were there when the database was put back to before they were sent:
    it may send each once more, whatever it had done before.
    `is_over`: whether the campaign ran to its end, so that nothing may be left to do.
    """

    facts: dict[str, Any]
    held: dict[str, Any]
    effects: list[dict[str, Any]]
    strangers: frozenset[str] = frozenset()
    struck_pids: frozenset[int] = frozenset()
    status: dict[str, Any] | None = None
    excused: frozenset[str] = frozenset()
    forgotten: Counter = field(default_factory=Counter)
    is_over: bool = True
    notes: Counter = field(default_factory=Counter)

    @cached_property
    def customers(self) -> list[dict]:
        """Those that were submitted here."""
        return [row for row in self.facts["customers"] if row["submitted_at"]]

    @cached_property
    def there(self) -> dict[tuple[str | None, str], list[dict]]:
        """The exchange's customers by merchant and e-mail; strangers' left out."""
        found = defaultdict(list)
        for row in self.held["customers"]:
            if row["email"].casefold() not in self.strangers or "[" in (row["account_name"] or ""):
                found[row["merchant_uid"], row["email"].casefold()].append(row)
        return found

    @cached_property
    def by_uid(self) -> dict[str, dict]:
        return {row["uid"]: row for row in self.held["customers"]}

    @cached_property
    def copies(self) -> Counter:
        return copies_in(self.held)

    @cached_property
    def excused_uploads(self) -> set[str]:
        """Documents that wait for staff for a reason that is excused."""
        return {
            intent["subject_id"]
            for intent in self.facts["intents"]
            if intent["topic"] == "document.upload"
            and intent["state"] == "waiting_for_staff"
            and intent["reason"] in self.excused
        }

    def of_them(self, customer: dict) -> list[dict]:
        return self.there[customer["merchant_uid"], customer["email"].casefold()]

    def owner_uid(self, customer: dict, document: dict) -> str | None:
        if document["ubo_id"] is None:
            return customer["uid"]
        return next(ubo["uid"] for ubo in customer["ubos"] if ubo["id"] == document["ubo_id"])


def copies_in(held: dict[str, Any]) -> Counter:
    """How often each document is at the exchange, by owner, type and content."""
    return Counter((row["owner_uid"], row["doc_type"], row["sha256"]) for row in held["documents"])
