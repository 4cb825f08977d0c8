"""Pictures: one decode of the whole file, at a small scale, gives both integrity and sharpness.

Pillow's `verify()` is nearly free on a JPEG because it checks nothing there: a file cut in half passes it. A
quarter-scale `draft` decode reads every byte of the data, so it notices, at a sixth of a full decode's cost.
"""

from __future__ import annotations

import re
import warnings
from io import BytesIO
from itertools import islice
from operator import mul
from typing import Any

# Pillow loads some of these only when it meets such a picture, which a cell can't do any more.
from PIL import (  # noqa: F401
    Image,
    ImageCms,
    ImageColor,
    ImageFilter,
    ImagePalette,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
)

MAX_PIXELS = 50_000_000  # a decode holds 1 to 4 bytes a pixel
# A progressive JPEG of many scans over many pixels fits in kilobytes and decodes for hours.
MAX_SCANNED_PIXELS = 2_500_000_000
SCAN_MARKERS = re.compile(b"\xff\xda")

SHARPNESS_LONG_SIDE = (
    1000  # pixels: the scale at which sharpness is measured, so that one threshold serves all
)
SHARPNESS_TILES = 4  # a page is mostly white: the sharpest of 4 x 4 tiles speaks for it

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Between once and twice that size Pillow only warns; the size is judged below, where it can be explained.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


_LEVELS = range(256)
_SQUARES = [level**2 for level in _LEVELS]


class Fault(Exception):
    """The picture can't be taken. `code`: too_many_pixels, too_many_scans or damaged; `size`: as it says."""

    def __init__(self, code: str, size: tuple[int, int] | None = None) -> None:
        super().__init__(code)
        self.found = {"fault": code, "size": size}


def look_at_picture(content: bytes) -> tuple[dict[str, Any], bytes]:
    """``size`` as stored, ``is_animated``, ``blur`` and ``range`` (lightest less darkest) of a JPEG or PNG.

    Or a ``fault``: see `Fault`.
    """
    try:
        with opened(content) as image:
            size = image.size
            is_animated = getattr(image, "n_frames", 1) > 1 and image.format == "PNG"
            grey = _decode_small(image)
    except Fault as fault:
        return fault.found, b""
    except MemoryError:
        raise
    except (
        Exception
    ):  # Pillow's plug-ins raise whatever the damage leads to: OSError, SyntaxError, ValueError
        return {"fault": "damaged", "size": None}, b""
    darkest, lightest = grey.getextrema()
    return {
        "size": size,
        "is_animated": is_animated,
        "blur": round(sharpness(grey), 1),
        "range": lightest - darkest,
    }, b""


def opened(content: bytes) -> Any:
    """The picture, opened and not decoded yet. Raises Fault, and whatever Pillow does."""
    try:
        image = Image.open(BytesIO(content), formats=["JPEG", "PNG"])
    except Image.DecompressionBombError:
        raise Fault("too_many_pixels") from None
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise Fault("too_many_pixels", image.size)
    # As a pattern, which takes a third of the time that counting does, and no further than it matters.
    most = MAX_SCANNED_PIXELS // pixels
    if image.format != "PNG" and next(islice(SCAN_MARKERS.finditer(content), most, None), None):
        raise Fault("too_many_scans")
    return image


def _decode_small(image: Any) -> Any:
    """The whole picture decoded, in grey; a JPEG at the smallest scale that still suits the measure."""
    long_side = max(image.size)
    if image.format != "PNG" and long_side > SHARPNESS_LONG_SIDE:
        factor = long_side / SHARPNESS_LONG_SIDE
        image.draft("L", (int(image.width / factor), int(image.height / factor)))
    image.load()
    if image.mode == "L":
        return image
    if image.mode.startswith("I"):  # 16 bits: convert("L") would clip, not scale
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("PA", "RGBA", "LA") or "transparency" in image.info:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        return on_white(image.reduce(max(1, long_side // SHARPNESS_LONG_SIDE))).convert("L")
    return image.convert("L")


def on_white(image: Any) -> Any:
    """What is transparent is seen on white."""
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def sharpness(grey: Any) -> float:
    """The variance of the Laplacian in the sharpest of 4 x 4 tiles, at a long side of at most 1000 pixels."""
    long_side = max(grey.size)
    if long_side > SHARPNESS_LONG_SIDE:
        factor = SHARPNESS_LONG_SIDE / long_side
        size = (max(1, round(grey.width * factor)), max(1, round(grey.height * factor)))
        grey = grey.resize(size, Image.Resampling.BOX)
    if min(grey.size) < 3:
        return 0.0
    edges = grey.filter(ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128))
    edges = edges.crop((1, 1, edges.width - 1, edges.height - 1))  # the filter leaves the border as it was
    across, down = edges.width / SHARPNESS_TILES, edges.height / SHARPNESS_TILES
    best = 0.0
    for row in range(SHARPNESS_TILES):
        for column in range(SHARPNESS_TILES):
            box = (int(column * across), int(row * down), int((column + 1) * across), int((row + 1) * down))
            if box[2] > box[0] and box[3] > box[1]:
                best = max(best, _variance(edges.crop(box).histogram()))
    return best


def _variance(histogram: list[int]) -> float:
    total = sum(histogram)
    mean = sum(map(mul, _LEVELS, histogram)) / total
    return sum(map(mul, _SQUARES, histogram)) / total - mean**2
