"""The console's HTML. Functions from values to text; every value is escaped where it is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote, urlencode

from exchange.sandbox.review import verdict_of

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Sandbox exchange</title>
<link rel="icon" href="/_sandbox/icon.svg">
<link rel="stylesheet" href="/_sandbox/console.css">
</head>
<body>
<header class="top">
<p class="imitation"><strong>Sandbox.</strong> An imitation of the exchange; everything in it is test
data.</p> <nav aria-label="Console">{links}</nav> </header> <main> {said}<h1>{title}</h1> {body} </main>
</body> </html>
"""
_LINKS = (("", "Overview"), ("switches", "Faults and quirks"), ("log", "Log"))


def frame(title: str, body: str, *, here: str | None = None, said: str = "") -> str:
    """A whole page. `body` is HTML; `here` the link that is this page; `said` what was just done."""
    links = "".join(
        f'<a href="/_sandbox/{path}"{" aria-current=page" if path == here else ""}>{text}</a>'
        for path, text in _LINKS
    )
    notice = f'<p class="said" role="status">{escape(said)}</p>\n' if said else ""
    return _FRAME.format(title=escape(title), links=links, said=notice, body=body)


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> str:
    """A table whose cells are HTML already. On a narrow screen each row becomes a card (console.css)."""
    lines = [
        "<tr>"
        + "".join(
            f'<td data-label="{head}"><div>{cell}</div></td>' for head, cell in zip(heads, row, strict=True)
        )
        + "</tr>"
        for row in rows
    ]
    if not lines:
        return f'<p class="empty">{escape(empty)}</p>'
    top = f"<caption>{escape(caption)}</caption><thead><tr>" + "".join(
        f'<th scope="col">{text}</th>' for text in heads
    )
    return f"<table>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _size(number: int) -> str:
    return f"{number:,} B" if number < 10_000 else f"{number / 1000:,.0f} kB"


def _badge(verdict: str) -> str:
    return f'<span class="badge {escape(verdict)}">{escape(verdict)}</span>'


def _verdict(row: Mapping) -> str:
    """The verdict, and whether a person can give one now."""
    verdict = verdict_of(row)
    waits = verdict == "pending" and row["complete"]
    return _badge(verdict) + (' <span class="hint">documents complete</span>' if waits else "")


def _link(uid: str) -> str:
    return f'<a class="code" href="/_sandbox/accounts/{quote(uid, safe="")}">{escape(uid)}</a>'


def overview(
    *,
    merchants: Sequence[Mapping],
    customers: Sequence[Mapping],
    total: int,
    documents: tuple[int, int],
    faults: int,
    dialect: str,
    sought: str,
    page: int,
    pages: int,
    said: str = "",
) -> str:
    """What is held: numbers, merchants, one page of customers (newest first)."""
    numbers = (
        ("Merchants", len(merchants)),
        ("Customers" if not sought else "Customers found", total),
        ("Documents", f"{documents[0]:,} <small>{_size(documents[1])}</small>"),
        ("Faults on", faults),
        ("Dialect", escape(dialect)),
    )
    tiles = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in numbers)
    merchant_rows = (
        (
            _link(m["uid"]),
            escape(m["account_name"] or ""),
            escape(m["email"]),
            _badge(verdict_of(m)),
            str(m["customers"]),
        )
        for m in merchants
    )
    customer_rows = (
        (
            _link(c["uid"]),
            escape(c["account_name"] or "–"),
            escape(c["custom_id"] or "–"),
            escape(c["entity_type"]),
            f'<span class="code">{escape(c["merchant_uid"] or "own")}</span>',
            _verdict(c),
            str(c["documents"]),
            _when(c["created_at"]),
        )
        for c in customers
    )
    heads = ("uid", "account_name", "custom_id", "Type", "Merchant", "Verdict", "Documents", "Created (UTC)")
    body = f"""<dl class="numbers">{tiles}</dl>
<section aria-labelledby="merchants"><h2 id="merchants">Merchants</h2>
{table("Merchants", ("uid", "Name", "E-mail", "Verdict", "Customers"), merchant_rows, "No merchant yet.")}
<form method="post" action="/_sandbox/merchants" class="row">
<label>Name <input name="name" required maxlength="200"></label>
<label>E-mail <input name="email" type="email" placeholder="made up if empty"></label>
<button>Add merchant</button>
</form></section>
<section aria-labelledby="customers"><h2 id="customers">Customers</h2>
<form method="get" action="/_sandbox/" class="row" role="search">
<label>Search <input name="q" type="search" value="{escape(sought)}"></label><button>Search</button>
</form>
{table("Customers, newest first", heads, customer_rows, "Nothing found." if sought else "No customer yet.")}
{_pager(sought, page, pages)}</section>
<section aria-labelledby="empty"><h2 id="empty">Empty the sandbox</h2>
<form method="post" action="/_sandbox/reset" class="row">
<label class="check"><input type="checkbox" name="sure" value="yes" required>
Forget every customer and document</label>
<button class="danger">Empty</button>
</form></section>"""
    return frame("Overview", body, here="", said=said)


