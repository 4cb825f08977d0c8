"""The copies that people are shown: a picture made anew, upright, small, and nothing else."""

import io

import pikepdf
import pytest
from pikepdf import Dictionary, Name
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kyc.gate import examine
from kyc.jail.keeper import Keeper, Limits, Unsafe, ask
from tests.kyc import files
from tests.kyc.test_gate_deeds import file_inside, link, program, saved, script, xfa


def copy_of(content):
    answer = ask("copy_picture", content, is_alone=True)
    return Image.open(io.BytesIO(answer.body)), answer.body


def page_of(content, page=0):
    return ask("copy_page", content, is_alone=True, page=page)


def with_exif(image=None, orientation=1):
    """A photo as a phone makes it: with the camera's owner, the place, and how it was held."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Camera of Lerato", orientation
    exif[0x8825] = {1: "S", 2: (33.0, 55.0, 31.0), 3: "E", 4: (18.0, 25.0, 26.0)}
    return files.jpeg(image, exif=exif, comment=b"taken at home")


def test_of_a_phones_double_picture_the_first_is_shown():
    """MPO: a JPEG with another behind it, which Pillow opens by a part of its own."""
    out = io.BytesIO()
    second = Image.new("RGB", (640, 480), "black")
    files.scan((1200, 850)).save(out, "MPO", save_all=True, append_images=[second])
    assert examine(out.getvalue(), filename="a.jpg").problems == []
    shown, _body = copy_of(out.getvalue())
    assert (shown.format, shown.size) == ("JPEG", (1200, 850))


def test_a_copy_carries_no_place_no_camera_and_no_comment():
    content = with_exif()
    assert b"Camera of Lerato" in content
    image, body = copy_of(content)
    assert (len(image.getexif()), image.info.get("comment"), image.info.get("exif")) == (0, None, None)
    assert b"Camera" not in body
    assert b"taken at home" not in body


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (1, 1)), (6, (1, 0)), (8, (0, 1))])
def test_a_copy_stands_upright_however_the_camera_was_held(orientation, corner):
    image = Image.new("RGB", (400, 300), "white")
    image.paste("black", (0, 0, 100, 100))
    shown, _body = copy_of(with_exif(image, orientation))
    assert shown.size == ((300, 400) if orientation in (6, 8) else (400, 300))
    right, low = corner
    dark = shown.getpixel((shown.width - 20 if right else 20, shown.height - 20 if low else 20))
    assert max(dark) < 60


@pytest.mark.parametrize("make", [files.jpeg, files.png])
def test_a_copy_is_at_most_2000_pixels_long(make):
    image, _body = copy_of(make(files.scan((4000, 3000))))
    assert image.size == (2000, 1500)
    small, _body = copy_of(make(files.scan((600, 400))))
    assert small.size == (600, 400)


@pytest.mark.parametrize(
    "tail", [b"<script>alert(1)</script>", b"PK\x03\x04" + b"zip" * 20, b"<?php __HALT_COMPILER();"]
)
def test_what_follows_a_picture_is_not_in_its_copy(tail):
    _image, body = copy_of(files.jpeg() + tail)
    assert tail not in body
    assert body.endswith(b"\xff\xd9")


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "PA", "RGB", "RGBA", "I;16"])
def test_every_colour_mode_of_a_png_is_shown(mode):
    if mode == "I;16":
        image = files.scan(mode="L").convert("I").point(lambda value: value * 257).convert("I;16")
    elif mode == "PA":
        image = files.scan(mode="RGBA").quantize(16)
    else:
        image = files.scan(mode=mode)
    shown, _body = copy_of(files.png(image))
    darkest, lightest = shown.convert("L").getextrema()
    assert (shown.mode, shown.size) == ("RGB", (1200, 850))
    assert darkest < 60
    assert lightest > 200


def test_a_cmyk_jpeg_is_shown_in_rgb():
    shown, _body = copy_of(files.jpeg(files.scan(mode="CMYK")))
    assert (shown.mode, shown.format) == ("RGB", "JPEG")


def test_texts_and_profiles_of_a_png_stay_behind():
    notes = PngInfo()
    notes.add_text("Author", "Lerato Mokoena")
    _image, body = copy_of(files.png(pnginfo=notes))
    assert b"Lerato" not in body


def test_of_an_animation_the_first_frame_is_shown():
    frames = [Image.new("L", (300, 200), shade) for shade in (250, 0)]
    shown, _body = copy_of(files.png(frames[0], save_all=True, append_images=frames[1:]))
    assert shown.convert("L").getpixel((5, 5)) > 240


def test_a_picture_of_fifty_million_pixels_still_has_its_copy():
    shown, _body = copy_of(files.png(Image.new("RGB", (10_000, 5_000), "white"), compress_level=1))
    assert shown.size == (2000, 1000)


def test_a_picture_of_too_many_pixels_has_none():
    answer = ask("copy_picture", files.png_header(9_000, 9_000))
    assert (answer.found["fault"], answer.body) == ("too_many_pixels", b"")


def test_a_page_of_a_pdf_is_drawn():
    answer = page_of(files.saved(files.scan((1240, 1754)), "PDF", resolution=150))
    image = Image.open(io.BytesIO(answer.body))
    assert (answer.found["pages"], image.format) == (1, "JPEG")
    assert image.size in ((1240, 1754), (1241, 1754))
    assert image.convert("L").getextrema()[0] < 60


def test_pages_are_counted_from_nought_and_there_are_no_others():
    content = files.pdf(3)
    assert page_of(content, 2).found["pages"] == 3
    for page in (3, -1, 10**9):
        assert page_of(content, page).found == {"fault": "no_such_page", "pages": 3}


def test_a_page_as_large_as_a_house_is_shown_small():
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(14_400, 7_200))
        out = io.BytesIO()
        document.save(out)
    assert page_of(out.getvalue()).found["size"] == [2000, 1000]


@pytest.mark.parametrize("change", [script, program, xfa, file_inside, link("http://169.254.169.254/")])
def test_of_a_pdf_that_would_act_only_the_picture_is_left(change):
    body = page_of(saved(change)).body
    assert body.startswith(b"\xff\xd8\xff")
    assert not any(word in body for word in (b"JavaScript", b"XFA", b"169.254", b"a.exe", b"cmd.exe"))


@pytest.mark.parametrize("why", ["time", "memory"])
def test_a_page_that_draws_itself_without_end_is_given_up(why):
    def draws(document):
        inner = document.make_stream(
            b"0 0 600 800 re f " * (200_000 if why == "time" else 1000),
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=[0, 0, 600, 800],
        )
        for _ in range(0 if why == "time" else 12):
            inner = document.make_stream(
                b"/X Do " * 20,
                Type=Name.XObject,
                Subtype=Name.Form,
                BBox=[0, 0, 600, 800],
                Resources=Dictionary(XObject=Dictionary(X=inner)),
            )
        document.pages[0].Resources = Dictionary(XObject=Dictionary(X=inner))
        document.pages[0].Contents = document.make_stream(b"/X Do")

    keeper = Keeper("kyc.jail.tasks", Limits(cpu_seconds=1, wall_seconds=10))
    try:
        with pytest.raises(Unsafe) as unsafe:
            keeper.ask("copy_page", saved(draws), page=0)
        assert unsafe.value.why in (("time",) if why == "time" else ("time", "crash", "memory"))
        assert keeper.ask("copy_page", files.pdf(), page=0).found["pages"] == 2
    finally:
        keeper.close()
