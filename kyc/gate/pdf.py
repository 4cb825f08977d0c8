"""PDFs: whole, without a password, with pages. Nothing in them is run or drawn."""

from __future__ import annotations

import re
from functools import lru_cache
from io import BytesIO
from types import ModuleType

from django.utils.translation import gettext as _

from kyc.gate.findings import Examined

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
# Names that make a viewer act. They are noted here and judged where the file is shown or sent.
_ACTIVE = re.compile(rb"/(?:OpenAction|AA|JavaScript|JS|Launch|EmbeddedFiles?|XFA|RichMedia)\b")


@lru_cache(maxsize=1)
def _pikepdf() -> ModuleType:
    """pikepdf, loaded when the first PDF comes, with limits on what a small file may unpack to."""
    import pikepdf
    from pikepdf import settings

    settings.set_qpdf_limits(
        parser_max_nesting=100,
        flate_max_memory=MAX_STREAM_BYTES,
        run_length_max_memory=MAX_STREAM_BYTES,
        png_max_memory=MAX_STREAM_BYTES,
        tiff_max_memory=MAX_STREAM_BYTES,
    )
    return pikepdf


def examine_pdf(content: bytes, found: Examined) -> None:
    """Fill in pages and the problems of a PDF."""
    if is_polyglot(content):
        found.refuse(
            "polyglot",
            _("Another kind of file is hidden behind the end of this PDF."),
            _("Print the document to a new PDF and upload that."),
        )
        return
    if content.rfind(END) < 0:
        _refuse_damaged(found)
        return
    if _names_a_lock(content):
        _refuse_password(found)
        return
    pikepdf = _pikepdf()
    try:
        with pikepdf.open(BytesIO(content), inherit_page_attributes=False) as pdf:
            if pdf.is_encrypted:
                _refuse_password(found)
                return
            declared = pdf.Root.Pages.get("/Count", 0)
            found.pages = int(declared) if int(declared) > MAX_PAGES else len(pdf.pages)
    except pikepdf.PasswordError:
        _refuse_password(found)
        return
    except MemoryError:
        raise
    except Exception:  # qpdf's errors, and what a page tree of the wrong types leads to
        _refuse_damaged(found)
        return
    if found.pages < 1:
        found.refuse(
            "no_pages",
            _("The PDF has no pages."),
            _("Export the document again and check that it shows."),
        )
    elif found.pages > MAX_PAGES:
        found.refuse(
            "too_many_pages",
            _("The PDF has %(pages)d pages; at most %(most)d are accepted.")
            % {"pages": found.pages, "most": MAX_PAGES},
            _("Upload the pages that are asked for."),
            str(found.pages),
        )
    if _ACTIVE.search(content):
        found.flags.append("active_content")


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


def _refuse_password(found: Examined) -> None:
    found.refuse(
        "password",
        _("The PDF is protected with a password."),
        _("Remove the password: open it, print it to a new PDF and upload that."),
    )


def _refuse_damaged(found: Examined) -> None:
    found.refuse(
        "damaged",
        _("The PDF is damaged or incomplete: it can't be opened."),
        _("Export or print it to a PDF again and upload that."),
    )