def _pager(sought: str, page: int, pages: int) -> str:
    if pages < 2:
        return ""

    def link(number: int, text: str) -> str:
        return f'<a href="/_sandbox/?{escape(urlencode({"q": sought, "page": number}))}">{text}</a>'

    before = link(page - 1, "Newer") if page > 1 else ""
    after = link(page + 1, "Older") if page < pages else ""
    return f'<nav class="pager" aria-label="Pages">{before}<span>Page {page} of {pages}</span>{after}</nav>'


def account(
    account: Mapping, ubos: Sequence[Mapping], documents: Mapping[str, Sequence[Mapping]], said: str = ""
) -> str:
    """One customer or merchant: what was sent, its UBOs, every document."""
    fields = json.loads(account["fields"])
    facts = {
        "uid": account["uid"],
        "account_name": account["account_name"],
        "custom_id": account["custom_id"],
        "merchant_uid": account["merchant_uid"],
        "external_verification_url": account["external_verification_url"],
        "created": _when(account["created_at"]) + " UTC",
    }
    sent = {name: value for name, value in fields.items() if name not in ("ubos", "business_profile")}
    sent |= {
        f"business_profile.{name}": value for name, value in (fields.get("business_profile") or {}).items()
    }
    people = "".join(
        f"""<section aria-labelledby="{escape(ubo["uid"])}">
<h2 id="{escape(ubo["uid"])}">UBO <span class="code">{escape(ubo["uid"])}</span> {_verdict(ubo)}</h2>
{_facts(json.loads(ubo["fields"]))}{_documents(documents[ubo["uid"]])}</section>"""
        for ubo in ubos
    )
    decisions = "".join(
        _decision(account["uid"], verb, text) for verb, text in (("verify", "Verify"), ("reject", "Reject"))
    )
    own = _documents(documents[account["uid"]])
    body = f"""<p>{escape(account["entity_type"])} {escape(account["kind"])} {_verdict(account)}</p>
<div class="row">{decisions}</div>
<section aria-labelledby="held"><h2 id="held">Held</h2>{_facts(facts)}</section>
<section aria-labelledby="sent"><h2 id="sent">As it was sent</h2>{_facts(sent)}</section>
<section aria-labelledby="documents"><h2 id="documents">Documents</h2>{own}</section>
{people}"""
    return frame(account["account_name"] or account["uid"], body, said=said)


def _decision(uid: str, verb: str, text: str) -> str:
    tone = ' class="danger"' if verb == "reject" else ""
    path = f"/_sandbox/accounts/{quote(uid, safe='')}/{verb}"
    return f'<form method="post" action="{path}"><button{tone}>{text}</button></form>'


def _facts(values: Mapping) -> str:
    rows = "".join(
        f"<div><dt>{escape(str(name))}</dt><dd>{escape(_plain(value))}</dd></div>"
        for name, value in values.items()
    )
    return f'<dl class="facts">{rows}</dl>'


def _plain(value: object) -> str:
    if value is None or value == "":
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _documents(rows: Sequence[Mapping]) -> str:
    heads = ("doc_type", "doc_number", "doc_expire", "Kind", "Size", "SHA-256", "Came (UTC)", "Bytes")
    cells = (
        (
            escape(row["doc_type"]),
            escape(row["doc_number"] or "–"),
            escape(row["doc_expire"] or "–"),
            escape(row["content_type"].rpartition("/")[2]),
            _size(row["size"]),
            f'<span class="code">{escape(row["sha256"][:12])}</span>',
            _when(row["created_at"]),
            f'<a href="/_sandbox/documents/{row["id"]}">Download document {row["id"]}</a>',
        )
        for row in rows
    )
    return table("Documents in the order of arrival", heads, cells, "No document yet.")


def log(rows: Sequence[Mapping], said: str = "") -> str:
    """The newest effects."""
    cells = (
        (
            str(row["request"]),
            _when(row["at"]),
            escape(row["route"]),
            _link(row["uid"])
            if row["route"] != "documents.upload"
            else f'<span class="code">{escape(row["uid"])}</span>',
            escape(row["token"] or "–"),
            f'<span class="code">{escape(row["nonce"])}</span>',
        )
        for row in rows
    )
    heads = ("Request", "Time (UTC)", "Route", "uid", "Token", "Nonce")
    body = table("The newest 200 effects", heads, cells, "Nothing has happened yet.")
    return frame("Log", body, here="log", said=said)


def missing() -> str:
    """404 of the console."""
    return frame("Not here", '<p>There is no such page. <a href="/_sandbox/">To the overview</a></p>')
