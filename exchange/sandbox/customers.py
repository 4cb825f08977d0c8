"""The routes of Customers Management and Merchant Management (002:1619-2200, 3182-3292)."""

from __future__ import annotations

import json
import random
import sqlite3
import time

from exchange.sandbox import representations
from exchange.sandbox.store import Store, log_effect, new_uid
from exchange.sandbox.validation import business_codes, individual_codes, judged_on
from exchange.sandbox.wire import Refusal, Reply, Request, json_reply

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000  # 002:2051
_LIST_COLUMNS = "uid, account_name, custom_id, entity_type, verdict, due_at, created_at"
_ORDERS = {"asc": "id ASC", "desc": "id DESC", "random": "RANDOM()"}


def create_customer(store: Store, request: Request, quirks: dict) -> Reply:
    data, typed = request.fields()
    return _create(store, request, quirks, data, typed, kind="customer")


def create_merchant(store: Store, request: Request, quirks: dict) -> Reply:
    data, typed = request.fields()
    return _create(store, request, quirks, data, typed, kind="merchant")


def _create(store: Store, request: Request, quirks: dict, data: dict, typed: bool, *, kind: str) -> Reply:
    if quirks["sa_id_number_alias"] and "id_number" not in data and "sa_id_number" in data:
        data["id_number"] = data["sa_id_number"]
    entity_type = data.get("entity_type")
    rules = {"individual": individual_codes, "business": business_codes}
    if kind == "merchant":
        del rules["individual"]
    if entity_type is None or entity_type == "":
        codes = ["resource.customers.missing_entity_type", "resource.customers.empty_entity_type"]
    elif not isinstance(entity_type, str) or entity_type not in rules:
        codes = ["entity_type.inclusion"]
    else:
        today = judged_on(quirks)
        codes = rules[entity_type](data, today=today, typed=typed, stock_names=quirks["stock_names"])
    merchant_uid = request.acting_uid or data.get("merchant_uid") or None
    if kind == "merchant":
        merchant_uid = None
    elif merchant_uid is not None and not (isinstance(merchant_uid, str) and _merchant(store, merchant_uid)):
        codes.append("merchant_uid.doesnt_exist")
    if codes:
        raise Refusal(422, *codes)
    claims = _claims(data, kind, merchant_uid, quirks)
    delay = quirks["racy_email_seconds"]
    if delay > 0:  # looked up on arrival, written later: two at once both pass
        _refuse_taken(store.connection, claims, quirks)
        time.sleep(delay)
    now = time.time()
    with store.writing() as connection:
        if delay <= 0:
            _refuse_taken(connection, claims, quirks)
        uid = _insert(
            connection, data, kind=kind, merchant_uid=merchant_uid, claims=claims, verdict="pending", now=now
        )
        log_effect(
            connection,
            request,
            f"{kind}s.create",
            uid,
            account_name=data.get("account_name"),
            entity_type=entity_type,
            merchant_uid=merchant_uid,
        )
    account, ubos = _account(store, uid), _ubos(store, uid)
    return json_reply(representations.customer(account, ubos, quirks, created=True), quirks["create_status"])


def add_merchant(
    store: Store, name: str, email: str, verdict: str = "verified", uid: str | None = None
) -> str:
    """A merchant that is simply there, as the console and tests add one; its uid. Raises Refusal 422 for a
    taken uid or e-mail."""
    data = {
        "entity_type": "business",
        "email": email,
        "account_name": name,
        "business_profile": {"company_name": name},
        "ubos": [],
    }
    claims = [("email", "*merchants", email.casefold())]
    with store.writing() as connection:
        _refuse_taken(connection, claims, {"email_case": "fold", "ubo_email_scope": "merchant"})
        if uid and connection.execute("SELECT 1 FROM accounts WHERE uid = ?", (uid,)).fetchone():
            raise Refusal(422, "uid.taken")
        return _insert(
            connection,
            data,
            kind="merchant",
            merchant_uid=None,
            claims=claims,
            verdict=verdict,
            now=time.time(),
            uid=uid,
        )


def _claims(data: dict, kind: str, merchant_uid: str | None, quirks: dict) -> list[tuple[str, str, str]]:
    """The e-mails that a creation takes: (field, where it must be unique, e-mail). The customer's own comes
    first."""

    def folded(email: str) -> str:
        return email.strip().casefold() if quirks["email_case"] == "fold" else email

    scope = "*merchants" if kind == "merchant" else merchant_uid or ""
    claims = [("email", scope, folded(data["email"]))]
    ubo_scope = scope if kind == "customer" else f"*ubos of {claims[0][2]}"
    for index, ubo in enumerate(data.get("ubos") or [] if data["entity_type"] == "business" else []):
        claims.append((f"ubos[{index}].email", ubo_scope, folded(ubo["email"])))
    return claims


