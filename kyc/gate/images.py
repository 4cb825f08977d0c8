"""Pictures: one decode of the whole file, at a small scale, gives both integrity and sharpness.

Pillow's `verify()` is nearly free on a JPEG because it checks nothing there: a file cut in half passes it. A
quarter-scale `draft` decode reads every byte of the data, so it notices, at a sixth of a full decode's cost.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from io import BytesIO
from types import ModuleType
from typing import Any

from django.utils.translation import gettext as _

from kyc.gate.findings import Examined

MAX_PIXELS = 50_000_000  # a decode holds 1 to 4 bytes a pixel
# A progressive JPEG of many scans over many pixels fits in kilobytes and decodes for hours.
MAX_SCANNED_PIXELS = 2_500_000_000
SCAN_MARKER = b"\xff\xda"
TINY_SHORT_SIDE = 200  # pixels; an identity document can't be read below that

SHARPNESS_LONG_SIDE = (
    1000  # pixels: the scale at which sharpness is measured, so that one threshold serves all
)
SHARPNESS_TILES = 4  # a page is mostly white: the sharpest of 4 x 4 tiles speaks for it
# Calibrated at that scale: sharp scans and photos lie in the hundreds and thousands, a text page that was
# blurred until it can't be read below 25. Raising it holds more good pictures back.
SHARPNESS_LEAST = 25.0
BLANK_RANGE = 10  # of 255 shades: less than that between the darkest and the lightest spot shows nothing


@lru_cache(maxsize=1)
def _pillow() -> tuple[ModuleType, ModuleType]:
    """Pillow, loaded when the first picture comes, with its own size guard at our limit."""
    from PIL import Image, ImageFilter

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    # Between once and twice that size Pillow only warns; the size is judged below, where it can be explained.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    return Image, ImageFilter


def examine_image(content: bytes, found: Examined) -> None:
    """Fill in width, height, blur and the problems of a JPEG or PNG."""
    image_module, _filters = _pillow()
    try:
        with image_module.open(BytesIO(content), formats=["JPEG", "PNG"]) as image:
            found.width, found.height = image.size
            pixels = found.width * found.height
            if pixels > MAX_PIXELS:
                _refuse_size(found, f"{found.width} x {found.height}")
                return
            if image.format != "PNG" and content.count(SCAN_MARKER) * pixels > MAX_SCANNED_PIXELS:
                found.refuse(
                    "too_many_scans",
                    _("This JPEG is built of so many layers that decoding it would take too long."),
                    _("Save the picture again as an ordinary JPEG."),
                )
                return
            if getattr(image, "n_frames", 1) > 1 and image.format == "PNG":
                found.flags.append("animated")  # the first frame is what counts
            grey = _decode_small(image)
    except image_module.DecompressionBombError:
        _refuse_size(found, "")
        return
    except MemoryError:
        raise
    except (
        Exception
    ):  # Pillow's plug-ins raise whatever the damage leads to: OSError, SyntaxError, ValueError, …
        found.refuse(
            "damaged",
            _("The picture is damaged or incomplete: it can't be decoded to the end."),
            _("Open the original, save it again and upload that."),
        )
        return
    found.blur = round(sharpness(grey), 1)
    darkest, lightest = grey.getextrema()
    _doubt_quality(found, is_blank=lightest - darkest < BLANK_RANGE)


def _refuse_size(found: Examined, shown: str) -> None:
    found.refuse(
        "too_many_pixels",
        _("The picture has more than %(most)d million pixels.") % {"most": MAX_PIXELS // 1_000_000},
        _("Save it at a smaller size; 12 million pixels show any document."),
        shown,
    )


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
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("PA", "RGBA", "LA") or "transparency" in image.info:
        image_module, _filters = _pillow()
        shown = image.convert("RGBA").reduce(max(1, long_side // SHARPNESS_LONG_SIDE))
        ground = image_module.new("RGBA", shown.size, "white")  # what is transparent is seen on white
        return image_module.alpha_composite(ground, shown).convert("L")
    return image.convert("L")


def sharpness(grey: Any) -> float:
    """The variance of the Laplacian in the sharpest of 4 x 4 tiles, at a long side of at most 1000 pixels."""
    image_module, filters = _pillow()
    long_side = max(grey.size)
    if long_side > SHARPNESS_LONG_SIDE:
        factor = SHARPNESS_LONG_SIDE / long_side
        size = (max(1, round(grey.width * factor)), max(1, round(grey.height * factor)))
        grey = grey.resize(size, image_module.Resampling.BOX)
    if min(grey.size) < 3:
        return 0.0
    edges = grey.filter(filters.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128))
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
    mean = sum(value * count for value, count in enumerate(histogram)) / total
    return sum(count * (value - mean) ** 2 for value, count in enumerate(histogram) if count) / total


def _doubt_quality(found: Examined, *, is_blank: bool) -> None:
    width, height = found.width or 0, found.height or 0
    if min(width, height) < TINY_SHORT_SIDE:
        found.doubt(
            "tiny_picture",
            _("The picture is only %(width)d x %(height)d pixels.") % {"width": width, "height": height},
            _("Ask for a larger one, or accept it with a reason if it can be read."),
            f"{width} x {height}",
        )
    elif is_blank:
        found.doubt(
            "blank_picture",
            _("The picture seems to be blank."),
            _("Look at it: ask for the right one, or accept it with a reason."),
        )
    elif found.blur is not None and found.blur < SHARPNESS_LEAST:
        found.doubt(
            "blurred",
            _("The picture seems to be blurred."),
            _("Look at it: ask for a sharp one, or accept it with a reason if it can be read."),
        )
