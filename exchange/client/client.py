"""The client: one method per call, typed answers, one error tree. It never sleeps and never retries."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlencode

from exchange.client.calls import Call
from exchange.client.codes import private_words
from exchange.client.dialects import DEFAULT_DIALECT, Dialect, dialect_named
from exchange.client.errors import DIALECT_STATUSES, ExchangeError, NotSendable, error_for
from exchange.client.origin import origin
from exchange.client.outcomes import Outcome, Phase, Verdict, classify, server_date
from exchange.client.rows import count_of, list_of, object_of, uid_of
from exchange.client.signing import Credentials, KeySignature, NonceFailed, NonceSource, process_nonce
from exchange.client.transport import Broken, RawReply, Timeouts, Wire
from exchange.client.types import (
    Created,
    Customer,
    CustomerRow,
    Merchant,
    Page,
    PaymentReference,
    Uploaded,
    created_from,
    customer_from,
    customer_row_from,
    merchant_from,
    payment_reference_from,
)
from exchange.client.uploads import document_form

if TYPE_CHECKING:  # at run time loaded by the first call: every command would pay for it at its start
    from requests import PreparedRequest

# A connection that was idle for longer is not used again: the other side may be closing it just then, and a
# write that meets that moment has an unknown outcome.
MAX_IDLE_SECONDS = 15.0
MAX_LIMIT = 1000  # rows a page, 002:2051, 3228, 3282
MAX_PAYMENTS_LIMIT = 100  # 002:3053

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # keeps the cap on an answer's size a cap
    "User-Agent": "onboarding-portal",
}

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was applied, its header names in lower case. `document`: None where it had no body."""

    status: int
    document: object | None = field(repr=False)
    headers: Mapping[str, str]
    server_date: datetime | None


