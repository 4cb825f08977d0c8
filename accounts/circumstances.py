"""Under what circumstances something is done: by which way it came in, and in the course of what.

A request, a task and a command each say so once, at their edge; whoever writes an audit row or a line of the
log below it finds it here. A thread that nobody said anything for has its process's.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

# What a proxy may hand in as the id of a request.
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,32}", re.ASCII)
# Refusals of one request or command that are kept until it is over; a loop makes no more of them.
REFUSALS_MAX = 20


class Channel(StrEnum):
    """By which way something came in."""

    PAGE = "page"
    API = "api"
    ADMIN = "admin"
    COMMAND = "command"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class Refusal:
    """That `actor` may not do `action`. What else is known: whose it was, and about what."""

    actor: object
    action: str
    merchant_uid: str = ""
    subject_type: str = ""
    subject_id: UUID | None = None
    customer_id: UUID | None = None
    reason: str = "not_allowed"


@dataclass(slots=True)
class Circumstances:
    """`refusals`: what was refused in its course and is not written down yet."""

    channel: Channel
    request_id: str
    refusals: list[Refusal] = field(default_factory=list)


def new_request_id() -> str:
    """16 hex digits, drawn by chance."""
    return secrets.token_hex(8)


_of_process = Circumstances(Channel.COMMAND, new_request_id())
_current: ContextVar[Circumstances | None] = ContextVar("circumstances", default=None)


def current() -> Circumstances:
    return _current.get() or _of_process


def set_process_channel(channel: Channel) -> None:
    """By which way comes in what no request and no task stands behind: this process is a worker, say."""
    _of_process.channel = channel


@contextmanager
def under(channel: Channel, request_id: str = "") -> Iterator[Circumstances]:
    """Everything within is done under these circumstances; a new id unless a well-formed one is given."""
    given = request_id if _REQUEST_ID.fullmatch(request_id) else new_request_id()
    circumstances = Circumstances(channel, given)
    token = _current.set(circumstances)
    try:
        yield circumstances
    finally:
        _current.reset(token)


def note_refusal(refusal: Refusal) -> None:
    """Keep it until the edge writes it down: the transaction that it fell into is taken back."""
    held = current().refusals
    if len(held) < REFUSALS_MAX:
        held.append(refusal)
