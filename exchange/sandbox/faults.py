"""What goes wrong on purpose: faults that strike single requests, and quirks of the whole exchange.

A fault is a dict: `kind` (one of KINDS), and optionally `probability` (0..1, default 1), `count` (strikes
left; null: without end), `skip` (let so many matching requests pass first), `method`, `route` (a pattern
such as `customers.*`, default all), `match` (text that the body must contain), and the kind's own values:
`seconds`, `status`, `retry_after`, `location`. "before": nothing was changed; "after": the effect is there
and the answer is not.
"""

from __future__ import annotations

import fnmatch
import random
import threading
from dataclasses import dataclass
from typing import Any

from exchange.sandbox.store import Store
from exchange.sandbox.validation import read_date

KINDS: dict[str, str] = {
    "latency": "Answers after `seconds`",
    "rate_limited": "429 before any effect; `retry_after` seconds, or no such header",
    "error_before": "`status` (500) before the effect",
    "error_after": "`status` (500) after the effect",
    "reset_before": "Connection reset before the effect",
    "reset_after": "Connection reset after the effect",
    "reset_late": "Connection reset at once, the effect follows after `seconds`",
    "hang_before": "Silence for `seconds`, then the connection closes; no effect",
    "hang_after": "The effect, then silence for `seconds`, then the connection closes",
    "html_before": "An HTML page with `status` (502), no effect",
    "html_after": "An HTML page with `status` (200), after the effect",
    "truncated": "After the effect, a JSON body that stops half way",
    "redirect": "302 to `location`, no effect",
    "maintenance": "471 authz.restrict.maintenance, no effect",
    "gateway_403": "403 with an empty body, no effect",
    "duplicate": "The request is carried out twice, the second answer is sent",
    "drip": "The answer comes byte by byte over `seconds`",
    "huge": "After the effect, an answer of more than 2 MB",
}

# Every quirk with its default (the strict reading of the documents) and its meaning.
_QUIRKS: dict[str, tuple[Any, str]] = {
    "dialect": ("2026-02", "which state of the documents is spoken"),
    "review_seconds": (5.0, "how long after the last needed document a person is verified"),
    "today": ("", "YYYY-MM-DD by which ages and expiry dates are judged; empty: today (UTC)"),
    "nonce_window_ms": (5000, "how far a nonce may be from the clock"),
    "nonce_unique": (False, "a nonce that was used is refused"),
    "nonce_increasing": (False, "a nonce must be above all that were used"),
    "key_active": (True, "off: authz.apikey_not_active"),
    "key_permitted": (True, "off: authz.invalid_permission"),
    "owner_state": ("active", "of the key's owner; banned, locked, deleted: authz.invalid_session"),
    "owner_2fa": (True, "off: authz.disabled_2fa"),
    "rate_per_second": (0.0, "a real rate limit; 0: none"),
    "rate_burst": (10, "how many requests at once the rate limit lets through"),
    "rate_retry_after": (True, "its 429 carries Retry-After"),
    "masking": (False, "names, birth dates, phones and numbers come back masked"),
    "ubo_uid_in_create": (True, "ubos[].uid in the answer to a creation"),
    "ubo_uid_in_get": (True, "ubos[].uid in a customer's details"),
    "account_name": ("echo", "comes back as sent, or replaced by custom_id once there is one"),
    "business_kyc_status": ("shown", "whether a business shows its kyc_status, or only its state"),
    "business_account_name": (False, "a business's details show its account_name"),
    "list_order": ("asc", "of the lists, by creation"),
    "list_lag_seconds": (0.0, "how long what is new is missing from the lists of customers and payments"),
    "list_total": (True, "lists carry the Total header"),
    "list_page_cap": (0, "rows in a page of a list at the most, counted by what was asked; 0: no such"),
    "payments_webhook_url": ("everywhere", "which answers show a payment reference's webhook_url"),
    "error_shape": ("array", "how the body of an error is built"),
    "racy_email_seconds": (0.0, "the e-mail is checked on arrival and written so much later"),
    "email_case": ("fold", "whether Jane@ and jane@ are the same"),
    "ubo_email_scope": ("merchant", "where a UBO's e-mail must be unique"),
    "doc_limit": (0, "documents that one owner may have; 0: no limit"),
    "size_limit": (4 * 1024 * 1024, "largest file in bytes"),
    "create_status": (201, "status of a creation"),
    "upload_answer": ("object", "200 with an object, or 201 with the bare number 201"),
    "sa_id_number_alias": (False, "sa_id_number is taken for id_number"),
    "stock_names": (False, "names may hold letters, digits, spaces, - and ' only"),
    "stock_doc_numbers": (False, "document numbers may hold ASCII letters, digits, spaces and - only"),
    "upload_resets_verdict": (False, "a new document makes a verified customer pending again"),
}
QUIRKS: dict[str, Any] = {name: default for name, (default, _meaning) in _QUIRKS.items()}
MEANINGS: dict[str, str] = {name: meaning for name, (_default, meaning) in _QUIRKS.items()}
CHOICES: dict[str, tuple] = {
    "dialect": ("2025-11", "2026-02", "2026-04", "any"),
    "owner_state": ("active", "pending", "banned", "locked", "deleted"),
    "account_name": ("echo", "custom_id"),
    "business_kyc_status": ("shown", "list_only", "hidden"),
    "list_order": ("asc", "desc", "random"),
    "error_shape": ("array", "object", "string", "singular"),
    "email_case": ("fold", "exact"),
    "ubo_email_scope": ("merchant", "business"),
    "payments_webhook_url": ("everywhere", "details", "nowhere"),
    "create_status": (200, 201),
    "upload_answer": ("object", "bare_201"),
}
_FAULT_KEYS = {
    "kind",
    "probability",
    "count",
    "skip",
    "method",
    "route",
    "match",
    "seconds",
    "status",
    "retry_after",
    "location",
}
DEFAULT_SECONDS = {"latency": 0.5, "reset_late": 1.0, "hang_before": 30.0, "hang_after": 30.0, "drip": 1.0}
DEFAULT_STATUS = {"error_before": 500, "error_after": 500, "html_before": 502, "html_after": 200}


