"""A pack, or its files, in a folder."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from kyc.pack.own_place import open_own
from kyc.pack.paths import clean_path, left_pack, not_there, spellings
from kyc.pack.unreadable import FileUnreadable, PackUnreadable


class FolderFiles:
    """The files below `root`. Links may point anywhere inside it and nowhere else."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def read(self, path: str, limit: int) -> bytes:
        """At most `limit` bytes of the file; FileUnreadable where it is none of this folder's."""
        path = clean_path(path)
        for spelling in spellings(path):
            try:
                target = (self._root / spelling).resolve(strict=True)
            except (OSError, RuntimeError):
                continue
            if not target.is_relative_to(self._root):
                raise left_pack()
            # Checked before it is opened: a named pipe would wait for ever.
            if not stat.S_ISREG(target.stat().st_mode):
                raise FileUnreadable(
                    "no_such_file", _("This is not a file."), _("Write the path of one file in the pack.")
                )
            try:
                with target.open("rb") as file:
                    return file.read(limit)
            except OSError as error:
                raise FileUnreadable(
                    "unreadable_file",
                    _("The file can't be read: %(reason)s.") % {"reason": error.strerror or ""},
                    _("Check that it is whole and may be read."),
                ) from None
        raise not_there()

    def close(self) -> None:
        """A folder holds nothing open."""


def open_table(path: Path) -> BinaryIO:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise PackUnreadable(_("It is not a file."), _("Put the table there."), where=path.name)
        return open_own(path)
    except OSError as error:
        raise PackUnreadable(
            _("It can't be read: %(reason)s.") % {"reason": error.strerror or ""},
            _("Check the path and who may read it."),
            where=path.name,
        ) from None
