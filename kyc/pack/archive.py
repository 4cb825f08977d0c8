"""A pack, or its files, in a zip: its directory is checked first, real bytes are counted while unpacking."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from kyc.pack import limits
from kyc.pack.own_place import open_own
from kyc.pack.paths import clean_path, leaves_pack, not_there, spellings
from kyc.pack.unreadable import FileUnreadable, PackUnreadable

_CHUNK = 256 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_UTF_8_NAME = 0x800
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


class OpenZip(zipfile.ZipFile):
    """A zip to read, also by a copy of this process."""

    _own: BinaryIO | None = None

    def __init__(self, path: Path) -> None:
        self._own = open_own(path)
        try:
            super().__init__(self._own)
        except BaseException:
            self._own.close()
            raise

    def close(self) -> None:
        super().close()
        if self._own is not None:  # where the file could not be opened, there is none
            self._own.close()


def open_zip(path: Path, *, entries_max: int, bytes_max: int) -> zipfile.ZipFile:
    """The zip, after a look at its directory. PackUnreadable where it is damaged, hostile or too large."""
    where = path.name
    try:
        archive = OpenZip(path)
    except (*_DAMAGE, ValueError) as error:
        if isinstance(error, OSError) and error.strerror:
            reason = error.strerror
            raise PackUnreadable(
                _("It can't be read: %(reason)s.") % {"reason": reason}, _("Check the path."), where=where
            ) from None
        raise PackUnreadable(
            _("The zip is damaged."), _("Make it again, or copy it again from where it came."), where=where
        ) from None
    try:
        _check_directory(archive, path.stat().st_size, entries_max, bytes_max, where)
    except PackUnreadable:
        archive.close()
        raise
    return archive


def _check_directory(
    archive: zipfile.ZipFile, size: int, entries_max: int, bytes_max: int, where: str
) -> None:
    entries = archive.infolist()

    def refuse(message: str, remedy: str) -> None:
        raise PackUnreadable(message, remedy, where=where)

    if len(entries) > entries_max:
        refuse(
            _("The zip has %(count)d entries; %(most)d is the most.")
            % {"count": len(entries), "most": entries_max},
            _("Hand it in as several packs."),
        )
    unpacked = sum(entry.file_size for entry in entries)
    bomb = unpacked > limits.ZIP_RATIO_FROM_BYTES and unpacked > limits.ZIP_RATIO_MAX * size
    if unpacked > bytes_max or bomb:
        refuse(
            _("The zip would unpack to %(count)d MB.") % {"count": unpacked // 1_000_000},
            _("Hand it in as several packs, or as a folder."),
        )
    if sum(entry.compress_size for entry in entries) > size:
        refuse(_("The entries of the zip overlap."), _("Make the zip again."))
    names: set[str] = set()
    for entry in entries:
        name = entry.filename
        if leaves_pack(name) or "\0" in entry.orig_filename:
            refuse(
                _("The zip holds a name that leads out of it."),
                _("Make the zip again from the pack's own folder."),
            )
        if stat.S_ISLNK(entry.external_attr >> 16):
            refuse(_("The zip holds a symbolic link."), _("Put the file itself into the zip."))
        if entry.flag_bits & _ENCRYPTED:
            refuse(_("The zip is encrypted."), _("Make it without a password."))
        if entry.compress_type not in _METHODS:
            refuse(_("The zip is compressed by a method that is not usual."), _("Make it with “deflate”."))
        if name in names:
            refuse(_("The zip holds one name twice."), _("Make the zip again."))
        names.add(name)


def unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int, where: str) -> Iterator[bytes]:
    """The bytes of an entry. PackUnreadable past `limit` real bytes, or where they are damaged."""
    total = 0
    try:
        with archive.open(entry) as file:
            while chunk := file.read(_CHUNK):
                total += len(chunk)
                if total > limit:
                    raise PackUnreadable(
                        _("It unpacks to more than %(most)d MB.") % {"most": limit // 1_000_000},
                        _("Hand it in as several packs."),
                        where=where,
                    )
                yield chunk
    except _DAMAGE:
        raise PackUnreadable(
            _("It is damaged inside the zip."), _("Make the zip again."), where=where
        ) from None


class ZipFiles:
    """The files of a zip, below the folder in which its tables lie (or its one top folder)."""

    def __init__(self, path: Path) -> None:
        self.archive = open_zip(path, entries_max=limits.ZIP_ENTRIES_MAX, bytes_max=limits.ZIP_BYTES_MAX)
        self._names = {_real_name(entry): entry for entry in self.archive.infolist() if not entry.is_dir()}
        self.where = path.name
        self.prefix = self._find_prefix()

    def _find_prefix(self) -> str:
        """Where `customers.csv` lies; without one, the only top folder, else the top itself."""
        own = [name for name in self._names if not _is_litter(name)]
        roots = sorted(
            (name[: -len("customers.csv")] for name in own if name.rpartition("/")[2] == "customers.csv"),
            key=lambda prefix: prefix.count("/"),
        )
        if len(roots) > 1 and roots[0].count("/") == roots[1].count("/"):
            raise PackUnreadable(
                _("The zip holds more than one customers.csv."),
                _("Hand in one pack at a time."),
                where=self.where,
            )
        if roots:
            return roots[0]
        tops = {name.partition("/")[0] if "/" in name else "" for name in own}
        return f"{tops.pop()}/" if len(tops) == 1 and "" not in tops else ""

    def table(self, file_name: str) -> zipfile.ZipInfo | None:
        return self._names.get(self.prefix + file_name)

    def read(self, path: str, limit: int) -> bytes:
        """At most `limit` bytes of the file; FileUnreadable where the zip has none such."""
        path = clean_path(path)
        entry = next(
            (
                entry
                for spelling in spellings(path)
                for name in (self.prefix + spelling, spelling)
                if (entry := self._names.get(name))
            ),
            None,
        )
        if entry is None:
            raise not_there()
        try:
            with self.archive.open(entry) as file:
                return file.read(limit)
        except _DAMAGE:
            raise FileUnreadable(
                "unreadable_file",
                _("The file is damaged inside the zip."),
                _("Put the file into the zip again."),
            ) from None

    def close(self) -> None:
        self.archive.close()


def _is_litter(name: str) -> bool:
    """What a Mac puts into a zip beside the files."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith("._")


def _real_name(entry: zipfile.ZipInfo) -> str:
    """The entry's name; UTF-8 that an old packer did not mark as such is read as what it is."""
    if entry.flag_bits & _UTF_8_NAME or entry.filename.isascii():
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename
