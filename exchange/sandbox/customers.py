"""Reading and updating customers and merchants (002:2001-2200, 3182-3292)."""

from __future__ import annotations

import random
import sqlite3
import time

from exchange.sandbox import representations
from exchange.sandbox.paging import ORDERS, page_headers, page_of
from exchange.sandbox.store import Store, log_effect
from exchange.sandbox.wire import Refusal, Reply, Request, json_reply

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000  # 002:2051
_LIST_COLUMNS = "uid, account_name, custom_id, entity_type, verdict, due_at, created_at"


def list_customers(store: Store, request: Request, quirks: dict) -> Reply:
    merchant_uid = request.acting_uid or request.query.get("merchant_uid")
    return _customers_page(store, request, quirks, merchant_uid or None)


def list_merchant_customers(store: Store, request: Request, quirks: dict, uid: str) -> Reply:
    if not _merchant(store, uid):
        raise Refusal(404, "record.not_found")
    return _customers_page(store, request, quirks, uid)


def _customers_page(store: Store, request: Request, quirks: dict, merchant_uid: str | None) -> Reply:
    page, limit = page_of(request, DEFAULT_LIMIT, MAX_LIMIT)
    where, values = "kind = 'customer'", []
    if merchant_uid is not None:
        where += " AND merchant_uid = ?"
        values.append(merchant_uid)
    now = time.time()
    if quirks["list_lag_seconds"] > 0:
        where += " AND created_at <= ?"
        values.append(now - quirks["list_lag_seconds"])
    total = store.one(f"SELECT COUNT(*) FROM accounts WHERE {where}", *values)[0]  # noqa: S608
    rows = store.rows(
        f"SELECT {_LIST_COLUMNS} FROM accounts WHERE {where}"  # noqa: S608
        f" ORDER BY {ORDERS[quirks['list_order']]} LIMIT ? OFFSET ?",
        *values,
        min(limit, quirks["list_page_cap"] or limit),
        (page - 1) * limit,
    )
    body = [representations.list_row(row, quirks, now) for row in rows]
    return json_reply(body, headers=page_headers(page, limit, total, quirks))


def list_merchants(store: Store, request: Request, quirks: dict) -> Reply:
    page, limit = page_of(request, DEFAULT_LIMIT, MAX_LIMIT)
    total = store.one("SELECT COUNT(*) FROM accounts WHERE kind = 'merchant'")[0]
    rows = store.rows(
        f"SELECT * FROM accounts WHERE kind = 'merchant' ORDER BY {ORDERS[quirks['list_order']]}"  # noqa: S608
        " LIMIT ? OFFSET ?",
        limit,
        (page - 1) * limit,
    )
    if quirks["list_order"] == "random":
        random.shuffle(rows)
    body = [representations.customer(row, _ubos(store, row["uid"]), quirks) for row in rows]
    return json_reply(body, headers=page_headers(page, limit, total, quirks))


def get_customer(store: Store, request: Request, quirks: dict, uid: str) -> Reply:
    return json_reply(representations.customer(_visible(store, request, uid), _ubos(store, uid), quirks))


def get_merchant(store: Store, _request: Request, quirks: dict, uid: str) -> Reply:
    account = _merchant(store, uid)
    if account is None:
        raise Refusal(404, "record.not_found")
    return json_reply(representations.customer(account, _ubos(store, uid), quirks))


def update_customer(store: Store, request: Request, quirks: dict, uid: str) -> Reply:
    """Only custom_id and external_verification_url can be changed (002:2186)."""
    _visible(store, request, uid)
    data, _typed = request.fields()
    changes = {name: data[name] for name in ("custom_id", "external_verification_url") if name in data}
    codes = [
        f"{name}.invalid"
        for name, value in changes.items()
        if value is not None and not isinstance(value, str)
    ]
    if codes:
        raise Refusal(422, *codes)
    with store.writing() as connection:
        for name, value in changes.items():
            connection.execute(
                f"UPDATE accounts SET {name} = ?, updated_at = ? WHERE uid = ?",  # noqa: S608
                (value, time.time(), uid),
            )
        log_effect(connection, request, "customers.update", uid, **changes)
    return json_reply(representations.customer(_account(store, uid), _ubos(store, uid), quirks))


def _account(store: Store, uid: str) -> sqlite3.Row:
    return store.one("SELECT * FROM accounts WHERE uid = ?", uid)


def _merchant(store: Store, uid: str) -> sqlite3.Row | None:
    return store.row("SELECT * FROM accounts WHERE uid = ? AND kind = 'merchant'", uid)


def _visible(store: Store, request: Request, uid: str) -> sqlite3.Row:
    account = store.row("SELECT * FROM accounts WHERE uid = ? AND kind = 'customer'", uid)
    if account is None or (request.acting_uid and account["merchant_uid"] != request.acting_uid):
        raise Refusal(404, "record.not_found")
    return account


def _ubos(store: Store, uid: str) -> list[sqlite3.Row]:
    return store.rows("SELECT * FROM ubos WHERE owner_uid = ? ORDER BY id", uid)
