"""Open whatever was handed in: a folder, a zip, a workbook or a lone customers.csv."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Protocol

from django.utils.translation import gettext as _

from kyc.pack.archive import ZipFiles, unpack
from kyc.pack.columns import CUSTOMERS, DOCUMENTS, UBOS
from kyc.pack.csv_table import CsvTable
from kyc.pack.folder import FolderFiles, open_table
from kyc.pack.limits import TABLE_BYTES_MAX
from kyc.pack.paths import not_there
from kyc.pack.rows import RowSource
from kyc.pack.sealed_spool import spooled
from kyc.pack.unreadable import FileUnreadable, PackUnreadable
from kyc.pack.workbook import read_workbook

_MACRO_WORKBOOKS = (".xlsm", ".xltm", ".xlsb", ".xls", ".ods")


class Files(Protocol):
    def read(self, path: str, limit: int) -> bytes: ...

    def close(self) -> None: ...


class Pack:
    """An open pack: `customers`, and `ubos` and `documents` where it has them. A context manager."""

    def __init__(self) -> None:
        self.tables: dict[str, RowSource] = {}
        self._files: list[Files] = []
        self._open = ExitStack()

    @property
    def customers(self) -> RowSource:
        return self.tables[CUSTOMERS]

    def add_table(self, table: str, stream: BinaryIO, where: str) -> None:
        self._open.callback(stream.close)
        self.tables[table] = CsvTable(stream, table, where)

    def add_files(self, files: Files) -> None:
        self._open.callback(files.close)
        self._files.append(files)

    def read_file(self, path: str, limit: int) -> bytes:
        """At most `limit` bytes of a file of the pack, else of `--documents`. Raises FileUnreadable."""
        missing = not_there()
        for files in self._files:
            try:
                return files.read(path, limit)
            except FileUnreadable as error:
                if error.code != missing.code:
                    raise
        raise missing

    def __enter__(self) -> Pack:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._open.close()


def open_pack(path: Path, documents: Path | None = None) -> Pack:
    """The pack at `path`; its files may also lie in `documents`, a folder or zip. Raises PackUnreadable."""
    pack = Pack()
    try:
        if path.is_dir():
            _open_folder(pack, path)
        elif path.suffix.casefold() == ".zip":
            _open_archive(pack, path)
        elif path.suffix.casefold() == ".xlsx":
            pack.tables.update(read_workbook(path))
            if documents is None:
                documents = next(
                    (p for p in (path.with_suffix(""), path.with_suffix(".zip")) if p.exists()), None
                )
        elif path.suffix.casefold() in _MACRO_WORKBOOKS:
            raise PackUnreadable(
                _("A workbook must be an .xlsx without macros."),
                _("Save it as “Excel workbook (.xlsx)”, or its sheets as CSV UTF-8."),
                where=path.name,
            )
        else:
            pack.add_table(CUSTOMERS, open_table(path), path.name)
        if documents is not None:
            pack.add_files(_files_at(documents))
        if CUSTOMERS not in pack.tables:
            raise PackUnreadable(
                _("There is no table of customers."),
                _("A pack holds customers.csv (or a sheet “customers”); ubos and documents are optional."),
                where=path.name,
            )
    except BaseException:
        pack.__exit__()
        raise
    return pack


def _open_folder(pack: Pack, path: Path) -> None:
    for table in (CUSTOMERS, UBOS, DOCUMENTS):
        if (file := path / f"{table}.csv").exists():
            pack.add_table(table, open_table(file), file.name)
    pack.add_files(FolderFiles(path))


def _open_archive(pack: Pack, path: Path) -> None:
    files = ZipFiles(path)
    pack.add_files(files)
    for table in (CUSTOMERS, UBOS, DOCUMENTS):
        if entry := files.table(f"{table}.csv"):
            stream = spooled(unpack(files.archive, entry, TABLE_BYTES_MAX, f"{table}.csv"))
            pack.add_table(table, stream, f"{table}.csv")


def _files_at(path: Path) -> Files:
    if path.is_dir():
        return FolderFiles(path)
    if path.suffix.casefold() == ".zip" and path.exists():
        return ZipFiles(path)
    raise PackUnreadable(
        _("The documents' folder or zip is not there."),
        _("Check the path given with --documents."),
        where=path.name,
    )
