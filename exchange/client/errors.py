"""One error tree. The class says what the caller should do, the text says it to a person.

    ExchangeError
      NotApplied        nothing happened there: send again later
        NotSigned         the nonce source gave nothing
        Unreachable       no connection
        RateLimited       wait `retry_after`, send less
        ExchangePaused    the exchange or its gateway is not serving
        KeyProblem        the key, not the subject
          KeyRefused        stop the key and call a person where `stops_key`
          ClockProblem      learn the skew from `server_date`, send again
      Refused           nothing happened there: configuration or contract; never resent automatically
        NotSendable       we did not send it
      Rejected          the data must be edited
      EmailTaken        the e-mail is in use: `is_ubo_email` says whose; look before believing it is ours
      OutcomeUnknown    it may have happened: reconcile first, unless `is_safe_to_repeat`
        ReplyTooLarge     ask for smaller pages

No error holds a body, a header or a value that was sent. What is raised is never chained to the HTTP
library's error, which holds the signed request.
"""

from __future__ import annotations

from datetime import datetime

from exchange.client.outcomes import Outcome, Reason, Verdict

DIALECT_STATUSES = frozenset((400, 404, 422))  # what an upload in the wrong dialect is answered with


class ExchangeError(Exception):
    """A call that was not applied, or may not have been.

    `call`: the call's name. `outcome`, `reason`, `status` (None without an answer), `codes` (safe to show
    and log), `retry_after` (seconds or None), `pauses_key`, `stops_key`: as in `Verdict`.
    `is_safe_to_repeat`: a second send can do no harm. `cause`: the class names of what went wrong below,
    such as "ReadTimeoutError". `server_date`: the answer's Date. `happened`, `means`, `remedy`: sentences
    for a person.
    """

    happened = "The exchange did not do what was asked."
    means = ""
    default_remedy = ""

    def __init__(
        self,
        verdict: Verdict,
        call: str,
        *,
        is_safe_to_repeat: bool = False,
        cause: str = "",
        server_date: datetime | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(verdict.reason.value, call)
        self.call = call
        self.outcome: Outcome = verdict.outcome
        self.reason: Reason = verdict.reason
        self.status = verdict.status
        self.codes = verdict.codes
        self.retry_after = verdict.retry_after
        self.pauses_key = verdict.pauses_key
        self.stops_key = verdict.stops_key
        self.is_safe_to_repeat = is_safe_to_repeat or verdict.outcome is Outcome.NOT_APPLIED
        self.cause = cause
        self.server_date = server_date
        self.remedy = f"{self.default_remedy} {hint}".strip()

    def __str__(self) -> str:
        facts = [f"HTTP {self.status}"] if self.status else []
        facts += [*self.codes] or ([self.cause] if self.cause else [])
        told = f"{self.happened} ({', '.join(facts)})" if facts else self.happened
        return " ".join(part for part in (told, self.means, self.remedy) if part)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.call} {self.reason} status={self.status} codes={self.codes}>"

    def __reduce__(self) -> tuple:
        return _rebuilt, (type(self), dict(self.__dict__))


def _rebuilt(cls: type[ExchangeError], state: dict) -> ExchangeError:
    error = cls.__new__(cls)
    error.__dict__.update(state)
    return error


class NotApplied(ExchangeError):
    means = "Nothing has changed there."
    default_remedy = "It can be sent again later."


class NotSigned(NotApplied):
    happened = "The request could not be signed, so it was not sent."
    default_remedy = "It can be sent again once the source of nonces answers."


class Unreachable(NotApplied):
    happened = "The exchange could not be reached."
    default_remedy = (
        "It can be sent again later. If this stays, check EXCHANGE_BASE_URL (with the sandbox: SANDBOX_PORT,"
        " which each command needs as `make run` had it) and the network."
    )


class RateLimited(NotApplied):
    happened = "The exchange asks for fewer requests."
    default_remedy = "Wait as long as it says, then send more slowly."


