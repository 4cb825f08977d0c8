"""What the table is worked out from: plain values and a day, no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from customers.problems import Problem
from kyc.requirements.rows import Blocks


@dataclass(frozen=True, slots=True)
class IntentFacts:
    """The latest intent of a topic and subject. `state`, `reason` and `code` are the outbox's own words."""

    topic: str
    subject_id: UUID
    state: str
    reason: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """The current version of one document. `problems` are today's errors in its particulars;
    `is_unscanned`: the virus scanner has not passed it yet."""

    id: UUID
    doc_type: str
    delivery: str = "not_sent"
    is_flagged: bool = False
    doc_expire: date | None = None
    problems: tuple[Problem, ...] = ()
    is_unscanned: bool = False


@dataclass(frozen=True, slots=True)
class OwnerFacts:
    """A customer itself or one of its UBOs. `kind` is individual, business or ubo; `declared` the identity
    document it named in its data; `is_known_there` whether the exchange gave it a uid."""

    kind: str
    subject: str
    name: str
    documents: tuple[DocumentFacts, ...] = ()
    declared: str = ""
    is_known_there: bool = False


@dataclass(frozen=True, slots=True)
class WarningFacts:
    """An open warning; `due` where a date presses."""

    problem: Problem
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything about one customer that the table needs, as of `today`."""

    customer_id: UUID
    stage: str
    owner: OwnerFacts
    today: date
    ubos: tuple[OwnerFacts, ...] = ()
    waived: frozenset[str] = frozenset()
    # Errors in the data that are not a document's.
    errors: tuple[Problem, ...] = ()
    warnings: tuple[WarningFacts, ...] = ()
    intents: tuple[IntentFacts, ...] = ()
    kyc_status: str = ""
    exchange_state: str = ""
    is_editable: bool = True
    is_found_there: bool = False

    @property
    def is_business(self) -> bool:
        return self.owner.kind == "business"

    @property
    def owners(self) -> tuple[OwnerFacts, ...]:
        return (self.owner, *self.ubos)

    @property
    def document_blocks(self) -> Blocks:
        """What a missing document holds up: the submission before it, the verification after it."""
        return "submission" if self.is_editable else "verification"
