"""Damaged in any way, a file is examined to the end and never crashes the gate."""

from hypothesis import given, settings
from hypothesis import strategies as some

from kyc.gate import examine, safe_display_name
from tests.kyc import files

GOOD = [files.jpeg(files.scan((400, 300))), files.png(files.scan((400, 300))), files.pdf(3)]


@settings(max_examples=150, deadline=None)
@given(
    content=some.sampled_from(GOOD),
    places=some.lists(some.tuples(some.floats(0, 1), some.integers(0, 255)), max_size=8),
    kept=some.floats(0.05, 1),
)
def test_a_file_with_wrong_bytes_is_taken_or_refused(content, places, kept):
    spoiled = bytearray(content)
    for place, value in places:
        spoiled[int(place * (len(spoiled) - 1))] = value
    found = examine(bytes(spoiled[: max(1, int(len(spoiled) * kept))]), filename="a.jpg")
    assert found.is_accepted or all(problem.message and problem.remedy for problem in found.problems)


@settings(max_examples=100, deadline=None)
@given(
    head=some.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7\n"]),
    rest=some.binary(max_size=200),
)
def test_bytes_of_no_meaning_are_refused(head, rest):
    assert not examine(head + rest, filename="a.pdf").is_accepted


@settings(max_examples=200, deadline=None)
@given(name=some.text(alphabet=some.characters(), max_size=300))
def test_any_name_is_shown_on_one_line(name):
    shown = safe_display_name(name)
    assert 0 < len(shown) <= 100
    assert shown.isprintable() or " " in shown or any(char.isspace() for char in shown)
    assert not set(shown) & set('/\\\r\n\0"<>')
    shown.encode()
