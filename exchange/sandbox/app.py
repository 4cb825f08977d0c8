"""The WSGI program: routes, the gateway's checks, faults, and what is sent in the end."""

from __future__ import annotations

import errno
import socket
import struct
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote

from exchange.sandbox import console, control, creation, customers, payments
from exchange.sandbox.authentication import ApiKey, AuthRefusal, auth_refusal_reply, authenticate
from exchange.sandbox.configuration import Configuration
from exchange.sandbox.dialects import spoken
from exchange.sandbox.documents import upload_document
from exchange.sandbox.faults import Switchboard
from exchange.sandbox.store import Store
from exchange.sandbox.wire import Refusal, Reply, Request, error_reply, json_reply

API = "/api/v2/"
BASES = ("/api/v2/atlas/", "/api/v2/persona/", "/api/v2/verification/")
ALIVE = "/api/v2/atlas/public/health/alive"  # 002:357 under the base of 002:42
CUSTOMERS = "/api/v2/persona/resource/customers"
MERCHANTS = "/api/v2/persona/resource/merchants"
PAYMENTS = "/api/v2/atlas/account/payments"  # 002:2641; the text leaves out "atlas" (002:2684)

_GARBAGE = b"<!doctype html><html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"


class Route:
    """What a path and a method lead to: the name that faults and the log know it by, and what answers."""

    __slots__ = ("answer", "name")

    def __init__(self, name: str, answer: Callable[[], Reply]) -> None:
        self.name = name
        self.answer = answer


