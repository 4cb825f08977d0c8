"""What a topic's handler is: a module that settings name, with five functions.

    prepare(intent, claim) -> Prepared      reads the record; outside any transaction. Raises Held or Obsolete
    applied(intent, claim, reply) -> Reason | None   the exchange did it: write what follows from it
    at_once(intent, claim, reply, following) -> AtOnce | None   what `applied` would write before `following`
                                            is sent, where it need not ask anything first; None where it must
    stopped(intent, claim, reason) -> None  it waits for staff, and nothing happened there
    unknown(intent, claim) -> None          it may have happened: flag what it was about

`applied`, `stopped` and `unknown` run in the settling transaction. A reason that `applied` returns makes the
intent wait for staff although the exchange did what was asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from django.conf import settings

from exchange.client import ExchangeClient
from exchange.outbox.choices import Reason
from exchange.outbox.claiming import Claim
from exchange.outbox.models import Intent
from exchange.outbox.together import Write


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call, ready to be sent. `digest`: keyed, over what it says. `endpoint`: its circuit's name."""

    send: Callable[[ExchangeClient], Any]
    digest: str
    endpoint: str
    is_upload: bool = False


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class AtOnce:
    """What follows from a call, to be written in one piece with the next one's beginning.

    `opens`: the next intent was closed until now. `then`: called once it is written.
    """

    writes: list[Write]
    opens: bool = False
    then: Callable[[], None] = _nothing


class Held(Exception):
    """Not to be sent: staff must decide. `code` says more than the reason; no personal data."""

    def __init__(self, reason: Reason, code: str = "") -> None:
        super().__init__(f"{reason} {code}".strip())
        self.reason = reason
        self.code = code


class Obsolete(Exception):
    """No longer to be sent: a newer intent takes its place, or its subject is gone. Its text is a code."""


class Handler(Protocol):
    def prepare(self, intent: Intent, claim: Claim) -> Prepared: ...

    def applied(self, intent: Intent, claim: Claim, reply: Any) -> Reason | None: ...

    def at_once(self, intent: Intent, claim: Claim, reply: Any, following: Intent) -> AtOnce | None: ...

    def stopped(self, intent: Intent, claim: Claim, reason: Reason) -> None: ...

    def unknown(self, intent: Intent, claim: Claim) -> None: ...


class Nothing:
    """A handler in place of one that failed: nothing of ours follows."""

    def prepare(self, intent: Intent, claim: Claim) -> Prepared:
        raise NotImplementedError

    def applied(self, *_: object) -> None:
        return None

    def at_once(self, *_: object) -> None:
        return None

    def stopped(self, *_: object) -> None:
        return None

    def unknown(self, *_: object) -> None:
        return None


@cache
def _module(path: str) -> Any:
    return import_module(path)


def handler_for(topic: str) -> Handler:
    """The module that OUTBOX_HANDLERS names for the topic. Raises KeyError for a topic it does not name."""
    return _module(settings.OUTBOX_HANDLERS[topic])
