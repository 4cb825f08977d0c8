"""Creating customers and merchants (002:1690-2000): the rules, the e-mails that are taken, the rows."""

from __future__ import annotations

import json
import sqlite3
import time

from exchange.sandbox import representations
from exchange.sandbox.store import Store, log_effect, new_uid
from exchange.sandbox.validation import business_codes, individual_codes, judged_on
from exchange.sandbox.wire import Refusal, Reply, Request, json_reply


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
    elif merchant_uid is not None and not _is_merchant(store, merchant_uid):
        codes.append("merchant_uid.doesnt_exist")
    if codes:
        raise Refusal(422, *codes)
    claims = _claims(data, kind, merchant_uid, quirks)
    delay = quirks["racy_email_seconds"]
    if delay > 0:  # looked up on arrival, written later: two at once both pass
        _refuse_taken(store.connection, claims)
        time.sleep(delay)
    now = time.time()
    with store.writing() as connection:
        if delay <= 0:
            _refuse_taken(connection, claims)
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
    account = store.one("SELECT * FROM accounts WHERE uid = ?", uid)
    ubos = store.rows("SELECT * FROM ubos WHERE owner_uid = ? ORDER BY id", uid)
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
        _refuse_taken(connection, claims)
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
    """The e-mails that a creation takes: (field, where it must be unique, e-mail); the customer's own first.

    E-mails are unique per merchant whatever kind of account holds them (002:1725, 1943), and UBOs become
    accounts too (002:2547); with `ubo_email_scope` = business, and at a merchant, a UBO's is unique within
    its business only.
    """

    def folded(email: str) -> str:
        return email.strip().casefold() if quirks["email_case"] == "fold" else email

    scope = "*merchants" if kind == "merchant" else merchant_uid or ""
    claims = [("email", scope, folded(data["email"]))]
    apart = kind == "merchant" or quirks["ubo_email_scope"] == "business"
    ubo_scope = f"*ubos of {scope} {claims[0][2]}" if apart else scope
    for index, ubo in enumerate(_ubos_of(data)):
        claims.append((f"ubos[{index}].email", ubo_scope, folded(ubo["email"])))
    return claims


def _ubos_of(data: dict) -> list[dict]:
    return data.get("ubos") or [] if data["entity_type"] == "business" else []


def _refuse_taken(connection: sqlite3.Connection, claims: list[tuple[str, str, str]]) -> None:
    seen: set[tuple[str, str]] = set()
    codes = []
    for field, scope, email in claims:
        held = "SELECT 1 FROM emails WHERE merchant_uid = ? AND email = ? LIMIT 1"
        if (scope, email) in seen or connection.execute(held, (scope, email)).fetchone():
            codes.append(f"{field}.taken")
        seen.add((scope, email))
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
    for ubo in _ubos_of(data):
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


def _is_merchant(store: Store, uid: object) -> bool:
    known = "SELECT 1 FROM accounts WHERE uid = ? AND kind = 'merchant'"
    return isinstance(uid, str) and store.row(known, uid) is not None
