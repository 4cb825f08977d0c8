"""What people are shown of a document: pictures made anew in a cell, kept sealed beside the original.

The original stays as it came: it is what the exchange gets, and what is handed out only as a download.
"""

from __future__ import annotations

import logging
import struct
from contextlib import suppress
from dataclasses import dataclass

from kyc.choices import Scan
from kyc.documents import read_document
from kyc.gate.sniff import PDF
from kyc.jail.keeper import Unsafe, ask
from kyc.models import Document
from kyc.preparing import DOCUMENTS
from vault import files
from vault.envelope import CannotOpen

logger = logging.getLogger(__name__)

# Pages of a PDF that are shown; what comes after them is read in the original.
PAGES_SHOWN = 50
CONTENT_TYPE = "image/jpeg"
_JPEG = b"\xff\xd8\xff"
_PAGES = struct.Struct(">H")


class NoCopy(Exception):
    """There is no picture of this page. `why`: quarantined, no_such_page, or what the cell said."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Copy:
    """A JPEG of at most 2,000 pixels a side, upright, without metadata; `pages` of the whole document."""

    content: bytes
    pages: int

    @property
    def pages_shown(self) -> int:
        return min(self.pages, PAGES_SHOWN)


def copy_of(document: Document, page: int = 0) -> Copy:
    """The picture of a page, from 0; made when it is first asked for.

    Raises NoCopy; FileNotFoundError or CannotOpen where the original can't be read.
    """
    if document.scan == Scan.INFECTED:
        raise NoCopy("quarantined")
    if not 0 <= page < PAGES_SHOWN:
        raise NoCopy("no_such_page")
    return _kept(document, page) or _made(document, page)


def names_of(document: Document) -> list[str]:
    """Where the copies of a document lie, as far as any were made."""
    pages = 1 if document.content_type != PDF.content_type else document.pages or PAGES_SHOWN
    return [files.file_name(document.pk, _part(page)) for page in range(min(pages, PAGES_SHOWN))]


def _part(page: int) -> str:
    return f"page{page}"


def _kept(document: Document, page: int) -> Copy | None:
    part = _part(page)
    try:
        held = files.load(
            document.vault_key(), DOCUMENTS, document.pk, files.file_name(document.pk, part), part=part
        )
    except FileNotFoundError:
        return None
    except CannotOpen:
        # Of the original alone there is no other; a copy that was damaged or moved is made again.
        logger.error("copy_does_not_open document=%s page=%s", document.pk, page)
        files.remove(files.file_name(document.pk, part))
        return None
    return Copy(held[_PAGES.size :], _PAGES.unpack(held[: _PAGES.size])[0])


def _made(document: Document, page: int) -> Copy:
    content = read_document(document)
    try:
        # A cell of its own: what one file does must not show in another's picture.
        if document.content_type == PDF.content_type:
            answer = ask("copy_page", content, is_alone=True, page=page)
        elif page:
            raise NoCopy("no_such_page")
        else:
            answer = ask("copy_picture", content, is_alone=True)
    except Unsafe as error:
        logger.warning("copy_not_made document=%s page=%s why=%s", document.pk, page, error.why)
        raise NoCopy(error.why) from None
    if fault := answer.found.get("fault"):
        raise NoCopy(str(fault)[:60])
    pages = answer.found.get("pages", 1)
    if not answer.body.startswith(_JPEG) or not isinstance(pages, int) or not 0 < pages < 65_536:
        raise NoCopy("nonsense")
    copy = Copy(answer.body, pages)
    _keep(document, page, copy)
    return copy


def _keep(document: Document, page: int, copy: Copy) -> None:
    part = _part(page)
    try:
        name = files.store(
            document.vault_key(), DOCUMENTS, document.pk, _PAGES.pack(copy.pages) + copy.content, part=part
        )
    except FileExistsError:
        return  # somebody else made it at the same moment, and the storage keeps the first
    except (OSError, CannotOpen) as error:
        # Shown all the same; the next time it is made again.
        logger.warning("copy_not_kept document=%s page=%s error=%s", document.pk, page, type(error).__name__)
        return
    if name != files.file_name(document.pk, part):
        # Somebody else made it at the same moment, and the storage gave ours another name.
        with suppress(OSError):
            files.remove(name)
