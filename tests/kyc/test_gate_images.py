"""Pictures: whole, not too large, and sharp enough to read."""

import struct
import zlib

import pytest
from PIL import Image, ImageFilter

from kyc.gate import examine
from tests.kyc import files

# Pillow warns of what is refused here anyway.
pytestmark = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")


def codes(content, filename="a.jpg"):
    return [problem.code for problem in examine(content, filename=filename).problems]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=["baseline", "progressive"])
def test_a_jpeg_that_was_cut_short_is_refused(share, options):
    content = files.jpeg(files.scan((2400, 1700)), **options)
    assert codes(content[: int(len(content) * share)]) == ["damaged"]


def test_a_png_that_was_cut_short_or_changed_is_refused():
    content = files.png()
    assert codes(content[: len(content) // 2]) == ["damaged"]
    spoiled = bytearray(content)
    spoiled[len(content) // 2] ^= 0xFF
    assert codes(bytes(spoiled)) == ["damaged"]


@pytest.mark.parametrize(
    "tail", [b"<script>alert(1)</script>", b"PK\x03\x04" + b"\0" * 60, b"<?php __HALT_COMPILER();"]
)
def test_a_jpeg_with_something_behind_it_is_taken_and_flagged(tail):
    found = examine(files.jpeg() + tail, filename="a.jpg")
    assert found.problems == []
    assert found.flags == ["trailing_data"]


@pytest.mark.parametrize("side", [60_000, 9_000])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(side):
    content = files.png_header(side, side)
    assert len(content) < 1000
    assert codes(content) == ["too_many_pixels"]


def test_fifty_million_pixels_are_the_most():
    assert codes(files.png_header(10_000, 5_001)) == ["too_many_pixels"]
    assert codes(files.png_header(10_000, 5_000)) == ["damaged"]  # judged on, and found to be without data


def test_a_jpeg_of_endless_scans_is_refused():
    content = files.jpeg(files.scan((4000, 3000)), progressive=True)
    assert codes(content) == []
    end = content.rindex(b"\xff\xd9")
    assert codes(content[:end] + b"\xff\xda" * 300 + content[end:]) == ["too_many_scans"]


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_a_png_whose_text_unpacks_to_gigabytes_costs_nothing(name):
    bomb = zlib.compress(b"\0" * 100_000_000, 9)
    content = files.png()
    after_header = 8 + 25
    spoiled = content[:after_header] + files.png_chunk(name, b"x\0\0" + bomb) + content[after_header:]
    assert len(spoiled) < 500_000
    assert codes(spoiled) in ([], ["damaged"])  # passed over, or refused: never unpacked


def test_of_an_animated_png_the_first_frame_counts():
    frames = [files.scan((400, 300)).convert("P") for _ in range(5)]
    frames[1].paste(0, (0, 0, 50, 50))
    content = files.png(frames[0], save_all=True, append_images=frames[1:])
    found = examine(content, filename="a.png")
    assert found.problems == []
    assert found.flags == ["animated"]


def test_of_ten_thousand_frames_the_first_is_looked_at_and_no_other():
    still = files.png(files.scan((600, 400)).convert("L"))
    end = still.rindex(b"\0\0\0\0IEND")
    control, frames = struct.pack(">5I2H2B", 0, 1, 1, 0, 0, 1, 10, 0, 0), [still[:33]]
    frames.append(files.png_chunk(b"acTL", struct.pack(">II", 10_000, 0)))
    # The picture itself is the first frame; the others are there to be decoded, and are no pictures at all.
    frames.append(files.png_chunk(b"fcTL", struct.pack(">5I2H2B", 0, 600, 400, 0, 0, 1, 10, 0, 0)))
    frames.append(still[33:end])
    for number in range(1, 10_000):
        frames.append(files.png_chunk(b"fcTL", struct.pack(">I", 2 * number - 1) + control[4:]))
        frames.append(files.png_chunk(b"fdAT", struct.pack(">I", 2 * number) + b"no picture"))
    found = examine(b"".join([*frames, still[end:]]), filename="a.png")
    assert (found.problems, found.flags) == ([], ["animated"])


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_every_colour_mode_of_a_jpeg_is_read(mode):
    assert codes(files.jpeg(files.scan(mode=mode))) == []


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
def test_every_colour_mode_of_a_png_is_read(mode):
    if mode == "I;16":
        image = files.scan(mode="L").convert("I").point(lambda value: value * 257).convert("I;16")
    else:
        image = files.scan(mode=mode)
    found = examine(files.png(image), filename="a.png")
    assert found.problems == []
    assert found.blur > 500


def test_a_transparent_picture_is_judged_on_white():
    page = files.scan(mode="RGBA")
    page.putalpha(page.convert("L").point(lambda value: 255 - value))
    assert codes(files.png(page)) == []


@pytest.mark.parametrize("size", [(1200, 850), (2480, 3508), (4000, 3000), (600, 400)])
def test_a_sharp_scan_of_any_size_passes_and_a_blurred_one_is_doubted(size):
    page = files.scan(size)
    assert codes(files.jpeg(page)) == []
    blurred = page.filter(ImageFilter.GaussianBlur(max(size) / 120))
    (problem,) = examine(files.jpeg(blurred), filename="a.jpg").problems
    assert (problem.code, problem.severity) == ("blurred", "warning")


def test_a_slightly_soft_scan_passes():
    assert codes(files.jpeg(files.scan((2480, 3508)).filter(ImageFilter.GaussianBlur(2)))) == []


def test_a_page_with_two_lines_of_text_is_not_taken_for_blurred():
    page = Image.new("RGB", (1654, 2339), "white")
    page.paste(files.scan((1000, 90)), (100, 200))
    assert codes(files.jpeg(page)) == []


def test_a_blank_picture_is_doubted():
    assert codes(files.jpeg(Image.new("RGB", (800, 600), "white"))) == ["blank_picture"]


@pytest.mark.parametrize(
    ("size", "expected"), [((600, 199), ["tiny_picture"]), ((1, 1), ["tiny_picture"]), ((300, 200), [])]
)
def test_a_tiny_picture_is_doubted(size, expected):
    assert codes(files.png(files.scan(size))) == expected
