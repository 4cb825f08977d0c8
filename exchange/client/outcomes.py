"""Outcomes: the only thing that retry logic may look at.

One pure function, `classify`, decides from what came back, or how far the request got, whether the exchange
has done what was asked. The rule behind every row: nothing counts as done or as not done without evidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from exchange.client.calls import Expects
from exchange.client.codes import parse_json, read_texts, safe_codes
from exchange.client.rows import list_of, object_of, uid_of


class Outcome(StrEnum):
    NOT_APPLIED = "not_applied"  # nothing happened there; it may be sent again
    REFUSED = (
        "refused"  # nothing happened there; sending the same again is of no use: configuration or contract
    )
    REJECTED = "rejected"  # nothing happened there; the data must be edited
    TAKEN = "taken"  # an account with this e-mail exists; it may be ours
    APPLIED = "applied"
    UNKNOWN = "unknown"  # it may have happened: reconcile first, never blindly resend


class Phase(StrEnum):
    """How far a request got."""

    PREPARING = "preparing"  # not signed: our own refusal
    CONNECTING = "connecting"  # name, connection or TLS: no byte of the request left
    SENT = "sent"  # a byte left, no whole answer came
    TOO_LARGE = "too_large"  # an answer came and was over the cap
    ANSWERED = "answered"


class Reason(StrEnum):
    """Why, in one word: for attempts, metrics and the error's text."""

    APPLIED = "applied"
    NOT_SENDABLE = "not_sendable"
    NOT_SIGNED = "not_signed"
    UNREACHABLE = "unreachable"
    RATE_LIMITED = "rate_limited"
    PAUSED = "paused"
    KEY_REFUSED = "key_refused"
    CLOCK = "clock"
    REFUSED = "refused"
    REJECTED = "rejected"
    EMAIL_TAKEN = "email_taken"
    UBO_EMAIL_TAKEN = "ubo_email_taken"
    NO_ANSWER = "no_answer"
    TOO_LARGE = "too_large"
    SERVER_FAILED = "server_failed"
    REDIRECTED = "redirected"
    UNREADABLE_SUCCESS = "unreadable_success"
    UNEXPECTED_STATUS = "unexpected_status"


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    reason: Reason
    status: int | None = None
    codes: tuple[str, ...] = ()
    retry_after: float | None = None  # seconds
    pauses_key: bool = False  # nothing more should be sent with this key for now
    stops_key: bool = False  # nothing more may be sent with this key until a person has mended it
    document: object | None = field(default=None, repr=False)  # the parsed body of what was applied


REFUSED_STATUSES = frozenset((400, 402, 403, 404, 405, 406, 409, 411, 413, 415, 423))
AUTHORISATION_STATUSES = frozenset((401, 403, 422, 423))
MAINTENANCE = 471
MAX_RETRY_AFTER = 86_400.0  # seconds; a longer wait is a decision for a person

_CLOCK = re.compile(r"authz\.\S*(?:nonce|timestamp|signature_blacklisted)")
_EMAIL = re.compile(r"e[-_ ]?mail")
_TAKEN = re.compile(r"taken|already|exist|duplicat|uniq|registered|in[ _-]use")
_NOT_TAKEN = re.compile(
    r"(?:not|n[’']?t)[ _-]*(?:exist|taken|registered|in[ _-]use)"
    r"|(?:non|un|in)-?(?:exist|registered)|must[ _-]exist"
)
# The field that says whose document it is: each dialect names it its own way (002:2442, 002:2564).
_NO_TARGET = re.compile(
    r"(?:missing|empty|blank)[ _](?:customer_)?(?:ubo_)?uid(?![a-z])"
    r"|(?<![a-z_])(?:customer_)?(?:ubo_)?uid[ ._](?:is[ _])?(?:missing|empty|blank|required)"
)
_UBO = re.compile(r"(?<![a-z])ubos?(?![a-z])|beneficial")


def classify(
    *,
    expects: Expects,
    phase: Phase = Phase.ANSWERED,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    private: frozenset[str] = frozenset(),
    now: datetime | None = None,
) -> Verdict:
    """Whether the exchange did what was asked.

    `expects`: what a 2xx must carry. `phase`: how far it got; all else is read only when ANSWERED. `headers`
    are named in lower case. `private`: lower-case words that no code may show. `now` (aware): what a
    Retry-After date is counted from where the answer has no Date.
    """
    if phase is not Phase.ANSWERED or status is None:
        return _UNANSWERED[phase]
    if 200 <= status < 300:
        return _success(expects, status, body)
    document, texts = read_texts(body)
    return _refusal(
        expects,
        status,
        [text.lower() for text in texts],
        isinstance(document, dict | list),
        safe_codes(texts, private),
        retry_after(headers or {}, now),
    )


