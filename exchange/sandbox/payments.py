"""Payment references (002:2636-3180): created for a customer, listed, shown. No call takes one away."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from exchange.sandbox.paging import ORDERS, page_headers, page_of
from exchange.sandbox.store import Store, log_effect
from exchange.sandbox.wire import Refusal, Reply, Request, json_reply

DEFAULT_LIMIT, MAX_LIMIT = 50, 100  # 002:3053
PROTOCOLS = ("hmac", "plain_text", "none")  # 002:2756
ACTIONS = ("none", "aggregate", "convert_and_withdraw", "aggregate_convert_and_withdraw")  # 002:2762
# Where the webhook's address comes back: in each answer, in details alone, or in none.
EVERYWHERE, DETAILS = "everywhere", "details"


def create_payment(store: Store, request: Request, quirks: dict) -> Reply:
    data, _typed = request.fields()
    codes = _codes(store, request, data)
    if codes:
        raise Refusal(422, *codes)
    now = time.time()
    with store.writing() as connection:
        reference = f"PAY-{secrets.token_hex(4).upper()}"
        number = connection.execute(
            "INSERT INTO payment_references"
            " (reference, uid, currency, expected_amount, deposit_action, state, webhook_url, webhook_secret,"
            " webhook_protocol, created_at, updated_at, request)"
            " VALUES (?,?,?,?,?,'pending_deposit',?,?,?,?,?,?)",
            (
                reference,
                data["uid"],
                data["currency"],
                data.get("expected_amount") or None,
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
    codes = []
    uid, currency, amount = data.get("uid"), data.get("currency"), data.get("expected_amount")
    if not uid:
        codes.append("uid.missing")
    elif not isinstance(uid, str) or not _is_customer(store, request, uid):
        codes.append("uid.doesnt_exist")
    if not currency:
        codes.append("currency.missing")
    elif not isinstance(currency, str) or not currency.isalnum() or len(currency) > 10:
        codes.append("currency.doesnt_exist")
    if amount not in (None, "") and not _is_positive(amount):
        codes.append("expected_amount.non_positive")
    return [*codes, *_webhook_codes(data), *_action_codes(data.get("deposit_action"))]


def _webhook_codes(data: dict) -> list[str]:
    url, secret, protocol = (data.get(f"webhook_{name}") for name in ("url", "secret", "protocol"))
    codes = []
    if url and (not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https")):
        codes.append("webhook_url.invalid")
    if protocol and protocol not in PROTOCOLS:
        codes.append("webhook_protocol.inclusion")
    elif protocol in ("hmac", "plain_text") and not secret:
        codes.append("webhook_secret.missing")
    return codes


def _action_codes(action: object) -> list[str]:
    if not action:
        return []
    if not isinstance(action, dict) or action.get("action") not in ACTIONS:
        return ["deposit_action.inclusion"]
    return []


def _is_positive(amount: object) -> bool:
    try:
        number = Decimal(str(amount))
    except InvalidOperation:
        return False
    return number.is_finite() and number > 0


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
    for name in ("created_at", "updated_at"):
        shown[name] = datetime.fromtimestamp(row[name], UTC).isoformat(timespec="seconds")
    return shown
