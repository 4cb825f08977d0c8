"""One row of the table of what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from kyc.choices import RequirementState as State

Blocks = Literal["submission", "verification", "nothing"]

# The states in which a person here, or the customer, has the next move.
OURS_TO_MOVE = frozenset({State.MISSING, State.INVALID, State.WAITING_FOR_CUSTOMER, State.WAITING_FOR_STAFF})
# The states in which another file is wanted.
ASKING = frozenset({State.MISSING, State.INVALID, State.WAITING_FOR_CUSTOMER})


@dataclass(frozen=True, slots=True)
class Link:
    """Where the row is dealt with: a route's name and its arguments; whoever shows it makes the address."""

    route: str
    args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is needed of one subject, and whose move it is.

    ``code``      stable: ``document:identity``, ``warning:check_digit``, ``submit``, ``verification``, …
    ``subject``   "" is the customer; ``ubo:<email>``; for warnings and uploads also ``…document:<type>``
    ``state``     missing, invalid, waiting_for_customer, waiting_for_staff, waiting_for_exchange, done
    ``blocks``    what can't happen before it is done: submission, verification or nothing
    ``due``       the day by which it should be done, where there is one
    ``title``     what it is, in the reader's language
    ``remedy``    what to do next; "" when there is nothing to do
    ``doc_type``  the exchange's document type: the one held, or the one to hand in; "" for no document
    """

    code: str
    subject: str
    state: State
    blocks: Blocks
    title: str
    remedy: str = ""
    due: date | None = None
    links: tuple[Link, ...] = ()
    doc_type: str = ""

    @property
    def is_done(self) -> bool:
        return self.state == State.DONE

    @property
    def holds_submission(self) -> bool:
        return self.blocks == "submission" and not self.is_done

    @property
    def is_document(self) -> bool:
        return self.code.startswith("document:")

    @property
    def asks_for_a_file(self) -> bool:
        return self.is_document and self.state in ASKING