class ExchangeClient:
    """The exchange's calls under one API key in one dialect. One client per thread: it keeps one connection.

    `nonce` gives milliseconds, each number once; it is called last, once per request. Without it the numbers
    are unique within this process only. Every method raises ExchangeError; nothing else leaves it.
    """

    def __init__(
        self,
        base_url: str,
        *,
        credentials: Credentials,
        dialect: str | Dialect = DEFAULT_DIALECT,
        nonce: NonceSource | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._origin = origin(base_url)
        self.dialect = dialect if isinstance(dialect, Dialect) else dialect_named(dialect)
        self._auth = KeySignature(credentials, nonce or process_nonce(credentials.key))
        self._timeouts = timeouts or Timeouts()
        self._wire = Wire(self._origin)
        self._used_at = time.monotonic()

    def __repr__(self) -> str:
        return f"<ExchangeClient {self._origin} {self.dialect.name}>"

    def close(self) -> None:
        """Close the connection. The client may be used again."""
        self._wire.close()

    def alive(self) -> bool:
        """Whether the exchange says that it runs (002:355); False also when it can't be reached. Unsigned."""
        try:
            self.call("alive")
        except ExchangeError:
            return False
        return True

    def create_customer(self, body: Mapping[str, object]) -> Created:
        """Create an individual or a business (002:1703, 1926); `body` as `bodies` builds it."""
        reply = self.call("create_customer", json_body=body)
        return created_from(reply.document, status=reply.status, server_date=reply.server_date)

    def get_customer(self, uid: str) -> Customer:
        """One customer in full (002:2119). A missing one is Refused with status 404."""
        reply = self.call("get_customer", uid=uid)
        return customer_from(reply.document, uid=uid, server_date=reply.server_date)

    def update_customer(
        self, uid: str, *, custom_id: str | None = None, external_verification_url: str | None = None
    ) -> Customer:
        """Set what is given (002:2186). It sets what it sets, so an unknown outcome may be sent again."""
        given = {"custom_id": custom_id, "external_verification_url": external_verification_url}
        body = {name: value for name, value in given.items() if value is not None}
        if not body:
            raise NotSendable("there is nothing to update", call="update_customer")
        reply = self.call("update_customer", uid=uid, json_body=body)
        return customer_from(reply.document, uid=uid, server_date=reply.server_date)

    def list_customers(
        self, page: int = 1, limit: int = MAX_LIMIT, merchant_uid: str | None = None
    ) -> Page[CustomerRow]:
        """A page of our customers, or of one merchant's (002:2037). Rows shift between pages: go by uid."""
        query = {"page": page, "limit": limit, **({"merchant_uid": merchant_uid} if merchant_uid else {})}
        return _page(self.call("list_customers", query=query), page, limit, customer_row_from)

    def list_merchants(self, page: int = 1, limit: int = 100) -> Page[Merchant]:
        """A page of our merchants (002:3217); their rows are whole businesses, so pages are small."""
        return _page(
            self.call("list_merchants", query={"page": page, "limit": limit}), page, limit, merchant_from
        )

    def list_merchant_customers(self, uid: str, page: int = 1, limit: int = MAX_LIMIT) -> Page[CustomerRow]:
        """A page of one merchant's customers (002:3270)."""
        query = {"page": page, "limit": limit}
        return _page(
            self.call("list_merchant_customers", uid=uid, query=query), page, limit, customer_row_from
        )

    def create_payment_reference(self, body: Mapping[str, object]) -> PaymentReference:
        """Create a deposit reference of a customer (002:2684); `body` as `bodies` builds it."""
        row = object_of(self.call("create_payment_reference", json_body=body).document, "id") or {}
        return payment_reference_from(row, uid_of(row, "id"))

    def list_payment_references(
        self, uid: str, page: int = 1, limit: int = MAX_PAYMENTS_LIMIT
    ) -> Page[PaymentReference]:
        """A page of one customer's payment references (002:3035), by their id."""
        query = {"uid": _checked_uid(uid, "list_payment_references"), "page": page, "limit": limit}
        reply = self.call("list_payment_references", query=query)
        return _page(reply, page, limit, payment_reference_from, key="id")

    def get_payment_reference(self, id: str) -> PaymentReference:
        """One in full (002:3130), without its secret. A missing one is Refused with status 404."""
        row = object_of(self.call("get_payment_reference", uid=id).document, "id") or {}
        return payment_reference_from(row, uid_of(row, "id") or id)

    def upload_document(
        self,
        *,
        target: str,
        uid: str,
        doc_type: str,
        content: bytes,
        content_type: str,
        doc_number: str | None = None,
        doc_expire: date | str | None = None,
        is_business: bool = False,
    ) -> Uploaded:
        """Send one document, byte for byte (002:2288, 2418, 2532).

        `target`: "customer" or "ubo", whose `uid` it is. `content_type`: image/jpeg, image/png or
        application/pdf. For a business's own documents number and expiry are the dialect's, not the
        caller's.
        """
        if target not in self.dialect.upload_fields:
            raise NotSendable(f"a document can't be uploaded for “{target}”", call="upload_document")
        call = f"upload_{target}_document"
        _checked_uid(uid, call)
        form = document_form(
            self.dialect,
            target=target,
            uid=uid,
            doc_type=doc_type,
            doc_number=doc_number,
            doc_expire=doc_expire,
            is_business=is_business,
            content=content,
            content_type=content_type,
        )
        reply = self.call(call, form=form, private={"doc_number": doc_number})
        return Uploaded(reply.status, reply.server_date)

    def call(
        self,
        name: str,
        *,
        uid: str | None = None,
        query: Mapping[str, object] | None = None,
        json_body: Mapping[str, object] | None = None,
        form: tuple[tuple[bytes, ...], str] | None = None,
        private: Mapping[str, object] | None = None,
    ) -> Reply:
        """Send one call of the dialect and judge its answer; raises ExchangeError unless it was applied.

        `form`: encoded multipart, in pieces, and its Content-Type. `private`: sent values that no error code
        may show, beside those of `json_body`.
        """
        call = self.dialect.call(name)
        verdict, cause, headers = self._attempt(call, uid, query, json_body, form, private)
        answered_at = server_date(headers)
        if verdict.outcome is Outcome.APPLIED and verdict.status is not None:
            return Reply(verdict.status, verdict.document, headers, answered_at)
        error = error_for(
            verdict,
            call.name,
            is_safe_to_repeat=call.is_safe_to_repeat,
            cause=cause if isinstance(cause, str) else type(cause).__name__,
            server_date=answered_at,
            hint=self._hint(call, verdict),
        )
        raise error from cause if isinstance(cause, BaseException) else None

    def _attempt(
        self,
        call: Call,
        uid: str | None,
        query: Mapping[str, object] | None,
        json_body: Mapping[str, object] | None,
        form: tuple[tuple[bytes, ...], str] | None,
        private: Mapping[str, object] | None,
    ) -> tuple[Verdict, str | BaseException, Mapping[str, str]]:
        """The verdict, what went wrong below it, and the answer's headers."""
        try:
            reply = self._exchange(call, self._prepared(call, uid, query, json_body, form))
        except NonceFailed as failed:
            return _unsigned(call, failed)
        except Broken as broken:
            phase = Phase.CONNECTING
            if broken.is_sent:
                phase = Phase.TOO_LARGE if broken.is_too_large else Phase.SENT
            return classify(expects=call.expects, phase=phase), broken.cause, broken.headers
        is_error = not 200 <= reply.status < 300
        verdict = classify(
            expects=call.expects,
            status=reply.status,
            headers=reply.headers,
            body=reply.body,
            private=private_words([json_body, private]) if is_error else frozenset(),
            now=datetime.now(UTC) if is_error else None,
        )
        return verdict, "", reply.headers

    def _prepared(
        self,
        call: Call,
        uid: str | None,
        query: Mapping[str, object] | None,
        json_body: Mapping[str, object] | None,
        form: tuple[tuple[bytes, ...], str] | None,
    ) -> PreparedRequest:
        path = call.path
        if "{uid}" in path:
            path = path.replace("{uid}", quote(_checked_uid(uid, call.name), safe=""))
        url = f"{self._origin}{path}?{urlencode(query)}" if query else self._origin + path
        # Address and bytes are final: nothing is left for requests to work out.
        from requests import PreparedRequest

        request = PreparedRequest()
        request.method, request.url = call.method, url
        request.headers = _HEADERS.copy()  # type: ignore[assignment]  # each is set once, in one spelling
        pieces: tuple[bytes, ...] = ()
        if form is not None:
            pieces, request.headers["Content-Type"] = form
        elif json_body is not None:
            pieces = (_encoded(json_body, call.name),)
            request.headers["Content-Type"] = "application/json"
        if pieces or call.method != "GET":
            request.headers["Content-Length"] = str(sum(map(len, pieces)))
            request.body = pieces  # type: ignore[assignment]  # sent as they are, one after the other
        return self._auth(request) if call.is_signed else request

    def _exchange(self, call: Call, request: PreparedRequest) -> RawReply:
        if time.monotonic() - self._used_at > MAX_IDLE_SECONDS:
            self._wire.close()
        limits = self._timeouts
        try:
            return self._wire.exchange(
                request,
                connect=limits.connect,
                read=limits.upload_read if call.is_upload else limits.read,
                total=limits.upload_total if call.is_upload else limits.total,
            )
        finally:
            self._used_at = time.monotonic()

    def _hint(self, call: Call, verdict: Verdict) -> str:
        if call.is_upload and verdict.status in DIALECT_STATUSES:
            return f"If every first upload is answered so, check EXCHANGE_DIALECT (now {self.dialect.name})."
        return ""


def _unsigned(call: Call, failed: NonceFailed) -> tuple[Verdict, BaseException, Mapping[str, str]]:
    cause = failed.__cause__ or failed
    verdict = classify(expects=call.expects, phase=Phase.PREPARING)
    wait = getattr(cause, "retry_after", None)
    if isinstance(wait, int | float) and wait >= 0:
        verdict = Verdict(verdict.outcome, verdict.reason, retry_after=float(wait))
    return verdict, cause, {}


def _checked_uid(uid: str | None, call: str) -> str:
    # A dot segment would be folded away, and the call would reach another path.
    if not isinstance(uid, str) or not uid.strip() or uid in (".", ".."):
        raise NotSendable("the uid is missing or is none", call=call)
    return uid


def _encoded(body: Mapping[str, object], call: str) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError):
        pass
    raise NotSendable("a value can't be written as JSON", call=call)


def _page(
    reply: Reply, page: int, limit: int, read: Callable[[Mapping, str], Row], key: str = "uid"
) -> Page[Row]:
    found = list_of(reply.document) or []
    rows = tuple(read(row, uid) for row in found if (uid := uid_of(row, key)))
    return Page(
        rows=rows,
        page=count_of(reply.headers.get("page")) or page,
        per_page=count_of(reply.headers.get("per-page")) or limit,
        total=count_of(reply.headers.get("total")),
        unreadable=len(found) - len(rows),
        server_date=reply.server_date,
    )