_UNANSWERED = {
    Phase.PREPARING: Verdict(Outcome.NOT_APPLIED, Reason.NOT_SIGNED),
    Phase.CONNECTING: Verdict(Outcome.NOT_APPLIED, Reason.UNREACHABLE),
    Phase.SENT: Verdict(Outcome.UNKNOWN, Reason.NO_ANSWER),
    Phase.TOO_LARGE: Verdict(Outcome.UNKNOWN, Reason.TOO_LARGE),
    Phase.ANSWERED: Verdict(Outcome.UNKNOWN, Reason.NO_ANSWER),
}


def _success(expects: Expects, status: int, body: bytes) -> Verdict:
    document = parse_json(body)
    carried = {
        Expects.ANYTHING: lambda: True,
        Expects.OBJECT: lambda: object_of(document) is not None,
        Expects.LIST: lambda: list_of(document) is not None,
        Expects.UID: lambda: uid_of(object_of(document)) is not None,
        Expects.ID: lambda: uid_of(object_of(document, "id"), "id") is not None,
    }[expects]()
    if carried:
        return Verdict(Outcome.APPLIED, Reason.APPLIED, status, document=document)
    return Verdict(Outcome.UNKNOWN, Reason.UNREADABLE_SUCCESS, status)


def _refusal(
    expects: Expects,
    status: int,
    texts: list[str],
    is_json: bool,
    codes: tuple[str, ...],
    wait: float | None,
) -> Verdict:
    def verdict(outcome: Outcome, reason: Reason, **flags: bool) -> Verdict:
        return Verdict(outcome, reason, status, codes, wait, **flags)

    if status in AUTHORISATION_STATUSES and any("authz." in text for text in texts):
        if any("authz.restrict.maintenance" in text for text in texts):
            return verdict(Outcome.NOT_APPLIED, Reason.PAUSED, pauses_key=True)
        if any(_CLOCK.search(text) for text in texts):
            return verdict(Outcome.NOT_APPLIED, Reason.CLOCK)
        return verdict(Outcome.NOT_APPLIED, Reason.KEY_REFUSED, pauses_key=True, stops_key=True)
    if status == 401:
        return verdict(Outcome.NOT_APPLIED, Reason.KEY_REFUSED, pauses_key=True)
    if status == 429:
        return verdict(Outcome.NOT_APPLIED, Reason.RATE_LIMITED, pauses_key=True)
    # A 403 without JSON is the gateway's own, when its authorisation service did not answer.
    if status == MAINTENANCE or (status == 403 and not is_json):
        return verdict(Outcome.NOT_APPLIED, Reason.PAUSED, pauses_key=True)
    if status == 422 and texts and all(_NO_TARGET.search(text) for text in texts):
        # Nothing of the customer is wrong with that: it is another dialect's request.
        return verdict(Outcome.REFUSED, Reason.REFUSED)
    if status == 422:
        taken = _taken(texts) if expects is Expects.UID else None
        return verdict(Outcome.TAKEN, taken) if taken else verdict(Outcome.REJECTED, Reason.REJECTED)
    if status in REFUSED_STATUSES:
        return verdict(Outcome.REFUSED, Reason.REFUSED)
    if status == 408 or 500 <= status < 600:
        return verdict(Outcome.UNKNOWN, Reason.SERVER_FAILED)
    if 300 <= status < 400:
        return verdict(Outcome.UNKNOWN, Reason.REDIRECTED)
    return verdict(Outcome.UNKNOWN, Reason.UNEXPECTED_STATUS)


def _taken(texts: list[str]) -> Reason | None:
    about_email = [
        text for text in texts if _EMAIL.search(text) and _TAKEN.search(text) and not _NOT_TAKEN.search(text)
    ]
    if not about_email:
        return None
    # Where both are named the customer's leads: it is the account that may be ours.
    if all(_UBO.search(text) for text in about_email):
        return Reason.UBO_EMAIL_TAKEN
    return Reason.EMAIL_TAKEN


def server_date(headers: Mapping[str, str]) -> datetime | None:
    """The answer's Date, aware, in whole seconds; None where it is missing or unreadable."""
    return _http_date(headers.get("date"))


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait (0 to 86,400): Retry-After as seconds, or as a date counted from the answer's Date."""
    text = (headers.get("retry-after") or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER)
    until, since = _http_date(text), server_date(headers) or now
    if until is None or since is None:
        return None
    return min(max((until - since).total_seconds(), 0.0), MAX_RETRY_AFTER)


def _http_date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
