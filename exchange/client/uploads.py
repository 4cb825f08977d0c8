"""The multipart form of one document (002:2306-2312, 2440-2446, 2561-2566)."""

from __future__ import annotations

import re
from datetime import date

from exchange.client.dialects import Dialect
from exchange.client.errors import NotSendable

# The exchange looks at the file name's extension, not at the bytes.
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}
MAX_FILE_BYTES = 4_194_304  # 4 MiB, the hard stop; the product's own limit is lower

_NOT_NAME = re.compile(r"[^a-z0-9]+")


def document_form(
    dialect: Dialect,
    *,
    target: str,
    uid: str,
    doc_type: str,
    doc_number: str | None,
    doc_expire: date | str | None,
    is_business: bool,
    content: bytes,
    content_type: str,
) -> tuple[tuple[bytes, ...], str]:
    """The encoded form, in pieces that follow each other, and its Content-Type with the boundary.

    Exactly one field names the subject. The file is a piece of its own: joined, it would be copied.
    """
    call = f"upload_{target}_document"
    if not content:
        raise NotSendable("the file is empty", call=call)
    if len(content) > MAX_FILE_BYTES:
        raise NotSendable("the file is over 4 MiB", call=call)
    if is_business and target == "customer":
        number = expire = dialect.business_blank
    else:
        number = doc_number
        expire = doc_expire.isoformat()[:10] if isinstance(doc_expire, date) else doc_expire
    fields = [(dialect.upload_fields[target], uid), ("doc_type", doc_type)]
    fields += [(name, value) for name, value in (("doc_number", number), ("doc_expire", expire)) if value]
    name = file_name(doc_type, content_type)
    if name is None:
        raise NotSendable("the file is neither JPEG, PNG nor PDF", call=call)
    from urllib3.filepost import choose_boundary, encode_multipart_formdata

    # The library encodes the form with an empty file, and the file is put into its place.
    boundary = choose_boundary()
    form, form_type = encode_multipart_formdata([*fields, ("upload", (name, b"", content_type))], boundary)
    end = f"\r\n--{boundary}--\r\n".encode()
    return (form.removesuffix(end), content, end), form_type


def file_name(doc_type: str, content_type: str) -> str | None:
    """Such as "proof-of-address.pdf": from the document type, since people's file names hold names."""
    extension = EXTENSIONS.get(content_type)
    stem = _NOT_NAME.sub("-", doc_type.lower()).strip("-") or "document"
    return f"{stem}.{extension}" if extension else None
