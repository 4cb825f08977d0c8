"""The console under /_sandbox/: what the sandbox holds, and the switches, for a person with a browser.

Plain pages and plain forms; nothing needs a script. Every form is answered with 303 and a page that says
what was done.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

from exchange.sandbox import control, pages, switch_page
from exchange.sandbox.faults import QUIRKS, UnknownSwitch
from exchange.sandbox.review import decide
from exchange.sandbox.wire import Refusal, Reply, Request

PREFIX = "/_sandbox/"
PER_PAGE = 50
_HERE = Path(__file__).parent
_ASSETS = {"console.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
_ACCOUNT = re.compile(r"accounts/([^/]+)(?:/(verify|reject))?")
_DOCUMENT = re.compile(r"documents/(\d+)")
_HEADERS = [
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
]


def is_foreign(request: Request) -> bool:
    """A request that another site's page made this browser send."""
    if request.header("Sec-Fetch-Site") not in (None, "same-origin", "none"):
        return True
    origin = request.header("Origin")
    return origin is not None and origin.rpartition("//")[2] != (request.header("Host") or "")


def answer(sandbox, request: Request) -> Reply:
    """One page, asset or form of the console."""
    name = request.path[len(PREFIX) :]
    if request.method == "POST":
        return _change(sandbox, request, name)
    if name in _ASSETS:
        return Reply(200, (_HERE / name).read_bytes(), _ASSETS[name], [("Cache-Control", "max-age=60")])
    query = request.query
    said = query.get("said", "")
    if name == "":
        return _page(pages.overview(**_overview(sandbox, query), said=said))
    if name == "switches":
        return _page(switch_page.switches(sandbox.switches.described(), said=said))
    if name == "log":
        rows = sandbox.store.rows("SELECT * FROM effects ORDER BY seq DESC LIMIT 200")
        return _page(pages.log(rows, said=said))
    if match := _DOCUMENT.fullmatch(name):
        return control.document_bytes(sandbox.store, int(match[1]))
    match = _ACCOUNT.fullmatch(name)
    if match and not match[2]:
        return _account(sandbox, unquote(match[1]), said)
    return _page(pages.missing(), 404)


def _page(html: str, status: int = 200) -> Reply:
    return Reply(status, html.encode(), "text/html; charset=utf-8", _HEADERS)


def _overview(sandbox, query: dict) -> dict:
    store = sandbox.store
    sought, page = query.get("q", "").strip(), query.get("page", "1")
    number = max(1, int(page)) if page.isdigit() and len(page) < 8 else 1
    where, values = "kind = 'customer'", []
    if sought:
        columns = ("uid", "account_name", "custom_id", "email", "merchant_uid")
        where += " AND (" + " OR ".join(f"instr(lower(COALESCE({name}, '')), ?)" for name in columns) + ")"
        values = [sought.lower()] * len(columns)
    total = store.one(f"SELECT COUNT(*) FROM accounts WHERE {where}", *values)[0]  # noqa: S608
    customers = store.rows(
        "SELECT *, (SELECT COUNT(*) FROM documents WHERE owner_uid = accounts.uid OR owner_uid IN"  # noqa: S608
        " (SELECT uid FROM ubos WHERE ubos.owner_uid = accounts.uid)) AS documents"
        f" FROM accounts WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?",
        *values,
        PER_PAGE,
        (number - 1) * PER_PAGE,
    )
    merchants = store.rows(
        "SELECT *, (SELECT COUNT(*) FROM accounts c WHERE c.kind = 'customer'"
        " AND c.merchant_uid = accounts.uid) AS customers FROM accounts WHERE kind = 'merchant' ORDER BY id"
    )
    held = store.one("SELECT COUNT(*) AS number, COALESCE(SUM(size), 0) AS bytes FROM documents")
    return {
        "merchants": merchants,
        "customers": customers,
        "total": total,
        "documents": (held["number"], held["bytes"]),
        "faults": len(sandbox.switches.faults),
        "dialect": sandbox.switches.quirks["dialect"],
        "sought": sought,
        "page": number,
        "pages": max(1, -(-total // PER_PAGE)),
    }


def _account(sandbox, uid: str, said: str) -> Reply:
    store = sandbox.store
    account = store.row("SELECT * FROM accounts WHERE uid = ?", uid)
    if account is None:
        return _page(pages.missing(), 404)
    ubos = store.rows("SELECT * FROM ubos WHERE owner_uid = ? ORDER BY id", uid)
    owners = [uid, *(ubo["uid"] for ubo in ubos)]
    documents = {
        owner: store.rows("SELECT * FROM documents WHERE owner_uid = ? ORDER BY id", owner)
        for owner in owners
    }
    return _page(pages.account(account, ubos, documents, said=said))


def _change(sandbox, request: Request, name: str) -> Reply:
    """Do what a form asks and go back to its page."""
    if len(request.body) > 100_000:
        raise Refusal(413, "Payload Too Large")
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    switches, back = sandbox.switches, ""
    match = _ACCOUNT.fullmatch(name)
    try:
        if match and match[2]:
            uid = unquote(match[1])
            known = decide(sandbox.store, uid, {"verify": "verified", "reject": "rejected"}[match[2]])
            said = (
                f"{uid} is now {'verified' if match[2] == 'verify' else 'rejected'}."
                if known
                else "No such uid."
            )
            owner = sandbox.store.row("SELECT owner_uid FROM ubos WHERE uid = ?", uid)
            back = f"accounts/{quote(owner['owner_uid'] if owner else uid, safe='')}"
        elif name == "merchants":
            said = f"Merchant {control.add_merchant(sandbox.store, form)} was added."
        elif name == "switches/faults":
            back = "switches"
            fault = {key: value for key, value in form.items() if value != ""}
            switches.set(faults=[*switches.faults, fault])
            said = f"The fault {fault.get('kind')} is on."
        elif name == "switches/quirks":
            back = "switches"
            flags = {key: False for key, default in QUIRKS.items() if isinstance(default, bool)}
            switches.set(quirks={**flags, **form})
            said = "The quirks are set."
        elif name == "switches/clear":
            back = "switches"
            switches.clear()
            said = "Every switch is back at its default."
        elif name == "reset" and form.get("sure") == "yes":
            control.reset(sandbox)
            said = "The sandbox is empty."
        else:
            said = "Nothing was changed."
    except UnknownSwitch as problem:
        said = f"Nothing was changed: {problem}."
    except Refusal as refusal:
        said = f"Nothing was changed: {', '.join(refusal.codes)}."
    return Reply(303, headers=[("Location", f"{PREFIX}{back}?said={quote(said)}")], content_type=None)
