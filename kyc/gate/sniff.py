"""What a file is, by its first bytes. The name and the declared type of an upload prove nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """``name``: what a person calls it; ``content_type`` and ``extension``: "" unless it is accepted."""

    name: str
    content_type: str = ""
    extension: str = ""

    @property
    def is_accepted(self) -> bool:
        return bool(self.content_type)


JPEG = Kind("JPEG", "image/jpeg", "jpg")
PNG = Kind("PNG", "image/png", "png")
PDF = Kind("PDF", "application/pdf", "pdf")
UNKNOWN = Kind("")

# Every signature stands at the start of a file; the first that fits decides.
_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"%PDF-", PDF),
    (b"GIF87a", Kind("GIF")),
    (b"GIF89a", Kind("GIF")),
    (b"II*\x00", Kind("TIFF")),
    (b"MM\x00*", Kind("TIFF")),
    (b"II+\x00", Kind("TIFF")),
    (b"MM\x00+", Kind("TIFF")),
    (b"BM", Kind("BMP")),
    (b"%!PS", Kind("PostScript (EPS)")),
    (b"\xc5\xd0\xd3\xc6", Kind("PostScript (EPS)")),
    (b"8BPS", Kind("Photoshop")),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Kind("JPEG 2000")),
    (b"\xff\x4f\xff\x51", Kind("JPEG 2000")),
    (b"\xff\x0a", Kind("JPEG XL")),
    (b"MZ", Kind("program (EXE)")),
    (b"\x7fELF", Kind("program (ELF)")),
    (b"#!", Kind("script")),
    (b"PK\x03\x04", Kind("zip archive or Office file")),
    (b"PK\x05\x06", Kind("zip archive or Office file")),
    (b"Rar!\x1a\x07", Kind("RAR archive")),
    (b"7z\xbc\xaf\x27\x1c", Kind("7-Zip archive")),
    (b"\x1f\x8b", Kind("gzip archive")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("old Office file")),
    (b"{\\rtf", Kind("RTF")),
    (b"ID3", Kind("MP3")),
)
# ISO media files (HEIC, AVIF, MP4): their brand stands after a box length and "ftyp".
_BRANDS = (
    ("HEIC", (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")),
    ("AVIF", (b"avif", b"avis")),
)
_MARKUP = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+)?(svg|html|head|body|script|\?xml|\?php|!doctype)", re.I | re.S
)
_MARKUP_NAMES = {b"svg": "SVG", b"?php": "PHP script", b"?xml": "XML"}
_HEAD = 4096  # bytes looked at for markup


def sniff(content: bytes) -> Kind:
    """The kind of these bytes; `UNKNOWN` where nothing is recognised."""
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return Kind("WebP")
    if content[4:8] == b"ftyp":
        for name, brands in _BRANDS:
            if content[8:12] in brands:
                return Kind(name)
        return Kind("video")
    return _sniff_text(content[:_HEAD])


def _sniff_text(head: bytes) -> Kind:
    """HTML, SVG, XML or plain text, with or without a mark of its encoding; or a PDF that begins too late."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", errors="ignore").encode()
    head = head.removeprefix(b"\xef\xbb\xbf")
    if found := _MARKUP.match(head):
        tag = found[1].lower()
        if tag in (b"?xml", b"!doctype") and b"<svg" in head.lower():
            return Kind("SVG")
        return Kind(_MARKUP_NAMES.get(tag, "HTML page"))
    if b"%PDF-" in head:
        return Kind("PDF with something before it")
    if head and b"\x00" not in head and head.isascii():
        return Kind("text")
    return UNKNOWN
