"""Names of files: shown to people and put into headers, never used as a path."""

from __future__ import annotations

import re
import unicodedata

NAME_MAX = 100  # characters, extension included
_UNSAFE = re.compile(r'[<>:"|?*;%]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.I)  # devices of Windows
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,10})$")


def safe_display_name(filename: str | None, doc_type: str = "", extension: str = "") -> str:
    """A name to show, and to put into a header once quoted: one line, no path, at most 100 characters.

    Control, zero-width and bidirectional characters are taken out; nothing after a NUL counts. With
    `extension`, the name ends in it. Where nothing is left, the document type names the file:
    `proof-of-address.pdf`.
    """
    name = (filename or "").partition("\0")[0].replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(
        char
        for char in unicodedata.normalize("NFC", name.encode("utf-8", "ignore").decode())
        if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    )
    name = _UNSAFE.sub("_", name).strip().rstrip(" .")
    found = _EXTENSION.search(name)
    stem, ending = (name[: found.start()], found[1]) if found else (name, "")
    stem = stem.strip(" .")
    if not stem:
        stem = re.sub(r"[^a-z0-9]+", "-", doc_type.lower()).strip("-") or "document"
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    if extension and not same_extension(ending, extension):
        ending = extension
    ending = f".{ending}" if ending else ""
    return stem[: NAME_MAX - len(ending)].rstrip(" .") + ending


def extension_of(filename: str) -> str:
    """`jpg` of `Front.JPG`; "" where there is none."""
    found = _EXTENSION.search(filename)
    return found[1].lower() if found else ""


def same_extension(one: str, other: str) -> bool:
    """Whether two extensions name the same kind; `jpeg` and `jpg` do."""
    first, second = one.lower(), other.lower()
    return first == second or {first, second} == {"jpg", "jpeg"}