class ExchangePaused(NotApplied):
    happened = "The exchange is not serving requests at the moment."
    default_remedy = "Wait and send again; nothing has to be changed."


class KeyProblem(NotApplied):
    """A matter of the key; no customer's try is used up."""


class KeyRefused(KeyProblem):
    happened = "The exchange did not accept our API key for this."
    default_remedy = (
        "Check EXCHANGE_API_KEY and EXCHANGE_API_SECRET, the key's permissions, its owner's 2FA, and whether "
        "the account is enabled for this call in EXCHANGE_DIALECT."
    )


class ClockProblem(KeyProblem):
    happened = "The exchange found the time in our request wrong or already used."
    default_remedy = "It can be sent again with a new time. If this stays, set this machine's clock."


class Refused(ExchangeError):
    happened = "The exchange refused the request."
    means = "Nothing has changed there, and sending the same again would be refused again."
    default_remedy = "Look at the code; it points to the configuration or to the exchange's rules."


class NotSendable(Refused):
    """We would not send it. `why` goes into the text and must hold no personal data."""

    means = "Nothing was sent."
    default_remedy = ""

    def __init__(self, why: str, *, call: str) -> None:
        super().__init__(Verdict(Outcome.REFUSED, Reason.NOT_SENDABLE), call, is_safe_to_repeat=True)
        self.happened = f"The request can't be sent: {why}."


class Rejected(ExchangeError):
    happened = "The exchange rejected the data."
    means = "Nothing has changed there."
    default_remedy = "Correct the fields that the codes name, then submit again."


class EmailTaken(ExchangeError):
    """`is_ubo_email`: only UBOs' e-mails were named; else the customer's own is taken."""

    happened = "The exchange already has an account with this e-mail."
    means = "No new account was made; the one that exists may be ours or somebody else's."
    default_remedy = "Look for our own mark in the exchange's list before deciding."

    @property
    def is_ubo_email(self) -> bool:
        return self.reason is Reason.UBO_EMAIL_TAKEN


class OutcomeUnknown(ExchangeError):
    happened = "The exchange's answer did not arrive or could not be read."
    means = "What was asked may or may not have happened."
    default_remedy = "Find out before sending again."

    def __init__(self, verdict: Verdict, call: str, **kwargs) -> None:
        super().__init__(verdict, call, **kwargs)
        if self.is_safe_to_repeat:
            self.means = "It does no harm to ask again."
            self.remedy = "Ask again later."


class ReplyTooLarge(OutcomeUnknown):
    happened = "The exchange's answer was over 1 MB and was not read."

    def __init__(self, verdict: Verdict, call: str, **kwargs) -> None:
        super().__init__(verdict, call, **kwargs)
        if self.is_safe_to_repeat:
            self.remedy = "Ask again for smaller pages."


_CLASSES: dict[Reason, type[ExchangeError]] = {
    Reason.NOT_SIGNED: NotSigned,
    Reason.UNREACHABLE: Unreachable,
    Reason.RATE_LIMITED: RateLimited,
    Reason.PAUSED: ExchangePaused,
    Reason.KEY_REFUSED: KeyRefused,
    Reason.CLOCK: ClockProblem,
    Reason.REFUSED: Refused,
    Reason.REJECTED: Rejected,
    Reason.EMAIL_TAKEN: EmailTaken,
    Reason.UBO_EMAIL_TAKEN: EmailTaken,
    Reason.TOO_LARGE: ReplyTooLarge,
}


def error_for(
    verdict: Verdict,
    call: str,
    *,
    is_safe_to_repeat: bool = False,
    cause: str = "",
    server_date: datetime | None = None,
    hint: str = "",
) -> ExchangeError:
    """The error for a verdict that is not APPLIED. A reason without its own class is an unknown outcome."""
    return _CLASSES.get(verdict.reason, OutcomeUnknown)(
        verdict,
        call,
        is_safe_to_repeat=is_safe_to_repeat,
        cause=cause,
        server_date=server_date,
        hint=hint,
    )
