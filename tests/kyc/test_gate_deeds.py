"""PDFs that would do something when opened: kept, flagged for staff, and never refused for it."""

import io

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

from kyc.gate import examine
from kyc.jail.pdf_actions import MOST_PARTS, leads_inside
from tests.kyc import files


def saved(change, **options):
    """A PDF of one page, after `change` was made to it."""
    with pikepdf.new() as document:
        document.add_blank_page()
        change(document)
        out = io.BytesIO()
        document.save(out, **options)
    return out.getvalue()


def script(document):
    document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS="app.alert(1)")


def script_by_name(document):
    named = Array(["x", document.make_indirect(Dictionary(S=Name.JavaScript, JS="app.alert(1)"))])
    document.Root.Names = Dictionary(JavaScript=Dictionary(Names=named))


def program(document):
    document.pages[0].AA = Dictionary(O=Dictionary(S=Name.Launch, F="cmd.exe"))


def link(address):
    def change(document):
        annotation = Dictionary(
            Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=Dictionary(S=Name.URI, URI=address)
        )
        document.pages[0].Annots = Array([annotation])

    return change


def file_inside(document):
    stream = Stream(document, b"MZ", Type=Name.EmbeddedFile)
    spec = Dictionary(Type=Name.Filespec, F="a.exe", EF=Dictionary(F=stream))
    document.Root.Names = Dictionary(
        EmbeddedFiles=Dictionary(Names=Array(["a.exe", document.make_indirect(spec)]))
    )


def xfa(document):
    document.Root.AcroForm = Dictionary(Fields=[], XFA=Stream(document, b"<xdp/>"))


def sends(document):
    document.Root.OpenAction = Dictionary(S=Name.SubmitForm, F="https://example.com/")


def found_in(content):
    (problem,) = examine(content, filename="a.pdf").problems
    assert (problem.code, problem.severity, problem.field) == ("active_content", "warning", "file")
    return problem.shown


@pytest.mark.parametrize(
    "mode", [pikepdf.ObjectStreamMode.disable, pikepdf.ObjectStreamMode.generate], ids=["open", "packed"]
)
@pytest.mark.parametrize(
    ("change", "named"),
    [
        (script, "runs a script"),
        (script_by_name, "runs a script"),
        (program, "starts a program"),
        (link("http://169.254.169.254/latest/meta-data/"), "links into a network that is not public"),
        (link("file:///etc/passwd"), "links into a network that is not public"),
        (file_inside, "holds another file"),
        (xfa, "holds an XFA form"),
        (sends, "sends data elsewhere"),
    ],
    ids=[
        "OpenAction",
        "named script",
        "AA Launch",
        "metadata link",
        "file link",
        "embedded",
        "XFA",
        "submit",
    ],
)
def test_what_a_pdf_would_do_is_told_wherever_it_hides(change, named, mode):
    assert found_in(saved(change, object_stream_mode=mode)) == named


def test_several_deeds_are_told_together_and_the_file_is_taken():
    def change(document):
        script(document)
        xfa(document)

    content = saved(change)
    assert found_in(content) == "holds an XFA form, runs a script"
    found = examine(content, filename="a.pdf")
    assert found.is_accepted
    assert found.flags == ["active_content"]


def opens_at_a_page(document):
    document.Root.OpenAction = Array([document.pages[0].obj, Name.Fit])


def goes_to_a_page(document):
    document.Root.OpenAction = Dictionary(S=Name.GoTo, D=Array([document.pages[0].obj, Name.Fit]))


def form(document):
    document.Root.AcroForm = Dictionary(Fields=Array([Dictionary(FT=Name.Tx, T="name")]))


@pytest.mark.parametrize(
    "change",
    [opens_at_a_page, goes_to_a_page, form, link("https://www.bank.example/"), link("mailto:a@bank.example")],
)
def test_what_every_statement_does_is_no_deed(change):
    assert examine(saved(change), filename="a.pdf").problems == []


def test_what_has_too_many_parts_is_not_vouched_for():
    def change(document):
        document.Root.Many = Array([Dictionary(URI="https://example.com") for _ in range(MOST_PARTS)])

    assert found_in(saved(change)) == "has too many parts to look at all of them"


def test_many_parts_without_any_deed_are():
    def change(document):
        document.Root.Many = Array([Dictionary() for _ in range(2 * MOST_PARTS)])

    assert examine(saved(change), filename="a.pdf").problems == []


def test_a_name_is_known_however_it_is_written():
    content = saved(script).replace(b"/JavaScript", b"/J#61vaScrip#74").replace(b"/JS", b"/J#53")
    assert b"/JavaScript" not in content
    assert found_in(content) == "runs a script"


def test_a_deed_nested_deep_is_not_vouched_for_either():
    def change(document):
        held = Dictionary(S=Name.JavaScript, JS="x")
        for _ in range(60):
            held = Dictionary(D=held)
        document.Root.Deep = held

    assert found_in(saved(change)) == "has too many parts to look at all of them"


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://localhost:8080/",
        "http://router.lan/",
        "http://metadata.google.internal/",
        "javascript:alert(1)",
        "ms-word:ofe|u|x",
        "http://[broken/",
    ],
)
def test_a_link_that_leads_inside(address):
    assert leads_inside(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/a?b#c",
        "http://8.8.8.8/",
        "mailto:a@b.example",
        "tel:+27",
        "page.html",
        "https://7eleven.com",
    ],
)
def test_a_link_that_does_not(address):
    assert not leads_inside(address)


def test_a_plain_pdf_does_nothing():
    assert examine(files.pdf(3), filename="a.pdf").problems == []
