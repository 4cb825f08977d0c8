"""What may be asked of a cell, by name. Loaded by the warden once, before any file comes."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pikepdf
from PIL import Image

from kyc.jail.cell import Task
from kyc.jail.copies import copy_page, copy_picture
from kyc.jail.pdfs import look_at_pdf
from kyc.jail.pictures import look_at_picture

TASKS: Mapping[str, Task] = {
    "picture": look_at_picture,
    "pdf": look_at_pdf,
    "copy_picture": copy_picture,
    "copy_page": copy_page,
}


def _warm_up() -> None:
    """Each task done once before any cell is made: what a library loads at first use, a cell can't load."""
    picture = Image.effect_noise((1200, 900), 40).convert("RGB")
    notes = Image.Exif()
    notes[0x0112] = 6
    for kind in ("JPEG", "PNG"):
        out = io.BytesIO()
        picture.save(out, kind, exif=notes)
        look_at_picture(out.getvalue())
        copy_picture(out.getvalue())
    with pikepdf.new() as document:
        document.add_blank_page()
        for lock in (
            False,
            pikepdf.Encryption(owner="o", user="", R=4),
            pikepdf.Encryption(owner="o", user=""),
        ):
            out = io.BytesIO()
            document.save(out, encryption=lock)
            look_at_pdf(out.getvalue())
            copy_page(out.getvalue(), page=0)


_warm_up()
