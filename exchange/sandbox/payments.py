"""Payment references (002:2636-3180): created for a customer, listed, shown. No call takes one away."""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
import time
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import urlsplit

from exchange.sandbox.paging import ORDERS, page_headers, page_of
from exchange.sandbox.representations import moment
from exchange.sandbox.store import Store, log_effect
from exchange.sandbox.wire import Refusal, Reply, Request, json_reply

DEFAULT_LIMIT, MAX_LIMIT = 50, 100  # 002:3053
PROTOCOLS = ("hmac", "plain_text", "none")  # 002:2756
# 002:2762, and whether it converts and withdraws: then it must say to what and where (002:2764-2765).
ACTIONS = {
    "none": False,
    "aggregate": False,
    "convert_and_withdraw": True,
    "aggregate_convert_and_withdraw": True,
}
MAX_SLIPPAGE = 5  # per cent, 002:2766
# Where the webhook's address comes back: in each answer, in details alone, or in none.
EVERYWHERE, DETAILS = "everywhere", "details"

_PREFIX = "account.payments."
_CURRENCY = re.compile(r"[A-Za-z0-9]{1,10}")
_AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f]")


def create_payment(store: Store, request: Request, quirks: dict) -> Reply:
    data, _typed = request.fields()
    codes = _codes(store, request, data)
    if codes:
        raise Refusal(422, *codes)
    now = time.time()
    amount = data.get("expected_amount")
    with store.writing() as connection:
        reference = f"PAY-{secrets.token_hex(5).upper()}"
        number = connection.execute(
            "INSERT INTO payment_references"
            " (reference, uid, currency, expected_amount, deposit_action, state, webhook_url, webhook_secret,"
            " webhook_protocol, created_at, updated_at, request)"
            " VALUES (?,?,?,?,?,'pending_deposit',?,?,?,?,?,?)",
            (
                reference,
                data["uid"],
                data["currency"],
                None if amount in (None, "") else str(amount),
                json.dumps(data["deposit_action"]) if data.get("deposit_action") else None,
                data.get("webhook_url") or None,
                data.get("webhook_secret") or None,
                data.get("webhook_protocol") or "none",
                now,
                now,
                request.number,
            ),
        ).lastrowid
        log_effect(connection, request, "payments.create", str(data["uid"]), id=number, reference=reference)
    row = store.one("SELECT * FROM payment_references WHERE id = ?", number)
    return json_reply(_shown(row, quirks["payments_webhook_url"] == EVERYWHERE), quirks["create_status"])


def list_payments(store: Store, request: Request, quirks: dict) -> Reply:
    page, limit = page_of(request, DEFAULT_LIMIT, MAX_LIMIT)
    where, values = "1 = 1", []
    if uid := request.query.get("uid"):
        if not _is_customer(store, request, uid):
            raise Refusal(422, "uid.doesnt_exist")
        where, values = "uid = ?", [uid]
    elif request.acting_uid:
        where, values = "uid IN (SELECT uid FROM accounts WHERE merchant_uid = ?)", [request.acting_uid]
    if quirks["list_lag_seconds"] > 0:
        where += " AND created_at <= ?"
        values.append(time.time() - quirks["list_lag_seconds"])
    total = store.one(f"SELECT COUNT(*) FROM payment_references WHERE {where}", *values)[0]  # noqa: S608
    rows = store.rows(
        f"SELECT * FROM payment_references WHERE {where}"  # noqa: S608
        f" ORDER BY {ORDERS[quirks['list_order']]} LIMIT ? OFFSET ?",
        *values,
        min(limit, quirks["list_page_cap"] or limit),
        (page - 1) * limit,
    )
    body = [_shown(row, quirks["payments_webhook_url"] == EVERYWHERE) for row in rows]
    for shown in body:  # 002:3087
        shown.pop("webhook_protocol", None)
    return json_reply(body, headers=page_headers(page, limit, total, quirks))


def get_payment(store: Store, request: Request, quirks: dict, number: str) -> Reply:
    row = store.row("SELECT * FROM payment_references WHERE id = ?", number)
    if row is None or not _is_customer(store, request, row["uid"]):
        raise Refusal(404, "record.not_found")
    shown = _shown(row, quirks["payments_webhook_url"] in (EVERYWHERE, DETAILS))
    if request.query.get("includeSecret") == "true" and row["webhook_secret"]:
        shown["webhook_secret"] = row["webhook_secret"]
    return json_reply(shown)


