"""Files made in code: a sharp scan as JPEG, PNG and PDF, and how to spoil them."""

import io
import struct
import zlib

import pikepdf
from PIL import Image, ImageDraw


def scan(size=(1200, 850), mode="RGB"):
    """A page of text, as a scanner makes it."""
    page = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(page)
    for line in range(size[1] // 40):
        pen.text(
            (20, 20 + 40 * line),
            "REPUBLIC OF SOUTH AFRICA  ID 0202086471085  " * 3,
            fill="black",
            font_size=22,
        )
    return page.convert(mode)


def jpeg(image=None, **options):
    out = io.BytesIO()
    (image or scan()).save(out, "JPEG", **{"quality": 85, **options})
    return out.getvalue()


def png(image=None, **options):
    out = io.BytesIO()
    (image or scan()).save(out, "PNG", **options)
    return out.getvalue()


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def pdf(pages=2, **options):
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page()
        out = io.BytesIO()
        document.save(out, **options)
    return out.getvalue()


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width, height):
    """A PNG of that size in a few hundred bytes, its data missing or tiny."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + png_chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + png_chunk(b"IEND", b"")
    )
