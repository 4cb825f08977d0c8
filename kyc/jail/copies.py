"""What people are shown in place of a file: its picture, made anew, with nothing of the original's bytes."""

from __future__ import annotations

import io
from typing import Any

import pypdfium2
from PIL import Image

from kyc.jail.pictures import Fault, on_white, opened

LONG_SIDE = 2000  # pixels
QUALITY = 85
POINTS_PER_INCH = 72
PAGE_DPI = 150
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def copy_picture(content: bytes) -> tuple[dict[str, Any], bytes]:
    """A JPEG of the picture, upright, at most 2,000 pixels long, no metadata. ``size``, or a ``fault``."""
    try:
        with opened(content) as image:
            if image.format != "PNG":
                # A JPEG is decoded at the smallest scale that is still large enough.
                image.draft(None, (LONG_SIDE, LONG_SIDE))
            image.load()
            # What the camera noted about how it was held is heeded, and not kept.
            turn = _TURNS.get(image.getexif().get(_ORIENTATION))
            shown = _shrunk(_in_rgb(image))
            shown = shown if turn is None else shown.transpose(turn)
    except Fault as fault:
        return fault.found, b""
    return _saved(shown)


def _in_rgb(image: Any) -> Any:
    """The picture in RGB, made smaller on the way where that saves a copy of all its pixels."""
    if image.mode.startswith("I"):  # 16 bits: shown as they look, not cut off
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode in ("1", "CMYK"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    elif image.mode in ("P", "PA"):
        image = image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    elif "transparency" in image.info:
        image = image.convert("RGBA")
    image = image.reduce(max(1, max(image.size) // LONG_SIDE))
    return (on_white(image.convert("RGBA")) if image.mode in ("RGBA", "LA") else image).convert("RGB")


def _shrunk(image: Any) -> Any:
    if max(image.size) > LONG_SIDE:
        image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def copy_page(content: bytes, *, page: int) -> tuple[dict[str, Any], bytes]:
    """A JPEG of one page (from 0) at 150 dpi, at most 2,000 pixels long. ``size`` and ``pages``.

    Scripts, forms and links are no part of a picture, and none of them is looked at.
    """
    pdf = pypdfium2.PdfDocument(content)
    pages = len(pdf)
    if not 0 <= page < pages:
        return {"fault": "no_such_page", "pages": pages}, b""
    sheet = pdf[page]
    long_side = max(sheet.get_size())
    scale = min(PAGE_DPI / POINTS_PER_INCH, LONG_SIDE / max(long_side, 1.0))
    drawn = sheet.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    found, body = _saved(_shrunk(drawn))
    return {**found, "pages": pages}, body


def _saved(shown: Any) -> tuple[dict[str, Any], bytes]:
    # Into a picture of its own: nothing that came with the file can come along.
    clean = Image.new("RGB", shown.size)
    clean.paste(shown)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=QUALITY)
    return {"size": clean.size}, out.getvalue()