def _refuse_taken(connection: sqlite3.Connection, claims: list[tuple[str, str, str]], quirks: dict) -> None:
    """E-mails are unique per merchant whatever kind of account holds them; UBOs become accounts too
    (002:2547). With `ubo_email_scope` = business a UBO's need be unique among its own business's UBOs
    only."""
    own_only = quirks["ubo_email_scope"] == "business"
    seen: set[tuple[str, str]] = set()
    codes = []
    for field, scope, email in claims:
        is_ubo = field != "email"
        key = (scope, email)
        if own_only and is_ubo:
            taken = key in seen
        else:
            taken = (
                key in seen
                or connection.execute(
                    "SELECT 1 FROM emails WHERE merchant_uid = ? AND email = ? LIMIT 1", (scope, email)
                ).fetchone()
            )
        if is_ubo or not own_only:
            seen.add(key)
        if taken:
            codes.append(f"{field}.taken")
    if codes:
        raise Refusal(422, *codes)


def _insert(
    connection: sqlite3.Connection,
    data: dict,
    *,
    kind: str,
    merchant_uid: str | None,
    claims: list[tuple[str, str, str]],
    verdict: str,
    now: float,
    uid: str | None = None,
) -> str:
    uid = uid or new_uid()
    connection.execute(
        "INSERT INTO accounts (uid, kind, entity_type, merchant_uid, email, account_name, verdict,"
        " created_at, updated_at, fields) VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            uid,
            kind,
            data["entity_type"],
            merchant_uid,
            data["email"],
            data.get("account_name"),
            verdict,
            now,
            now,
            json.dumps(data, ensure_ascii=False),
        ),
    )
    holders = [uid]
    for ubo in (data.get("ubos") or []) if data["entity_type"] == "business" else []:
        ubo_uid = new_uid()
        holders.append(ubo_uid)
        connection.execute(
            "INSERT INTO ubos (uid, owner_uid, email, verdict, fields) VALUES (?,?,?,'pending',?)",
            (ubo_uid, uid, ubo["email"], json.dumps(ubo, ensure_ascii=False)),
        )
    connection.executemany(
        "INSERT INTO emails VALUES (?,?,?)",
        [(scope, email, holder) for (_field, scope, email), holder in zip(claims, holders, strict=True)],
    )
    return uid


def list_customers(store: Store, request: Request, quirks: dict) -> Reply:
    merchant_uid = request.acting_uid or request.query.get("merchant_uid")
    return _customers_page(store, request, quirks, merchant_uid or None)


def list_merchant_customers(store: Store, request: Request, quirks: dict, uid: str) -> Reply:
    if not _merchant(store, uid):
        raise Refusal(404, "record.not_found")
    return _customers_page(store, request, quirks, uid)


def _customers_page(store: Store, request: Request, quirks: dict, merchant_uid: str | None) -> Reply:
    page, limit = _page(request)
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
        f" ORDER BY {_ORDERS[quirks['list_order']]} LIMIT ? OFFSET ?",
        *values,
        limit,
        (page - 1) * limit,
    )
    body = [representations.list_row(row, quirks, now) for row in rows]
    return json_reply(body, headers=_page_headers(page, limit, total, quirks))


def list_merchants(store: Store, request: Request, quirks: dict) -> Reply:
    page, limit = _page(request)
    total = store.one("SELECT COUNT(*) FROM accounts WHERE kind = 'merchant'")[0]
    rows = store.rows(
        f"SELECT * FROM accounts WHERE kind = 'merchant' ORDER BY {_ORDERS[quirks['list_order']]}"  # noqa: S608
        " LIMIT ? OFFSET ?",
        limit,
        (page - 1) * limit,
    )
    if quirks["list_order"] == "random":
        random.shuffle(rows)
    body = [representations.customer(row, _ubos(store, row["uid"]), quirks) for row in rows]
    return json_reply(body, headers=_page_headers(page, limit, total, quirks))


def _page(request: Request) -> tuple[int, int]:
    """page and limit of the query; 422 outside 1..1000."""
    codes, numbers = [], {}
    for name, default in (("page", 1), ("limit", DEFAULT_LIMIT)):
        text = request.query.get(name, str(default))
        try:
            numbers[name] = int(text) if text.isascii() else 0
        except ValueError:
            codes.append(f"resource.pagination.non_integer_{name}")
    if not codes:
        if numbers["page"] < 1:
            codes.append("resource.pagination.non_positive_page")
        if not 1 <= numbers["limit"] <= MAX_LIMIT:
            codes.append("resource.pagination.invalid_limit")
    if codes:
        raise Refusal(422, *codes)
    return min(numbers["page"], 10**9), numbers["limit"]


def _page_headers(page: int, limit: int, total: int, quirks: dict) -> list[tuple[str, str]]:
    headers = [("Page", str(page)), ("Per-Page", str(limit))]
    return [*headers, ("Total", str(total))] if quirks["list_total"] else headers


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
