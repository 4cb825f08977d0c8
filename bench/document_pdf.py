"""G12: checking a PDF of 2 MB and 12 pages, against pypdf's open, is_encrypted and page count.

Ours also looks for other files behind its end and for active content, and takes the SHA-256. Both run in one
sitting, alternating; the medians count.

    .venv/bin/python bench/document_pdf.py
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

ROUNDS = 51
GOAL_MS = 5.0
PAGES = 12
PICTURE_BYTES = 165_000  # on each page, so that the whole is about 2 MB


def ours(content: bytes) -> int | None:
    from kyc.gate import examine

    found = examine(content, filename="statement.pdf")
    assert not found.problems or found.problems[0].code == "password", found.problems
    return found.pages


def pypdf(content: bytes) -> int | None:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content))
    return None if reader.is_encrypted else len(reader.pages)


def statement(*, is_locked: bool = False) -> bytes:
    """A scanned statement: 12 pages, each one picture that doesn't compress."""
    import pikepdf

    with pikepdf.new() as document:
        for _ in range(PAGES):
            document.add_blank_page(page_size=(595, 842))
            page = document.pages[-1]
            picture = pikepdf.Stream(document, os.urandom(PICTURE_BYTES))
            picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
            picture.Width, picture.Height, picture.BitsPerComponent = 300, 550, 8
            picture.ColorSpace = pikepdf.Name.DeviceGray
            page.add_resource(picture, pikepdf.Name.XObject, pikepdf.Name.Im0)
            page.contents_add(b"q 595 0 0 842 0 0 cm /Im0 Do Q")
        out = io.BytesIO()
        lock = pikepdf.Encryption(owner="owner", user="user", R=6) if is_locked else None
        document.save(out, encryption=lock) if lock else document.save(out)
    return out.getvalue()


def main() -> int:
    from django.conf import settings

    settings.configure(USE_I18N=False)
    is_met = True
    for name, content, pages in (
        ("plain", statement(), PAGES),
        ("AES-256", statement(is_locked=True), None),
    ):
        times: dict[str, list[float]] = {"pypdf": [], "ours": []}
        for check in (pypdf, ours):
            assert check(content) == pages
        for _ in range(ROUNDS):
            for check in (pypdf, ours):
                started = time.perf_counter()
                check(content)
                times[check.__name__].append((time.perf_counter() - started) * 1000)
        middle = {way: statistics.median(values) for way, values in times.items()}
        print(f"PDF {name}, {len(content) / 1e6:.1f} MB, {PAGES} pages, {ROUNDS} rounds")
        for way, value in middle.items():
            print(f"  {way:6} {value:6.2f} ms (least {min(times[way]):.2f})")
        goal = middle["ours"] <= GOAL_MS
        is_met &= goal
        figures = (
            f"{middle['ours']:.2f} ms, goal {GOAL_MS:.0f}; pypdf x {middle['ours'] / middle['pypdf']:.1f}"
        )
        print(f"G12 {'met   ' if goal else 'MISSED'} {figures}")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