class _RateClock:
    """A token bucket: `per_second` requests, `burst` at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._due = 0.0

    def wait(self, per_second: float, burst: int) -> float:
        """Seconds until a request would be let through; 0 and it is."""
        now = time.monotonic()
        with self._lock:
            due = max(self._due, now - (burst - 1) / per_second)
            if due > now:
                return due - now
            self._due = due + 1 / per_second
            return 0.0


class Sandbox:
    """The imitation as a WSGI callable; safe for many threads of one process."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.store = Store(configuration.store)
        base = {"dialect": configuration.dialect, "review_seconds": configuration.review_seconds}
        self.switches = Switchboard(self.store, base)
        self.keys = {configuration.key: ApiKey(configuration.secret)}
        self.rate = _RateClock()
        self.answered: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._counting = threading.Lock()

    def __call__(self, environ: dict, start_response: Callable) -> object:
        path = environ.get("PATH_INFO", "/")
        if not path.startswith(API):
            return self._own_pages(environ).send(start_response)
        request = Request(environ, self.store.next_request_number())
        quirks = self.switches.quirks
        name = "unknown"
        fault = None
        try:
            route = self._route(request, quirks)
            name = route.name
            if name != "alive":
                self._gate(request, quirks)
            fault = self.switches.pick(method=request.method, route=name, request=request)
            reply = self._carry_out(route, request, quirks, fault) if fault else self._answer(route, quirks)
        except AuthRefusal as refusal:
            reply = auth_refusal_reply(refusal)
            with self._counting:
                self.refused.update(refusal.codes)
        except Refusal as refusal:
            reply = _refusal_reply(refusal, quirks)
        with self._counting:
            self.answered[f"{name} {reply.status}"] += 1
        if fault and fault["kind"] == "drip":
            return _drip(reply, start_response, fault["seconds"])
        return reply.send(start_response)

    def _own_pages(self, environ: dict) -> Reply:
        path = environ.get("PATH_INFO", "/")
        if path == "/" or path == "/_sandbox":
            return Reply(302, headers=[("Location", "/_sandbox/")], content_type=None)
        request = Request(environ, 0)
        try:
            if request.method not in ("GET", "HEAD") and console.is_foreign(request):
                return Reply(403, b"This console takes orders from its own pages only.\n", "text/plain")
            if path.startswith("/_sandbox/api/"):
                return control.answer(self, request)
            if path.startswith("/_sandbox/"):
                return console.answer(self, request)
        except Refusal as refusal:
            return error_reply(refusal.status, refusal.codes)
        return Reply(404, b"Not Found", "text/plain")

    def _gate(self, request: Request, quirks: dict) -> None:
        """What stands before every private route: rate, key, sub-account."""
        if quirks["rate_per_second"] > 0:
            wait = self.rate.wait(quirks["rate_per_second"], quirks["rate_burst"])
            if wait > 0:
                raise _TooMany(wait if quirks["rate_retry_after"] else None)
        authenticate(request, keys=self.keys, quirks=quirks)
        if not request.path.startswith(BASES):  # the gateway knows no such path
            raise AuthRefusal(401, "authz.invalid_permission")
        acting = request.header("X-Auth-Subaccount-Uid")
        if acting is not None:
            account = self.store.row("SELECT kind FROM accounts WHERE uid = ?", acting)
            if account is None or account["kind"] != "merchant":
                raise Refusal(403, "user.ability.not_permitted")
            request.acting_uid = acting

    def _route(self, request: Request, quirks: dict) -> Route:
        """The route of a request; one that refuses where there is none."""
        path, store = request.path, self.store
        dialects = spoken(quirks["dialect"])
        by_method: dict[str, Route] = {}

        def serve(method: str, name: str, answer: Callable, *values: object) -> None:
            by_method[method] = Route(name, partial(answer, store, request, quirks, *values))

        if path == ALIVE:
            by_method["GET"] = Route("alive", lambda: json_reply(200))
        elif path == CUSTOMERS:
            serve("GET", "customers.list", customers.list_customers)
            serve("POST", "customers.create", creation.create_customer)
        elif any(path in dialect.targets for dialect in dialects):
            here = tuple(dialect for dialect in dialects if path in dialect.targets)
            serve("POST", "documents.upload", upload_document, here)
        elif (
            path.startswith(CUSTOMERS + "/")
            and (uid := unquote(path[len(CUSTOMERS) + 1 :]))
            and "/" not in uid
        ):
            serve("GET", "customers.get", customers.get_customer, uid)
            serve("PUT", "customers.update", customers.update_customer, uid)
        elif path == PAYMENTS:
            serve("GET", "payments.list", payments.list_payments)
            serve("POST", "payments.create", payments.create_payment)
        elif path.startswith(PAYMENTS + "/") and (number := path[len(PAYMENTS) + 1 :]).isdigit():
            serve("GET", "payments.get", payments.get_payment, number)
        elif path == MERCHANTS:
            serve("GET", "merchants.list", customers.list_merchants)
            if dialects[-1].creates_merchants:
                serve("POST", "merchants.create", creation.create_merchant)
        elif path.startswith(MERCHANTS + "/"):
            uid, _, rest = path[len(MERCHANTS) + 1 :].partition("/")
            if rest == "customers":
                serve("GET", "merchants.customers", customers.list_merchant_customers, uid)
            elif not rest and uid and dialects[-1].creates_merchants:
                serve("GET", "merchants.get", customers.get_merchant, uid)
        if not by_method:
            return Route("unknown", _unknown)
        return by_method.get(request.method) or Route("unknown", _wrong_method)

    def _answer(self, route: Route, quirks: dict) -> Reply:
        try:
            return route.answer()
        except Refusal as refusal:
            return _refusal_reply(refusal, quirks)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return error_reply(500, ["server.internal_error"])

    def _carry_out(self, route: Route, request: Request, quirks: dict, fault: dict) -> Reply:
        """Answer as the fault has it. Does not return where the connection ends without an answer."""
        kind, seconds, status = fault["kind"], fault["seconds"], fault["status"]
        _ = request.body  # all that was sent has arrived, whatever happens now
        if kind == "latency":
            time.sleep(seconds)
        elif kind == "rate_limited":
            return _too_many(fault["retry_after"])
        elif kind == "error_before":
            return error_reply(status, ["server.internal_error"], quirks["error_shape"])
        elif kind == "html_before":
            return Reply(status, _GARBAGE, "text/html")
        elif kind == "redirect":
            return Reply(302, headers=[("Location", fault["location"])], content_type=None)
        elif kind == "maintenance":
            return auth_refusal_reply(AuthRefusal(471, "authz.restrict.maintenance"))
        elif kind == "gateway_403":
            return Reply(403, content_type=None)
        elif kind == "reset_before":
            _reset(request)
            raise _connection_is_gone()
        elif kind == "hang_before":
            time.sleep(seconds)
            raise _connection_is_gone()
        elif kind == "reset_late":
            _reset(request)
            time.sleep(seconds)
        elif kind == "duplicate":
            self._answer(route, quirks)
        reply = self._answer(route, quirks)
        if kind in ("reset_after", "reset_late"):
            _reset(request)
            raise _connection_is_gone()
        if kind == "hang_after":
            time.sleep(seconds)
            raise _connection_is_gone()
        if kind == "error_after":
            return error_reply(status, ["server.internal_error"], quirks["error_shape"])
        if kind == "html_after":
            return Reply(status, _GARBAGE, "text/html")
        if kind == "truncated":
            reply.body = reply.body[: max(1, len(reply.body) // 2)]
        elif kind == "huge":
            reply.body = b'{"padding":"' + b"x" * 2_200_000 + b'"}'
        return reply


class _TooMany(Refusal):
    def __init__(self, retry_after: float | None) -> None:
        super().__init__(429, "Retry later")
        self.retry_after = retry_after


def _refusal_reply(refusal: Refusal, quirks: dict) -> Reply:
    if isinstance(refusal, _TooMany):
        return _too_many(refusal.retry_after)
    if refusal.status == 413:  # the gateway itself; it speaks no JSON
        return Reply(413, b"Payload Too Large", "text/plain", [("Connection", "close")])
    if isinstance(refusal, _BareRefusal):
        return json_reply(refusal.body, refusal.status)
    return error_reply(refusal.status, refusal.codes, quirks["error_shape"])


def _too_many(retry_after: float | None) -> Reply:
    """As the stock limiter answers: plain text."""
    headers = [] if retry_after is None else [("Retry-After", str(max(1, round(retry_after))))]
    return Reply(429, b"Retry later\n", "text/plain", headers)


class _BareRefusal(Refusal):
    """A refusal whose body has a shape of its own, whatever `error_shape` says."""

    def __init__(self, status: int, body: dict) -> None:
        super().__init__(status)
        self.body = body


def _unknown() -> Reply:
    raise _BareRefusal(404, {"error": "Not Found"})


def _wrong_method() -> Reply:
    raise _BareRefusal(405, {"errors": "server.method_not_allowed"})


def _reset(request: Request) -> None:
    """End the connection with a TCP RST: SO_LINGER 0, then close. Under a server that lends no socket the
    connection just ends."""
    lent = request.environ.get("gunicorn.socket")
    if lent is not None and lent.fileno() >= 0:
        lent.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        lent.close()


def _connection_is_gone() -> ConnectionResetError:
    """Tells the server to drop the connection; with this errno it takes no note of it."""
    return ConnectionResetError(errno.ECONNRESET, "ended by a fault")


def _drip(reply: Reply, start_response: Callable, seconds: float):
    body = reply.body
    reply.send(start_response)
    steps = min(20, len(body)) or 1
    size = -(-len(body) // steps) or 1
    for at in range(0, len(body), size):
        time.sleep(seconds / steps)
        yield body[at : at + size]


def make_app(configuration: Configuration | None = None) -> Sandbox:
    """The WSGI callable; configured from the environment where nothing is given."""
    return Sandbox(configuration or Configuration.from_environment())