class UnknownSwitch(ValueError):
    """A fault or quirk that does not exist, or a value that it can't have; the text says which."""


def checked_fault(data: object) -> dict:
    """A fault with its defaults filled in. Raises UnknownSwitch."""
    if not isinstance(data, dict) or data.get("kind") not in KINDS:
        raise UnknownSwitch(f"a fault needs a kind, one of: {', '.join(KINDS)}")
    unknown = set(data) - _FAULT_KEYS
    if unknown:
        raise UnknownSwitch(f"{data['kind']} has no {', '.join(sorted(unknown))}")
    kind = data["kind"]
    try:
        return {
            "kind": kind,
            "probability": min(1.0, max(0.0, float(data.get("probability", 1.0)))),
            "count": None if data.get("count") is None else int(data["count"]),
            "skip": int(data.get("skip") or 0),
            "method": str(data.get("method") or "").upper(),
            "route": str(data.get("route") or "*"),
            "match": str(data.get("match") or ""),
            "seconds": float(data.get("seconds", DEFAULT_SECONDS.get(kind, 0))),
            "status": int(data.get("status", DEFAULT_STATUS.get(kind, 0))),
            "retry_after": data.get("retry_after"),
            "location": str(data.get("location") or "https://exchange.invalid/elsewhere"),
        }
    except (TypeError, ValueError) as problem:
        raise UnknownSwitch(f"{kind}: {problem}") from problem


def checked_quirks(data: object) -> dict:
    """Quirks with the type of their defaults. Raises UnknownSwitch."""
    if not isinstance(data, dict):
        raise UnknownSwitch("quirks are an object of name and value")
    quirks = {}
    for name, value in data.items():
        if name not in QUIRKS:
            raise UnknownSwitch(f"there is no quirk {name}; there are: {', '.join(QUIRKS)}")
        default = QUIRKS[name]
        try:
            if isinstance(default, bool):
                value = value if isinstance(value, bool) else str(value).lower() in ("true", "1", "on", "yes")
            else:
                value = type(default)(value)
        except (TypeError, ValueError) as problem:
            raise UnknownSwitch(f"{name}: {problem}") from problem
        if name == "today" and value and read_date(value) is None:
            raise UnknownSwitch("today is a date, YYYY-MM-DD")
        if name in CHOICES and value not in CHOICES[name]:
            raise UnknownSwitch(f"{name} is one of: {', '.join(map(str, CHOICES[name]))}")
        quirks[name] = value
    return quirks


@dataclass
class Switchboard:
    """The faults and quirks that are on. Kept in the store, so that a restart keeps them."""

    store: Store
    base: dict

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._random = random.Random()  # noqa: S311 (chance in a test, not a secret)
        saved = self.store.setting("switches") or {}
        self.faults: list[dict] = saved.get("faults", [])
        self.quirks: dict = {**QUIRKS, **self.base, **saved.get("quirks", {})}
        self.struck: dict[str, int] = {}

    def set(self, *, faults: list | None = None, quirks: dict | None = None, seed: int | None = None) -> None:
        """Replace the faults and/or the quirks (what is not named goes back to its default). `seed` makes
        chance repeatable."""
        new_faults = None if faults is None else [checked_fault(fault) for fault in faults]
        new_quirks = None if quirks is None else checked_quirks(quirks)
        with self._lock:
            if new_faults is not None:
                self.faults = new_faults
                self.struck = {}
            if new_quirks is not None:
                self.quirks = {**QUIRKS, **self.base, **new_quirks}
            if seed is not None:
                self._random.seed(seed)
            self._save()

    def clear(self) -> None:
        self.set(faults=[], quirks={})

    def pick(self, *, method: str, route: str, request) -> dict | None:
        """The first fault that strikes this request; None mostly."""
        if not self.faults:
            return None
        with self._lock:
            for fault in self.faults:
                if fault["count"] == 0 or (fault["method"] and fault["method"] != method):
                    continue
                if not fnmatch.fnmatchcase(route, fault["route"]):
                    continue
                if fault["match"] and fault["match"].encode() not in request.body:
                    continue
                if fault["skip"] > 0:
                    fault["skip"] -= 1
                    continue
                if fault["probability"] < 1 and self._random.random() >= fault["probability"]:
                    continue
                if fault["count"] is not None:
                    fault["count"] -= 1
                    self._save()
                self.struck[fault["kind"]] = self.struck.get(fault["kind"], 0) + 1
                return dict(fault)
        return None

    def _save(self) -> None:
        own = {name: value for name, value in self.quirks.items() if value != {**QUIRKS, **self.base}[name]}
        self.store.remember("switches", {"faults": self.faults, "quirks": own})

    def described(self) -> dict:
        with self._lock:
            return {
                "faults": [dict(f) for f in self.faults],
                "quirks": dict(self.quirks),
                "struck": dict(self.struck),
            }
