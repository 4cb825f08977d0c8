"""PDFs: whole, without a password, with pages, and what they would do. A cell opens them (`kyc.jail`)."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kyc.gate.findings import Examined
from kyc.jail.keeper import ask

MAX_PAGES = 500

_DEEDS = {
    "script": lazy("runs a script"),
    "program": lazy("starts a program"),
    "sends": lazy("sends data elsewhere"),
    "file_inside": lazy("holds another file"),
    "form": lazy("holds an XFA form"),
    "media": lazy("plays media"),
    "inner_link": lazy("links into a network that is not public"),
    "unseen": lazy("has too many parts to look at all of them"),
}


def examine_pdf(content: bytes, found: Examined) -> None:
    """Fill in pages and the problems of a PDF. Raises kyc.jail.keeper.Unsafe."""
    seen = ask("pdf", content).found
    if fault := seen.get("fault"):
        _refuse(found, fault)
        return
    found.pages = int(seen["pages"])
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
    elif seen["deeds"]:
        _doubt_deeds(found, seen["deeds"])


def _doubt_deeds(found: Examined, deeds: Iterable[str]) -> None:
    """What acts is kept and sent as it came; staff see it as pictures, and say whether it may go out."""
    found.flags.append("active_content")
    named = ", ".join(str(_DEEDS[deed]) for deed in deeds if deed in _DEEDS)
    found.doubt(
        "active_content",
        _("The PDF is more than paper: it %(deeds)s.") % {"deeds": named},
        _("Look at it here, where nothing of it runs. Ask for a print of it, or accept it with a reason."),
        named,
    )


def _refuse(found: Examined, fault: str) -> None:
    if fault == "polyglot":
        found.refuse(
            fault,
            _("Another kind of file is hidden behind the end of this PDF."),
            _("Print the document to a new PDF and upload that."),
        )
    elif fault == "password":
        found.refuse(
            fault,
            _("The PDF is protected with a password."),
            _("Remove the password: open it, print it to a new PDF and upload that."),
        )
    else:
        found.refuse(
            "damaged",
            _("The PDF is damaged or incomplete: it can't be opened."),
            _("Export or print it to a PDF again and upload that."),
        )
