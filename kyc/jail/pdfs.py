"""PDFs: whole, without a password, with pages. Nothing in them is run or drawn."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import settings

from kyc.jail.pdf_actions import deeds_of

MAX_PAGES = 500
MAX_STREAM_BYTES = 64 * 1024 * 1024  # what one compressed stream may unpack to while a file is opened
END = b"%%EOF"

# What may not follow a PDF's end. A comment may: some signing and scanning programs leave one.
_FOREIGN = re.compile(
    rb"PK\x03\x04|PK\x05\x06|PK\x07\x08|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x7fELF|\xd0\xcf\x11\xe0|\x89PNG\r\n"
    rb"|GIF8[79]a|\xff\xd8\xff|<\?php|<script|<html|<!doctype|<svg|__HALT_COMPILER",
    re.I,
)
_PROGRAM = re.compile(rb"\s*MZ")
_ZIP_END = b"PK\x05\x06"
_ZIP_END_BYTES = 22
_ZIP_COMMENT_MAX = 65_535
_TRAILER_BYTES = 2048
_ENCRYPT = re.compile(rb"/Encrypt\s+[0-9]+\s+[0-9]+\s+R")

settings.set_qpdf_limits(
    parser_max_nesting=100,
    flate_max_memory=MAX_STREAM_BYTES,
    run_length_max_memory=MAX_STREAM_BYTES,
    png_max_memory=MAX_STREAM_BYTES,
    tiff_max_memory=MAX_STREAM_BYTES,
)


def look_at_pdf(content: bytes) -> tuple[dict[str, Any], bytes]:
    """``pages``, and ``deeds``: what the file would do when opened (`kyc.jail.pdf_actions`).

    Or a ``fault``: polyglot, damaged or password.
    """
    return _looked_at(content), b""


def _looked_at(content: bytes) -> dict[str, Any]:
    if is_polyglot(content):
        return {"fault": "polyglot"}
    if content.rfind(END) < 0:
        return {"fault": "damaged"}
    if _names_a_lock(content):
        return {"fault": "password"}
    try:
        with pikepdf.open(BytesIO(content), inherit_page_attributes=False) as pdf:
            if pdf.is_encrypted:
                return {"fault": "password"}
            declared = int(pdf.Root.Pages.get("/Count", 0))
            pages = declared if declared > MAX_PAGES else len(pdf.pages)
            deeds = deeds_of(pdf) if 0 < pages <= MAX_PAGES else []
    except pikepdf.PasswordError:
        return {"fault": "password"}
    except MemoryError:
        raise
    except Exception:  # qpdf's errors, and what a page tree of the wrong types leads to
        return {"fault": "damaged"}
    return {"pages": pages, "deeds": deeds}


def _names_a_lock(content: bytes) -> bool:
    """Whether a trailer in plain sight says so: trying the empty password instead costs 4 ms."""
    trailer = content.rfind(b"trailer", max(0, len(content) - _TRAILER_BYTES))
    return trailer >= 0 and _ENCRYPT.search(content, trailer) is not None


def is_polyglot(content: bytes) -> bool:
    """Whether another format's signature follows the last %%EOF, or the file ends as a zip archive does."""
    end = content.rfind(END)
    if end >= 0:
        tail = content[end + len(END) :]
        if _FOREIGN.search(tail) or _PROGRAM.match(tail):
            return True
    return _ends_as_zip(content)


def _ends_as_zip(content: bytes) -> bool:
    """A zip is read from its end: a record whose comment reaches to the last byte makes the file one."""
    start = max(0, len(content) - _ZIP_END_BYTES - _ZIP_COMMENT_MAX)
    place = content.rfind(_ZIP_END, start)
    while place >= 0:
        comment = int.from_bytes(content[place + 20 : place + 22], "little")
        if place + _ZIP_END_BYTES + comment == len(content):
            return True
        place = content.rfind(_ZIP_END, start, place)
    return False
