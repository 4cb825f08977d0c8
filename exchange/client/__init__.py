"""A plain Python client of the exchange; it knows neither Django nor the rest of the product."""

from exchange.client.client import ExchangeClient, Reply
from exchange.client.dialects import DEFAULT_DIALECT, DIALECTS
from exchange.client.errors import (
    ClockProblem,
    EmailTaken,
    ExchangeError,
    ExchangePaused,
    KeyProblem,
    KeyRefused,
    NotApplied,
    NotSendable,
    NotSigned,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Rejected,
    ReplyTooLarge,
    Unreachable,
)
from exchange.client.outcomes import Outcome, Reason
from exchange.client.signing import Credentials
from exchange.client.transport import Timeouts
from exchange.client.types import (
    Created,
    CreatedUbo,
    Customer,
    CustomerRow,
    Merchant,
    Page,
    PaymentReference,
    Uploaded,
)

__all__ = [
    "DEFAULT_DIALECT",
    "DIALECTS",
    "ClockProblem",
    "Created",
    "CreatedUbo",
    "Credentials",
    "Customer",
    "CustomerRow",
    "EmailTaken",
    "ExchangeClient",
    "ExchangeError",
    "ExchangePaused",
    "KeyProblem",
    "KeyRefused",
    "Merchant",
    "NotApplied",
    "NotSendable",
    "NotSigned",
    "Outcome",
    "OutcomeUnknown",
    "Page",
    "PaymentReference",
    "RateLimited",
    "Reason",
    "Refused",
    "Rejected",
    "Reply",
    "ReplyTooLarge",
    "Timeouts",
    "Unreachable",
    "Uploaded",
]
