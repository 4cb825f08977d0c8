"""PDFs: one file, without a password, that opens and has pages."""

import io
import time
import zipfile
import zlib

import pikepdf
import pytest

from kyc.gate import examine
from kyc.jail.pdfs import MAX_STREAM_BYTES
from tests.kyc import files


def codes(content):
    return [problem.code for problem in examine(content, filename="a.pdf").problems]


def _zip(comment=b""):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x")
        archive.comment = comment
    return out.getvalue()


def test_a_pdf_is_counted_in_pages():
    found = examine(files.pdf(12), filename="a.pdf")
    assert found.problems == []
    assert (found.pages, found.width, found.blur) == (12, None, None)


@pytest.mark.parametrize(
    "passwords", [{"owner": "o", "user": "u"}, {"owner": "o", "user": ""}], ids=["to open", "to change"]
)
@pytest.mark.parametrize("revision", [4, 6])
@pytest.mark.parametrize("mode", [pikepdf.ObjectStreamMode.disable, pikepdf.ObjectStreamMode.generate])
def test_a_pdf_with_a_password_is_refused_with_the_remedy(passwords, revision, mode):
    lock = pikepdf.Encryption(**passwords, R=revision, aes=True)
    content = files.pdf(encryption=lock, object_stream_mode=mode)
    (problem,) = examine(content, filename="a.pdf").problems
    assert (problem.code, problem.severity) == ("password", "error")
    assert "Remove the password" in problem.remedy


@pytest.mark.parametrize(
    "tail", [_zip(), b"\n" + _zip(), b"\x7fELF", b"\nMZ\x90", b"<script>", b"\xff\xd8\xff\xe0", b"\n<?php"]
)
def test_a_pdf_with_another_file_behind_its_end_is_refused(tail):
    assert codes(files.pdf() + tail) == ["polyglot"]


def test_a_pdf_whose_end_is_hidden_in_a_zips_comment_is_refused():
    assert codes(files.pdf() + _zip(comment=b"\n%%EOF\n")) == ["polyglot"]


@pytest.mark.parametrize("tail", [b"\n", b"\r\n\0\0", b"\n% signed by the archive, 2026-11-21\n"])
def test_a_comment_behind_the_end_is_no_other_file(tail):
    assert codes(files.pdf() + tail) == []


def test_a_pdf_that_was_cut_short_is_refused():
    content = files.pdf(12)
    assert codes(content[: len(content) // 2]) == ["damaged"]
    assert codes(b"%PDF-1.7\n%%EOF") == ["damaged"]
    assert codes(b"%PDF-1.7\nno more than words\n%%EOF") == ["damaged"]


def test_a_pdf_without_pages_is_refused():
    assert codes(files.pdf(0)) == ["no_pages"]


def test_a_pdf_of_thousands_of_pages_is_refused():
    assert codes(files.pdf(501)) == ["too_many_pages"]
    assert codes(files.pdf(500)) == []


def _written(*objects):
    """A PDF of these objects, numbered from 1, the first one its root."""
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\n" % (
        len(objects) + 1,
        table,
        len(objects) + 1,
    )
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


@pytest.mark.parametrize(
    "content",
    [
        _written(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"),
        _written(
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Pages /Kids [2 0 R] /Count 1 /Parent 2 0 R >>",
        ),
        _written(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids " + b"[" * 50_000 + b" >>"),
        _written(b"<< /Type /Catalog /Pages (text) >>"),
        _written(b"<< /Type /Catalog >>"),
        b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \n"
        b"trailer\n<< /Size 1 /Prev 9 /Root 1 0 R >>\nstartxref\n9\n%%EOF",
    ],
    ids=["own child", "loop of two", "deep nesting", "text for pages", "no pages", "xref loop"],
)
def test_a_pdf_that_runs_in_circles_is_refused_at_once(content):
    started = time.perf_counter()
    assert codes(content) in (["damaged"], ["no_pages"])
    assert time.perf_counter() - started < 2


def _with_packed_page_tree(padding):
    """A PDF whose page tree lies in a compressed stream, with so many spaces behind it."""
    packed = zlib.compress(b"4 0 << /Type /Pages /Kids [6 0 R] /Count 1 >>" + b" " * padding, 9)
    body = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 4 0 R >>\nendobj\n"
    page_at = len(body)
    body += b"6 0 obj\n<< /Type /Page /MediaBox [0 0 9 9] /Parent 4 0 R >>\nendobj\n"
    tree_at = len(body)
    body += b"3 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Length %d /Filter /FlateDecode >>\n" % len(packed)
    body += b"stream\n%b\nendstream\nendobj\n" % packed
    table_at = len(body)
    places = [(0, 0), (1, 9), (0, 0), (1, tree_at), (2, 3), (1, table_at), (1, page_at)]
    table = b"".join(bytes([kind]) + place.to_bytes(4, "big") + b"\0" for kind, place in places)
    body += b"5 0 obj\n<< /Type /XRef /Size 7 /W [1 4 1] /Root 1 0 R /Length %d >>\n" % len(table)
    return body + b"stream\n%b\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, table_at)


def test_a_pdf_that_unpacks_to_more_than_its_limit_is_refused():
    bomb = _with_packed_page_tree(MAX_STREAM_BYTES + 1_000_000)
    assert len(bomb) < 100_000
    assert codes(bomb) == ["damaged"]
    assert codes(_with_packed_page_tree(1000)) == []
