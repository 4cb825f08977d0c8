"""Files in which every reader has a place of its own.

Where a file is read on is otherwise kept by the system, for all who share the open file: a copy of a process
shares it with the first one.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO, cast

BUFFER_BYTES = 64 * 1024


class OwnPlace(io.RawIOBase):
    """Reads `file`, which it closes with itself, from a place that only this object moves."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        self._position = offset + (os.fstat(self._file.fileno()).st_size if base is None else base)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        count = os.preadv(self._file.fileno(), [buffer], self._position)
        self._position += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def open_own(path: Path) -> BinaryIO:
    """The file at `path`, buffered."""
    return buffered(OwnPlace(cast(BinaryIO, path.open("rb", buffering=0))))


def buffered(raw: io.RawIOBase) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(raw, BUFFER_BYTES))
