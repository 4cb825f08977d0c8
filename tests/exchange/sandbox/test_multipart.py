import io
import time

import pytest
import requests

from exchange.sandbox.multipart import MalformedMultipart, parse_multipart

TYPE = 'multipart/form-data; boundary="b"'


def body(*parts, end=b"--b--\r\n"):
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end


def field(name, value):
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()


def test_fields_and_files_are_read_as_a_library_writes_them():
    content = bytes(range(256)) * 10
    prepared = requests.Request(
        "POST",
        "http://127.0.0.1/",
        data={"doc_type": "Passport", "first": "Noël"},
        files={"upload": ("pässport.jpg", io.BytesIO(content), "image/jpeg")},
    ).prepare()
    fields, (file,) = parse_multipart(prepared.body, prepared.headers["Content-Type"])
    assert fields == {"doc_type": "Passport", "first": "Noël"}
    assert (file.name, file.filename, file.content_type) == ("upload", "pässport.jpg", "image/jpeg")
    assert file.content == content


def test_content_may_hold_line_ends_and_things_that_look_like_a_boundary():
    content = b"\r\n--\r\n--XY\x00--XYZ--\r\n\r\n--XY Z"
    part = b'Content-Disposition: form-data; name="upload"; filename="a.jpg"\r\n\r\n' + content
    data = b"--XYZ\r\n" + part + b"\r\n--XYZ--"
    _fields, (file,) = parse_multipart(data, "multipart/form-data; boundary=XYZ")
    assert file.content == content


def test_an_empty_field_an_empty_file_and_a_preamble():
    empty_file = b'Content-Disposition: form-data; name="upload"; filename="a.jpg"\r\n\r\n'
    fields, (file,) = parse_multipart(b"preamble\r\n" + body(field("x", ""), empty_file), TYPE)
    assert (fields, file.content) == ({"x": ""}, b"")


def test_quoted_and_encoded_file_names():
    quoted = b'Content-Disposition: form-data; name="upload"; filename="a\\"b;c.jpg"\r\n\r\nx'
    encoded = (
        b"Content-Disposition: form-data; name=upload; filename=x; filename*=UTF-8''p%C3%A4ss.jpg\r\n\r\nx"
    )
    _fields, files = parse_multipart(body(quoted, encoded), TYPE)
    assert [file.filename for file in files] == ['a"b;c.jpg', "päss.jpg"]


@pytest.mark.parametrize(
    ("data", "content_type", "problem"),
    [
        (body(field("a", "1")), "application/json", "not multipart"),
        (body(field("a", "1")), "multipart/form-data", "no boundary"),
        (b"", TYPE, "does not occur"),
        (body(field("a", "1"), end=b""), TYPE, "closing boundary"),
        (body(field("a", "1"), field("a", "2")), TYPE, "comes twice"),
        (body(b"Content-Disposition: form-data\r\n\r\n1"), TYPE, "no name"),
        (body(b'Content-Disposition: attachment; name="a"\r\n\r\n1'), TYPE, "not form-data"),
        (body(b"garbage\r\n\r\n1"), TYPE, "no colon"),
        (body(b'Content-Disposition: form-data; name="a"'), TYPE, "headers do not end"),
        (body(b'Content-Disposition: form-data; name="a"\r\n\r\n\xff'), TYPE, "not UTF-8"),
        (b"--bx\r\n", TYPE, "line end"),
        (body(*[field(f"f{n}", "1") for n in range(60)]), TYPE, "too many parts"),
    ],
)
def test_anything_else_is_malformed_and_says_why(data, content_type, problem):
    with pytest.raises(MalformedMultipart, match=problem):
        parse_multipart(data, content_type)


def test_four_megabytes_of_near_boundaries_take_no_time():
    part = b'Content-Disposition: form-data; name="upload"; filename="a.jpg"\r\n\r\n' + b"\r\n--" * 1_000_000
    start = time.process_time()
    _fields, (file,) = parse_multipart(body(part), TYPE)
    assert time.process_time() - start < 0.5
    assert len(file.content) == 4_000_000
