"""The upload routes (002:2288-2612) and what they refuse."""

from __future__ import annotations

import re
import sqlite3
import time

from exchange.sandbox.dialects import BUSINESS, IDENTITY_TYPES, INDIVIDUAL, UBO, Dialect
from exchange.sandbox.review import look_at
from exchange.sandbox.store import Store, log_effect
from exchange.sandbox.validation import judged_on, read_date
from exchange.sandbox.wire import Refusal, Reply, Request, json_reply

MAX_NUMBER = 128  # characters
_STOCK_NUMBER = re.compile(r"[A-Za-z0-9 \-]+")
_MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"%PDF-", "application/pdf"))
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,5})$")
_EXTENSIONS = ("jpg", "jpeg", "png", "pdf")


def sniffed_type(content: bytes) -> str | None:
    """image/jpeg, image/png or application/pdf by the first bytes; None for anything else."""
    return next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)


def upload_document(store: Store, request: Request, quirks: dict, dialects: tuple[Dialect, ...]) -> Reply:
    """Store one document. 200; 400 for a doc_type that is none; 404 for an owner that is none; else 422."""
    fields, files = request.form()
    dialect, target = _target(request.path, fields, dialects)
    uid = fields[target]
    subject, kind = _subject(store, request, uid)
    if subject is None or kind not in dialect.targets[request.path][target]:
        raise Refusal(404, "record.not_found")
    doc_type = fields.get("doc_type")
    if doc_type is None or not doc_type.strip():
        codes = ["resource.documents.missing_doc_type", "resource.documents.empty_doc_type"]
        raise Refusal(422, *codes[doc_type is not None :])
    if doc_type not in dialect.doc_types[kind]:
        raise Refusal(400, "doc_type.inclusion")
    number, expiry = fields.get("doc_number"), fields.get("doc_expire")
    codes = _detail_codes(dialect, kind, doc_type, number, expiry, quirks)
    upload, content_type, upload_codes = _file(files, quirks["size_limit"])
    codes += upload_codes
    if codes:
        raise Refusal(422, *codes)
    digest = store.keep_file(upload.content)
    with store.writing() as connection:
        held = connection.execute("SELECT COUNT(*) FROM documents WHERE owner_uid = ?", (uid,)).fetchone()[0]
        if quirks["doc_limit"] and held >= quirks["doc_limit"]:
            raise Refusal(400, "resource.documents.limit_reached")
        document_id = connection.execute(
            "INSERT INTO documents (owner_uid, is_ubo, doc_type, doc_number, doc_expire, filename,"
            " content_type, size, sha256, created_at, request) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (
                uid,
                int(kind == UBO),
                doc_type,
                number,
                expiry,
                upload.filename,
                content_type,
                len(upload.content),
                digest,
                time.time(),
                request.number,
            ),
        ).lastrowid
        table = "ubos" if kind == UBO else "accounts"
        fresh = connection.execute(f"SELECT * FROM {table} WHERE uid = ?", (uid,)).fetchone()  # noqa: S608
        look_at(connection, fresh, is_ubo=kind == UBO, quirks=quirks)
        log_effect(
            connection,
            request,
            "documents.upload",
            uid,
            document=document_id,
            doc_type=doc_type,
            sha256=digest,
        )
    if quirks["upload_answer"] == "bare_201":
        return json_reply(201, 201)
    return json_reply({"message": "Document uploaded successfully"})


def _target(path: str, fields: dict, dialects: tuple[Dialect, ...]) -> tuple[Dialect, str]:
    """The dialect that the request is right in, and the field that names the owner. Exactly one must."""
    every = {field for dialect in dialects for field in dialect.targets.get(path, {})}
    given = [field for field in sorted(every) if fields.get(field)]
    if not given:
        name = next(iter(dialects[-1].targets.get(path, every)))
        raise Refusal(422, f"resource.documents.missing_{name}", f"resource.documents.empty_{name}")
    if len(given) > 1:
        raise Refusal(422, "resource.documents.ambiguous_target")
    for dialect in reversed(dialects):
        if given[0] in dialect.targets.get(path, {}):
            chosen = dialect
            if given[0] == "customer_uid" and len(dialects) > 1:
                chosen = dialects[0]  # the oldest also takes UBOs here; its other rules are those of the next
            return chosen, given[0]
    raise Refusal(422, "resource.documents.invalid_target")


def _subject(store: Store, request: Request, uid: str) -> tuple[sqlite3.Row | None, str]:
    account = store.row("SELECT * FROM accounts WHERE uid = ?", uid)
    if account is not None:
        if request.acting_uid and account["merchant_uid"] != request.acting_uid:
            return None, ""
        if account["kind"] == "merchant":
            return account, "merchant"
        return account, INDIVIDUAL if account["entity_type"] == INDIVIDUAL else BUSINESS
    return store.row("SELECT * FROM ubos WHERE uid = ?", uid), UBO


def _detail_codes(
    dialect: Dialect, kind: str, doc_type: str, number: str | None, expiry: str | None, quirks: dict
) -> list[str]:
    """doc_number and doc_expire: needed for identity papers as the dialect says, optional elsewhere."""
    if kind in (BUSINESS, "merchant"):
        allowed = (None, "", "N/A") if dialect.business_not_applicable else (None, "")
        codes = [] if number in allowed else ["doc_number.invalid"]
        return codes if expiry in allowed else [*codes, "resource.documents.expire_not_a_date"]
    codes = []
    if not number or not number.strip():
        if doc_type in dialect.number_for:
            codes += ["resource.documents.missing_doc_number"]
    elif len(number) > MAX_NUMBER:
        codes.append("doc_number.too_long")
    elif (number.strip() == "N/A" and doc_type in IDENTITY_TYPES) or (
        quirks["stock_doc_numbers"] and not _STOCK_NUMBER.fullmatch(number)
    ):
        codes.append("doc_number.invalid")
    if not expiry or not expiry.strip():
        if doc_type in dialect.expiry_for:
            codes.append("resource.documents.invalid_format")
    else:
        day = read_date(expiry)
        if day is None:
            codes.append("resource.documents.expire_not_a_date")
        elif day < judged_on(quirks):
            codes.append("resource.documents.already_expired")
    return codes


def _file(files: list, limit: int) -> tuple:
    """The one file, its sniffed type, and what is wrong with it."""
    uploads = [part for part in files if part.name == "upload"]
    if not uploads:
        return None, None, ["resource.documents.missing_upload", "resource.documents.empty_upload"]
    if len(files) > 1:
        return None, None, ["resource.documents.invalid_upload"]
    part = uploads[0]
    extension = _EXTENSION.search(part.filename)
    name = extension.group(1).lower() if extension else ""
    if not part.content:
        return part, None, ["upload.File size should be greater than 1 Byte"]
    if len(part.content) > limit:
        return part, None, [f"upload.File size should be less than {limit} Bytes"]
    if name not in _EXTENSIONS:
        text = f'You are not allowed to upload "{name}" files, allowed types: jpg, jpeg, png, pdf'
        return part, None, [f"upload.{text}"]
    content_type = sniffed_type(part.content)
    if content_type is None:
        return part, None, ["upload.invalid_content"]
    return part, content_type, []
