"""The JSON calls under /_sandbox/api/: what tests and campaigns switch and compare."""

from __future__ import annotations

import json
import re
import time

from exchange.sandbox import creation
from exchange.sandbox.authentication import ApiKey
from exchange.sandbox.faults import CHOICES, KINDS, MEANINGS, UnknownSwitch
from exchange.sandbox.payments import held_payments
from exchange.sandbox.representations import moment
from exchange.sandbox.review import decide, verdict_of
from exchange.sandbox.wire import Refusal, Reply, Request, json_reply

PREFIX = "/_sandbox/api/"
_VERDICT = re.compile(r"customers/([^/]+)/(verify|reject)")
_CONTENT = re.compile(r"documents/(\d+)/content")


def answer(sandbox, request: Request) -> Reply:
    """Answer a control call; 400 with `{"error": …}` for what can't be understood, 404 for what is not
    there."""
    name = request.path[len(PREFIX) :].strip("/")
    call = (request.method, name)
    store = sandbox.store
    try:
        if call == ("GET", "state"):
            return json_reply(state(sandbox))
        if call == ("POST", "reset"):
            reset(sandbox)
            return json_reply({"reset": True})
        if call == ("GET", "faults"):
            return json_reply(
                {**sandbox.switches.described(), "kinds": KINDS, "meanings": MEANINGS, "choices": CHOICES}
            )
        if call in (("PUT", "faults"), ("POST", "faults")):
            data = _body(request)
            sandbox.switches.set(faults=data.get("faults"), quirks=data.get("quirks"), seed=data.get("seed"))
            return json_reply(sandbox.switches.described())
        if call == ("DELETE", "faults"):
            sandbox.switches.clear()
            return json_reply(sandbox.switches.described())
        if call == ("POST", "merchants"):
            return json_reply({"uid": add_merchant(store, _body(request))}, 201)
        if call == ("POST", "keys"):
            return json_reply({"key": add_key(sandbox, _body(request))}, 201)
        if call == ("DELETE", "keys"):
            return json_reply({"retired": retire_key(sandbox, _body(request))})
        if call == ("GET", "documents"):
            return json_reply(documents(store))
        if call == ("GET", "payments"):
            return json_reply(held_payments(store))
        if call == ("GET", "oracle"):
            after = request.query.get("after", "0")
            return json_reply(oracle(store, after=int(after) if after.isdigit() else 0))
        if request.method == "POST" and (match := _VERDICT.fullmatch(name)):
            if not decide(store, match[1], {"verify": "verified", "reject": "rejected"}[match[2]]):
                raise Refusal(404, "record.not_found")
            return json_reply({"uid": match[1], "verdict": match[2]})
        if request.method == "GET" and (match := _CONTENT.fullmatch(name)):
            return document_bytes(store, int(match[1]))
    except UnknownSwitch as problem:
        return json_reply({"error": str(problem)}, 400)
    return json_reply({"error": f"There is no {request.method} {request.path}"}, 404)


def _body(request: Request) -> dict:
    try:
        data = json.loads(request.body or b"{}")
    except ValueError:
        raise UnknownSwitch("the body is not JSON") from None
    if not isinstance(data, dict):
        raise UnknownSwitch("the body is not a JSON object")
    return data


def add_merchant(store, data: dict) -> str:
    """`name` is needed; `email`, `uid` and `verdict` have defaults. The new merchant's uid."""
    name = str(data.get("name") or "").strip()
    if not name:
        raise UnknownSwitch("a merchant needs a name")
    email = str(data.get("email") or "").strip()
    if not email:
        slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "merchant"
        email = f"{slug}.{time.time_ns() % 10**9}@merchants.example"
    uid = str(data.get("uid") or "").strip() or None
    verdict = data.get("verdict") or "verified"
    if verdict not in ("pending", "verified", "rejected"):
        raise UnknownSwitch("verdict is one of: pending, verified, rejected")
    return creation.add_merchant(store, name, email, verdict=verdict, uid=uid)


def add_key(sandbox, data: dict) -> str:
    """One more key that is taken, beside those that are."""
    key, secret = (str(data.get(name) or "").strip() for name in ("key", "secret"))
    if not key or not secret:
        raise UnknownSwitch("a key needs key and secret")
    sandbox.keys[key] = ApiKey(secret)
    return key


