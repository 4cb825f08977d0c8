"""Pictures: whole, not too large, and sharp enough to read. They are opened in a cell (`kyc.jail`)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kyc.gate.findings import Examined
from kyc.jail.keeper import ask

MAX_MILLION_PIXELS = 50
TINY_SHORT_SIDE = 200  # pixels; an identity document can't be read below that
# Calibrated at 1000 pixels: sharp scans and photos lie in the hundreds and thousands, a text page that was
# blurred until it can't be read below 25. Raising it holds more good pictures back.
SHARPNESS_LEAST = 25.0
BLANK_RANGE = 10  # of 255 shades: less than that between the darkest and the lightest spot shows nothing


def examine_image(content: bytes, found: Examined) -> None:
    """Fill in width, height, blur and the problems of a JPEG or PNG. Raises kyc.jail.keeper.Unsafe."""
    seen = ask("picture", content).found
    if fault := seen.get("fault"):
        _refuse(found, fault, seen.get("size"))
        return
    found.width, found.height = (int(side) for side in seen["size"])
    found.blur = float(seen["blur"])
    if seen["is_animated"]:
        found.flags.append("animated")  # the first frame is what counts
    _doubt_quality(found, is_blank=seen["range"] < BLANK_RANGE)


def _refuse(found: Examined, fault: str, size: Any) -> None:
    if fault == "too_many_pixels":
        found.refuse(
            fault,
            _("The picture has more than %(most)d million pixels.") % {"most": MAX_MILLION_PIXELS},
            _("Save it at a smaller size; 12 million pixels show any document."),
            f"{int(size[0])} x {int(size[1])}" if size else "",
        )
    elif fault == "too_many_scans":
        found.refuse(
            fault,
            _("This JPEG is built of so many layers that decoding it would take too long."),
            _("Save the picture again as an ordinary JPEG."),
        )
    else:
        found.refuse(
            "damaged",
            _("The picture is damaged or incomplete: it can't be decoded to the end."),
            _("Open the original, save it again and upload that."),
        )


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
