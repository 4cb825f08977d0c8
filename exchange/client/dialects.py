"""What differs between the dated states of the exchange's documents, as data.

A call is described once (method, full path, what an answer must carry); a dialect says which calls exist,
under which field an upload names its subject, and what stands for "no number" on business documents. A new
call of the exchange is one more `Call` in a dialect's table and a thin method of the client.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exchange.client.calls import Call, Expects
from exchange.client.errors import NotSendable

ATLAS = "/api/v2/atlas"
# The text has it without "atlas" too (002:2684); every example and the rule of 002:40 have it so (002:2641).
PAYMENTS = ATLAS + "/account/payments"
PERSONA = "/api/v2/persona"
VERIFICATION = "/api/v2/verification"

DEFAULT_DIALECT = "2026-02"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dated state of the exchange's documents."""

    name: str
    calls: Mapping[str, Call]
    upload_fields: Mapping[str, str]  # "customer" | "ubo" -> the one form field that carries the uid
    business_blank: str | None  # doc_number and doc_expire of business documents; None: both are left out

    def call(self, name: str) -> Call:
        """The call's description; raises NotSendable where this dialect does not document it."""
        try:
            return self.calls[name]
        except KeyError:
            raise NotSendable(f"the dialect {self.name} has no call “{name}”", call=name) from None


def _table(calls: Iterable[Call]) -> Mapping[str, Call]:
    return MappingProxyType({call.name: call for call in calls})


def _upload(name: str, path: str) -> Call:
    return Call(name, "POST", VERIFICATION + path, Expects.ANYTHING, is_upload=True)


# 002:355, 1703, 2037, 2119, 2170, 2641, 3005, 3101, 3217, 3270: the same in every dialect.
_ACCOUNT_CALLS = (
    Call("alive", "GET", ATLAS + "/public/health/alive", Expects.ANYTHING, is_signed=False),
    Call("create_customer", "POST", PERSONA + "/resource/customers", Expects.UID),
    Call("list_customers", "GET", PERSONA + "/resource/customers", Expects.LIST),
    Call("get_customer", "GET", PERSONA + "/resource/customers/{uid}", Expects.OBJECT),
    Call(
        "update_customer",
        "PUT",
        PERSONA + "/resource/customers/{uid}",
        Expects.ANYTHING,
        is_repeatable=True,
    ),
    Call("list_merchants", "GET", PERSONA + "/resource/merchants", Expects.LIST),
    Call("list_merchant_customers", "GET", PERSONA + "/resource/merchants/{uid}/customers", Expects.LIST),
    Call("create_payment_reference", "POST", PAYMENTS, Expects.ID),
    Call("list_payment_references", "GET", PAYMENTS, Expects.LIST),
    Call("get_payment_reference", "GET", PAYMENTS + "/{uid}", Expects.OBJECT),
)
_ONE_UPLOAD_PATH = (
    _upload("upload_customer_document", "/customers/documents"),
    _upload("upload_ubo_document", "/customers/documents"),
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        dialect.name: dialect
        for dialect in (
            # UBO uploads name the UBO's uid in customer_uid too (000:1759, 1804, 1815).
            Dialect(
                "2025-11",
                _table(_ACCOUNT_CALLS + _ONE_UPLOAD_PATH),
                MappingProxyType({"customer": "customer_uid", "ubo": "customer_uid"}),
                "N/A",
            ),
            # 002:2310, 2444-2446, 2564.
            Dialect(
                "2026-02",
                _table(_ACCOUNT_CALLS + _ONE_UPLOAD_PATH),
                MappingProxyType({"customer": "customer_uid", "ubo": "customer_ubo_uid"}),
                "N/A",
            ),
            # Since 2026-02-21 the path says whose document it is, and the field is `uid` everywhere.
            Dialect(
                "2026-04",
                _table(
                    (
                        *_ACCOUNT_CALLS,
                        _upload("upload_customer_document", "/customers/documents"),
                        _upload("upload_ubo_document", "/ubos/documents"),
                    )
                ),
                MappingProxyType({"customer": "uid", "ubo": "uid"}),
                None,
            ),
        )
    }
)


def dialect_named(name: str) -> Dialect:
    """The dialect of that name; ValueError names the ones there are."""
    try:
        return DIALECTS[name]
    except KeyError:
        known = ", ".join(sorted(DIALECTS))
        raise ValueError(f"EXCHANGE_DIALECT is “{name}”; it must be one of {known}.") from None
