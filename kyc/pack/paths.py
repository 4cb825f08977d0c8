"""Names of files inside a pack, as `documents` writes them: relative, and never out of the pack."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

from kyc.pack.unreadable import FileUnreadable

PATH_MAX = 1_000
_DRIVE = re.compile(r"[A-Za-z]:")


def leaves_pack(path: str) -> bool:
    """Whether a name, with `/` or `\\\\` between its parts, is absolute or climbs above where it starts."""
    path = path.replace("\\", "/")
    return path.startswith("/") or bool(_DRIVE.match(path)) or ".." in path.split("/")


def clean_path(path: str) -> str:
    """The path with `/` between its parts. Raises FileUnreadable for one that names nothing inside a pack."""
    path = path.strip().replace("\\", "/")
    if not path or len(path) > PATH_MAX or "\0" in path or not path.isprintable():
        raise FileUnreadable(
            "file_name",
            _("This is not the name of a file."),
            _("Write the file's path inside the pack, such as files/passport.jpg."),
        )
    if leaves_pack(path):
        raise left_pack()
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def left_pack() -> FileUnreadable:
    return FileUnreadable(
        "leaves_pack",
        _("This path leads out of the pack."),
        _("Put the file into the pack and write its path inside it, such as files/passport.jpg."),
    )


def not_there() -> FileUnreadable:
    return FileUnreadable(
        "no_such_file",
        _("There is no such file in the pack."),
        _("Check the spelling, upper and lower case too, or add the file."),
    )


def spellings(path: str) -> list[str]:
    """The path as written, and as another system may have written its accents."""
    return list(dict.fromkeys((path, unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path))))
