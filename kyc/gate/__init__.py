"""The document gate: bytes in, findings out. Nothing is stored, sent or run; files are opened in a cell of
their own (`kyc.jail`), never in the portal's process.

The exchange takes JPEG, PNG and PDF up to 4 MB (002:2300, 002:2308), by their names as far as is known; we
look at the bytes, so that what a reviewer there opens is what it says it is.
"""

from __future__ import annotations

import logging
from hashlib import sha256

from django.utils.translation import gettext as _

from kyc.gate.filenames import extension_of, safe_display_name, same_extension
from kyc.gate.findings import Examined
from kyc.gate.images import examine_image
from kyc.gate.pdf import examine_pdf
from kyc.gate.sniff import JPEG, PDF, PNG, Kind, sniff
from kyc.jail.keeper import Unsafe

MAX_BYTES = 4_000_000  # the exchange's 4 MB, read the careful way

ACCEPTED: tuple[Kind, ...] = (JPEG, PNG, PDF)
CONTENT_TYPES = frozenset(kind.content_type for kind in ACCEPTED)
logger = logging.getLogger("kyc.gate")
_ENDS = {JPEG: b"\xff\xd9", PNG: b"IEND\xaeB`\x82"}

__all__ = ["ACCEPTED", "CONTENT_TYPES", "MAX_BYTES", "Examined", "examine", "safe_display_name"]


def examine(content: bytes, *, filename: str | None, declared_type: str | None = None) -> Examined:
    """Look at one file. `filename` and `declared_type` are only compared: the bytes decide what it is.

    Never raises for what a file holds; all that is wrong with it is in `.problems`.
    """
    found = Examined(size=len(content), sha256=sha256(content).hexdigest())
    if not content:
        found.refuse("empty", _("The file is empty."), _("Upload the file again; it has 0 bytes."))
        return found
    kind = sniff(content)
    if kind.is_accepted:
        found.content_type, found.extension = kind.content_type, kind.extension
    if len(content) > MAX_BYTES:
        found.refuse(
            "too_large",
            _("The file has %(size)d bytes; the exchange takes at most %(most)d.")
            % {"size": len(content), "most": MAX_BYTES},
            _("Save it with stronger compression or at a smaller size."),
            str(len(content)),
        )
    if not kind.is_accepted:
        _refuse_kind(found, kind)
    if found.problems:
        return found
    if (named := extension_of(filename or "")) and not same_extension(named, kind.extension):
        found.flags.append("extension_differs")
    if declared_type and declared_type.split(";")[0].strip().lower() not in (kind.content_type, "image/jpg"):
        found.flags.append("declared_type_differs")
    if kind is not PDF and not content.endswith(_ENDS[kind]):
        found.flags.append("trailing_data")  # accepted: the copy that people are shown is made anew
    try:
        (examine_pdf if kind is PDF else examine_image)(content, found)
    except Unsafe as error:
        logger.warning("document_not_opened why=%s sha256=%.16s", error.why, found.sha256)
        found.refuse(
            "unsafe",
            _("The file could not be opened safely: it took too long, too much memory, or broke the reader."),
            _("Print the document to a new PDF, or save it as an ordinary picture, and upload that."),
        )
    return found


def _refuse_kind(found: Examined, kind: Kind) -> None:
    remedy = _("Upload a JPEG, a PNG or a PDF.")
    if not kind.name:
        found.refuse("unknown_kind", _("The file is neither a JPEG nor a PNG nor a PDF."), remedy)
    else:
        found.refuse(
            "wrong_kind",
            _("The file is no JPEG, PNG or PDF, whatever its name says. It is: %(kind)s.")
            % {"kind": kind.name},
            remedy,
            kind.name,
        )
