import pytest

from kyc.gate import safe_display_name


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("front.jpg", "front.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\id card.PNG", "id card.PNG"),
        ("a.jpg\0.php", "a.jpg"),
        ("con.pdf", "_con.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("x\r\nSet-Cookie: a=b.pdf", "xSet-Cookie_ a=b.pdf"),
        ('a"; filename="b.pdf', "a__ filename=_b.pdf"),
        ("🙂 Müller 佐々木.pdf", "🙂 Müller 佐々木.pdf"),
        ("a\ud800\u200bb.pdf", "ab.pdf"),
        ("<script>.jpg", "_script_.jpg"),
        ("..", "document"),
        (".pdf", "document.pdf"),
        ("", "document"),
        (None, "document"),
        ("\0", "document"),
    ],
)
def test_a_name_is_shown_on_one_line_without_its_path(filename, shown):
    assert safe_display_name(filename) == shown


def test_a_long_name_is_cut_and_keeps_its_extension():
    name = safe_display_name("x" * 300 + ".pdf")
    assert len(name) == 100
    assert name.endswith("x.pdf")


def test_a_file_without_a_name_is_named_from_its_type():
    assert safe_display_name("", "Proof of Address", "pdf") == "proof-of-address.pdf"
    assert safe_display_name(None, "Driver license back", "jpg") == "driver-license-back.jpg"


@pytest.mark.parametrize(
    ("filename", "name"), [("a.exe", "a.jpg"), ("a.JPEG", "a.JPEG"), ("a", "a.jpg"), ("a.jpg\0.php", "a.jpg")]
)
def test_the_extension_is_that_of_the_bytes(filename, name):
    assert safe_display_name(filename, extension="jpg") == name
