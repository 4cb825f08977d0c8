"""The lines of a text file with the byte at which each begins, in the encodings that a pack may have."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from django.utils.translation import gettext as _

from kyc.pack.limits import RECORD_BYTES_MAX
from kyc.pack.unreadable import PackUnreadable

UTF_8 = "utf-8"
UTF_16_LE = "utf-16-le"
UTF_16_BE = "utf-16-be"

_OTHER_FORMATS = (
    (b"PK\x03\x04", "a zip or a workbook"),
    (b"\xd0\xcf\x11\xe0", "an old workbook (.xls)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
)


def _how_to_save() -> str:
    return _(
        "Save it as “CSV UTF-8 (comma delimited)”; in LibreOffice choose the character set Unicode (UTF-8)."
    )


def find_encoding(head: bytes, where: str) -> tuple[str, int]:
    """The encoding that the first bytes tell, and how many of them are its mark."""
    for magic, what in _OTHER_FORMATS:
        if head.startswith(magic):
            raise PackUnreadable(
                _("This is %(what)s, not a CSV file.") % {"what": what}, _how_to_save(), where=where
            )
    if head.startswith(codecs.BOM_UTF8):
        return UTF_8, 3
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise PackUnreadable(_("It is UTF-32."), _how_to_save(), where=where)
    if head.startswith(codecs.BOM_UTF16_LE):
        return UTF_16_LE, 2
    if head.startswith(codecs.BOM_UTF16_BE):
        return UTF_16_BE, 2
    if b"\0" in head:
        place = head.index(b"\0") + 1
        raise PackUnreadable(
            _("Byte %(place)d is NUL: this is not UTF-8, perhaps UTF-16 without its mark.")
            % {"place": place},
            _how_to_save(),
            where=where,
        )
    return UTF_8, 0


class Lines:
    """An iterator of decoded lines, line ends kept. `position` is the byte after the last one that was read.

    Raises PackUnreadable with the byte's place (counted from 1) where the encoding is broken, and for a
    line that is longer than a row may be.
    """

    def __init__(self, stream: BinaryIO, encoding: str, start: int, where: str) -> None:
        stream.seek(start)
        self._stream = stream
        self._encoding = encoding
        self._where = where
        self.position = start
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        read = self._stream.readline if self._encoding == UTF_8 else self._readline_utf_16
        encoding = self._encoding
        while line := read(RECORD_BYTES_MAX + 1):
            self.number += 1
            if len(line) > RECORD_BYTES_MAX:
                raise PackUnreadable(
                    _("Line %(line)d is longer than %(most)d bytes.")
                    % {"line": self.number, "most": RECORD_BYTES_MAX},
                    _("Look for a missing line break there, or a quote that is never closed."),
                    where=self._where,
                )
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError as error:
                raise PackUnreadable(
                    _("Byte %(place)d (in line %(line)d) is 0x%(byte)02X, which is not %(encoding)s.")
                    % {
                        "place": self.position + error.start + 1,
                        "line": self.number,
                        "byte": line[error.start],
                        "encoding": encoding[:6].upper().rstrip("-"),
                    },
                    _how_to_save(),
                    where=self._where,
                ) from None
            self.position += len(line)
            yield text

    def _readline_utf_16(self, limit: int) -> bytes:
        newline = b"\n\0" if self._encoding == UTF_16_LE else b"\0\n"
        line = bytearray()
        while part := self._stream.readline(limit - len(line)):
            line += part
            if self._encoding == UTF_16_LE and line[-1:] == b"\n" and len(line) % 2:
                line += self._stream.read(1)
            if len(line) >= limit or (len(line) % 2 == 0 and line.endswith(newline)):
                break
        return bytes(line)
