"""Who is asking: the API key, the nonce and the signature, checked in the exchange's own order.

HMAC-SHA256 over nonce + key, keyed with the secret as ASCII text, lower-case hex (002:55-91). The order and
the codes are those of the stack that the exchange was built on; its refusals are JSON with the content type
text/html.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from exchange.sandbox.wire import Refusal, Reply, Request

_LEADING_DIGITS = re.compile(r"\d+")
_REMEMBERED_NONCES = 200_000  # enough to find a repeat in any run; a few megabytes


class AuthRefusal(Refusal):
    """Refused at the gateway, before any route is reached."""


@dataclass
class NonceBook:
    """Which nonces have been used. `repeats` counts those that came twice, whatever the switches say."""

    highest: int = 0
    repeats: int = 0
    _used: set[int] = field(default_factory=set)
    _order: deque[int] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def use(self, nonce: int) -> tuple[bool, bool]:
        """Note a nonce; say whether it was used before, and whether it is above all that were."""
        with self._lock:
            repeated = nonce in self._used
            rising = nonce > self.highest
            if repeated:
                self.repeats += 1
            else:
                self._used.add(nonce)
                self._order.append(nonce)
                if len(self._order) > _REMEMBERED_NONCES:
                    self._used.discard(self._order.popleft())
            self.highest = max(self.highest, nonce)
            return repeated, rising


@dataclass
class ApiKey:
    """One of the aggregator's keys: it may have two while it goes from one to the other."""

    secret: str
    nonces: NonceBook = field(default_factory=NonceBook)
    is_retired: bool = False


def authenticate(request: Request, *, keys: Mapping[str, ApiKey], quirks: dict) -> None:
    """Let the request pass or raise AuthRefusal; sets `request.nonce`. `keys`: by what they are called."""
    names = ("X-Auth-Apikey", "X-Auth-Nonce", "X-Auth-Signature")
    given = [request.header(name) for name in names]
    if all(value is None for value in given):
        reading = request.method in ("GET", "HEAD", "OPTIONS")
        raise AuthRefusal(401, "authz.invalid_session" if reading else "authz.missing_csrf_token")
    apikey, nonce_text, signature = (value or "" for value in given)
    if not (apikey.strip() and nonce_text.strip() and signature.strip()):
        raise AuthRefusal(422, "authz.invalid_api_key_headers")
    held = keys.get(apikey)
    if held is None or held.is_retired:
        raise AuthRefusal(401, "authz.unexistent_apikey")
    match = _LEADING_DIGITS.match(nonce_text)
    nonce = int(match.group()[:20]) if match else 0
    if nonce <= 0:
        raise AuthRefusal(401, "authz.nonce_not_valid_timestamp")
    if abs(int(time.time() * 1000) - nonce) >= quirks["nonce_window_ms"]:
        raise AuthRefusal(401, "authz.nonce_expired")
    wanted = hmac.new(
        held.secret.encode(), (nonce_text + apikey).encode("latin-1"), hashlib.sha256
    ).hexdigest()
    if not hmac.compare_digest(wanted.encode(), signature.encode("latin-1", "replace")):
        raise AuthRefusal(401, "authz.invalid_signature")
    repeated, rising = held.nonces.use(nonce)
    if repeated and quirks["nonce_unique"]:
        raise AuthRefusal(401, "authz.signature_blacklisted")
    if not rising and quirks["nonce_increasing"]:
        raise AuthRefusal(401, "authz.nonce_not_increasing")
    if not quirks["key_active"]:
        raise AuthRefusal(401, "authz.apikey_not_active")
    if quirks["owner_state"] not in ("active", "pending"):
        raise AuthRefusal(401, "authz.invalid_session")
    if not quirks["owner_2fa"]:
        raise AuthRefusal(401, "authz.disabled_2fa")
    if not quirks["key_permitted"]:
        raise AuthRefusal(401, "authz.invalid_permission")
    request.nonce = nonce_text


def auth_refusal_reply(refusal: AuthRefusal) -> Reply:
    """The gateway's refusal: JSON that calls itself text/html."""
    return Reply(refusal.status, json.dumps({"errors": refusal.codes}).encode(), "text/html")