def retire_key(sandbox, data: dict) -> str:
    """That key is refused from now on."""
    key = str(data.get("key") or "")
    if key not in sandbox.keys:
        raise UnknownSwitch("there is no such key")
    sandbox.keys[key].is_retired = True
    return key


def reset(sandbox) -> None:
    """Forget all that is held, faults, nonces and all keys but the first."""
    sandbox.store.clear()
    sandbox.switches.clear()
    sandbox.keys = {sandbox.configuration.key: ApiKey(sandbox.configuration.secret)}
    sandbox.answered.clear()
    sandbox.refused.clear()


def state(sandbox) -> dict:
    """Everything that is held, so that a test can compare all of it; payment references are a call of their
    own, since what they hold is secret."""
    store, now = sandbox.store, time.time()
    ubos: dict[str, list[dict]] = {}
    for row in store.rows("SELECT * FROM ubos ORDER BY id"):
        ubos.setdefault(row["owner_uid"], []).append(
            {
                "uid": row["uid"],
                "email": row["email"],
                "kyc_status": verdict_of(row, now),
                "complete": bool(row["complete"]),
                "fields": json.loads(row["fields"]),
            }
        )
    accounts: dict[str, list[dict]] = {"merchant": [], "customer": []}
    for row in store.rows("SELECT * FROM accounts ORDER BY id"):
        accounts[row["kind"]].append(
            {
                "uid": row["uid"],
                "entity_type": row["entity_type"],
                "merchant_uid": row["merchant_uid"],
                "email": row["email"],
                "account_name": row["account_name"],
                "custom_id": row["custom_id"],
                "external_verification_url": row["external_verification_url"],
                "kyc_status": verdict_of(row, now),
                "complete": bool(row["complete"]),
                "created_at": moment(row["created_at"]),
                "fields": json.loads(row["fields"]),
                "ubos": ubos.get(row["uid"], []),
            }
        )
    held = documents(store)
    return {
        "merchants": accounts["merchant"],
        "customers": accounts["customer"],
        "documents": held,
        "counts": {
            "merchants": len(accounts["merchant"]),
            "customers": len(accounts["customer"]),
            "ubos": sum(map(len, ubos.values())),
            "documents": len(held),
            "payment_references": store.one("SELECT COUNT(*) FROM payment_references")[0],
            "effects": store.one("SELECT COUNT(*) FROM effects")[0],
            "repeated_nonces": sum(key.nonces.repeats for key in sandbox.keys.values()),
            "refused": dict(sandbox.refused),
            "answered": dict(sandbox.answered),
            "struck": dict(sandbox.switches.struck),
        },
    }


def documents(store) -> list[dict]:
    """Every document in the order of its arrival."""
    rows = store.rows("SELECT * FROM documents ORDER BY id")
    return [
        {
            "id": row["id"],
            "owner_uid": row["owner_uid"],
            "is_ubo": bool(row["is_ubo"]),
            "doc_type": row["doc_type"],
            "doc_number": row["doc_number"],
            "doc_expire": row["doc_expire"],
            "filename": row["filename"],
            "content_type": row["content_type"],
            "size": row["size"],
            "sha256": row["sha256"],
            "created_at": moment(row["created_at"]),
            "request": row["request"],
        }
        for row in rows
    ]


def oracle(store, after: int = 0) -> list[dict]:
    """The durable log of effects, from the one after `after` on."""
    rows = store.rows("SELECT * FROM effects WHERE seq > ? ORDER BY seq", after)
    return [{**dict(row), "detail": json.loads(row["detail"])} for row in rows]


def document_bytes(store, document_id: int) -> Reply:
    """A document's bytes, always as an attachment: nothing that was uploaded is shown in a page's own
    origin."""
    row = store.row("SELECT * FROM documents WHERE id = ?", document_id)
    if row is None:
        raise Refusal(404, "record.not_found")
    extension = {"image/jpeg": "jpg", "image/png": "png"}.get(row["content_type"], "pdf")
    return Reply(
        200,
        store.file_path(row["sha256"]).read_bytes(),
        row["content_type"],
        [
            ("Content-Disposition", f'attachment; filename="document-{row["id"]}.{extension}"'),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "sandbox; default-src 'none'"),
        ],
    )
