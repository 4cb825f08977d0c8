"""What a file is: by its bytes, never by its name."""

from pathlib import Path

import pytest
from django.conf import settings

from kyc.gate import MAX_BYTES, examine
from tests.kyc import files

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def codes(content, filename="a.jpg", declared_type=None):
    return [
        problem.code for problem in examine(content, filename=filename, declared_type=declared_type).problems
    ]


@pytest.mark.parametrize(
    "path", sorted((Path(settings.BASE_DIR) / "samples/pack/files").iterdir()), ids=lambda path: path.name
)
def test_every_file_of_the_sample_pack_passes_without_a_doubt(path):
    found = examine(path.read_bytes(), filename=path.name)
    assert found.problems == []
    assert found.extension == path.suffix[1:]


@pytest.mark.parametrize(
    ("make", "content_type", "extension"),
    [
        (files.jpeg, "image/jpeg", "jpg"),
        (files.png, "image/png", "png"),
        (files.pdf, "application/pdf", "pdf"),
    ],
)
def test_the_three_kinds_are_known_by_their_bytes_whatever_they_are_called(make, content_type, extension):
    found = examine(make(), filename="x.exe", declared_type="text/html")
    assert found.problems == []
    assert (found.content_type, found.extension) == (content_type, extension)
    assert found.flags == ["extension_differs", "declared_type_differs"]


def test_a_name_and_a_type_that_fit_leave_no_flag():
    assert examine(files.jpeg(), filename="Front.JPEG", declared_type="image/jpeg; q=1").flags == []
    assert examine(files.jpeg(), filename=None).flags == []


def test_what_was_found_is_told():
    content = files.jpeg(files.scan((1200, 850)))
    found = examine(content, filename="a.jpg")
    assert (found.size, found.width, found.height, found.pages) == (len(content), 1200, 850, None)
    assert len(found.sha256) == 64
    assert found.is_accepted


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "empty"), (b"\xff", "unknown_kind"), (b"x", "wrong_kind")]
)
def test_an_empty_file_and_one_of_one_byte_are_refused(content, code):
    assert codes(content) == [code]


def test_four_million_bytes_are_taken_and_one_more_is_refused():
    content = files.jpeg()
    assert MAX_BYTES == 4_000_000
    assert codes(content + b"\0" * (MAX_BYTES - len(content))) == []
    assert codes(content + b"\0" * (MAX_BYTES + 1 - len(content))) == ["too_large"]


@pytest.mark.parametrize(
    ("content", "filename", "named"),
    [
        (b"<!DOCTYPE html><html><script>alert(1)</script></html>", "a.jpg", "HTML page"),
        (b"\xef\xbb\xbf  <html>", "a.jpg", "HTML page"),
        (SVG, "a.png", "SVG"),
        (b'<?xml version="1.0"?>\n<!-- x -->' + SVG, "a.svg", "SVG"),
        ("<svg/>".encode("utf-16"), "a.png", "SVG"),
        (b"MZ\x90\x00" + b"\0" * 100, "a.pdf", "program (EXE)"),
        (files.saved(files.scan(), "GIF"), "a.jpg", "GIF"),
        (files.saved(files.scan(), "WEBP"), "a.jpg", "WebP"),
        (files.saved(files.scan(), "TIFF"), "a.jpg", "TIFF"),
        (files.saved(files.scan(), "BMP"), "a.jpg", "BMP"),
        (files.saved(files.scan((60, 40)), "EPS"), "a.jpg", "PostScript (EPS)"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a.jpg", "HEIC"),
        (b"PK\x03\x04" + files.pdf(), "a.pdf", "zip archive or Office file"),
        (b"x" * 900 + files.pdf(), "a.pdf", "PDF with something before it"),
        (b"<?php system($_GET[0]);", "a.jpg", "PHP script"),
        (b"just words", "a.jpg", "text"),
    ],
)
def test_another_kind_of_file_is_refused_and_named_for_what_it_is(content, filename, named):
    found = examine(content, filename=filename)
    (problem,) = found.problems
    assert (problem.code, problem.field, problem.severity) == ("wrong_kind", "file", "error")
    assert named in problem.message
    assert "JPEG" in problem.remedy
    assert found.content_type == ""


def test_svg_declared_as_such_is_refused_too():
    assert codes(SVG, "logo.svg", "image/svg+xml") == ["wrong_kind"]


def test_a_large_file_of_another_kind_has_both_problems():
    assert codes(b"MZ" + b"\0" * MAX_BYTES) == ["too_large", "wrong_kind"]