def held_payments(store: Store) -> list[dict[str, object]]:
    """Everything of every payment reference, as tests read it."""
    return [dict(row) for row in store.rows("SELECT * FROM payment_references ORDER BY id")]


def _codes(store: Store, request: Request, data: dict) -> list[str]:
    known: dict[str, Callable[[str], object]] = {
        "uid": lambda uid: _is_customer(store, request, uid),
        "currency": _CURRENCY.fullmatch,
    }
    codes = []
    for name, is_known in known.items():
        value = data.get(name)
        if missing := _missing(name, value):
            codes += missing
        elif not isinstance(value, str) or not is_known(value):
            codes.append(f"{name}.doesnt_exist")
    amount = data.get("expected_amount")
    if amount not in (None, "") and not _is_positive(amount):
        codes.append("expected_amount.non_positive")
    return [*codes, *_webhook_codes(data), *_action_codes(data.get("deposit_action"))]


def _missing(name: str, value: object) -> list[str]:
    """The two codes of the original stack's parameter check, or the one for what is there and blank."""
    codes = [f"{_PREFIX}missing_{name}", f"{_PREFIX}empty_{name}"]
    if value is None:
        return codes
    return codes[1:] if isinstance(value, str) and not value.strip() else []


def _webhook_codes(data: dict) -> list[str]:
    url, secret, protocol = (data.get(f"webhook_{name}") for name in ("url", "secret", "protocol"))
    codes = []
    if url not in (None, "") and not _is_web_address(url):
        codes.append("webhook_url.invalid")
    if secret is not None and not isinstance(secret, str):
        codes.append("webhook_secret.invalid")
    if protocol not in (None, "", *PROTOCOLS):
        codes.append("webhook_protocol.inclusion")
    elif protocol in ("hmac", "plain_text"):
        codes += _missing("webhook_secret", secret)
    return codes


def _is_web_address(url: object) -> bool:
    if not isinstance(url, str) or _NO_ADDRESS.search(url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _action_codes(action: object) -> list[str]:
    """002:2758-2774: unlike a customer's, a payment's may be any of the four."""
    if action in (None, ""):
        return []
    if not isinstance(action, dict) or not isinstance(action.get("action"), str):
        return ["deposit_action.invalid"]
    if action["action"] not in ACTIONS:
        return ["deposit_action.action.inclusion"]
    codes = []
    if ACTIONS[action["action"]]:
        if not action.get("target_currency"):
            codes.append("deposit_action.target_currency.missing")
        if not action.get("beneficiary_id") and not action.get("lightning_invoice"):
            codes.append("deposit_action.beneficiary_id.missing")
    slippage = action.get("max_slippage")
    if slippage is not None and not (_is_positive(slippage) and Decimal(str(slippage)) <= MAX_SLIPPAGE):
        codes.append("deposit_action.max_slippage.out_of_range")
    return codes


def _is_positive(amount: object) -> bool:
    """Decimal digits above 0, as text or as a JSON number."""
    if isinstance(amount, bool) or not isinstance(amount, str | int | float):
        return False
    text = str(amount)
    return _AMOUNT.fullmatch(text) is not None and Decimal(text) > 0


def _is_customer(store: Store, request: Request, uid: str) -> bool:
    account = store.row("SELECT merchant_uid FROM accounts WHERE uid = ? AND kind = 'customer'", uid)
    return account is not None and (not request.acting_uid or account["merchant_uid"] == request.acting_uid)


def _shown(row: sqlite3.Row, with_url: bool) -> dict[str, object]:
    action = json.loads(row["deposit_action"]) if row["deposit_action"] else None
    shown = {name: row[name] for name in ("id", "reference", "uid", "currency", "expected_amount", "state")}
    shown["deposit_action"] = action
    if row["webhook_url"] and with_url:
        shown["webhook_url"] = row["webhook_url"]
        shown["webhook_protocol"] = row["webhook_protocol"]
    return {**shown, "created_at": moment(row["created_at"]), "updated_at": moment(row["updated_at"])}
